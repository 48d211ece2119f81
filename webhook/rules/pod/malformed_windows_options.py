"""A Windows account cannot be used

Why: windowsOptions name the account that a container runs under: runAsUserName is a user, perhaps
with its domain and one backslash in front, and gmsaCredentialSpecName the object with a group's
credentials. The API server refuses a Deployment in which they are empty or none that can be.

Fix: Write the account as Windows spells it, or leave the field out.

Bad:
    securityContext:
      windowsOptions:
        runAsUserName: ""

Good:
    securityContext:
      windowsOptions:
        runAsUserName: ContainerUser
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH, explain_invalid, is_subdomain
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"securityContext"})

_USER_NAME_FIELD = "windowsOptions"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such field (source: validateWindowsSecurityContextOptions)."""
    for component in deployment.components:
        context = component.pod.get("securityContext")
        if type(context) is dict and _USER_NAME_FIELD in context:
            path = component.path.join(("spec", "securityContext", _USER_NAME_FIELD))
            yield from _check_windows_options(path, get_mapping(context, _USER_NAME_FIELD))
    for container in deployment.containers:
        context = container.raw.get("securityContext")
        if type(context) is dict and _USER_NAME_FIELD in context:
            path = container.path.join(("securityContext", _USER_NAME_FIELD))
            yield from _check_windows_options(path, get_mapping(context, _USER_NAME_FIELD))


def _check_windows_options(path: Path, raw: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("gmsaCredentialSpec", "runAsUserName"):
        if raw.get(field) == "":
            yield Finding(path / field, f"the {field} is empty")
    name = raw.get("gmsaCredentialSpecName")
    if type(name) is str and not is_subdomain(name):
        reason = explain_invalid(name, "-.a-z0-9", MAX_SUBDOMAIN_LENGTH)
        yield Finding(path / "gmsaCredentialSpecName", f"the name {quote_value(name)} {reason}")
    user = raw.get("runAsUserName")
    if type(user) is str and user.count("\\") > 1:
        yield Finding(path / "runAsUserName", f"{quote_value(user)} has more than one backslash")
