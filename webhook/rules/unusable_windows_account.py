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
from webhook.graph.kubernetes import LONGEST_SUBDOMAIN, is_subdomain, why_not
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import Path
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"securityContext"})

_FIELD = "windowsOptions"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such field (source: validateWindowsSecurityContextOptions)."""
    for component in deployment.components:
        context = component.pod.get("securityContext")
        if type(context) is dict and _FIELD in context:
            path = component.path.join(("spec", "securityContext", _FIELD))
            yield from _judge(path, mapping(context, _FIELD))
    for container in deployment.containers:
        context = container.raw.get("securityContext")
        if type(context) is dict and _FIELD in context:
            path = container.path.join(("securityContext", _FIELD))
            yield from _judge(path, mapping(context, _FIELD))


def _judge(path: Path, raw: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("gmsaCredentialSpec", "runAsUserName"):
        if raw.get(field) == "":
            yield Finding(path / field, f"the {field} is empty")
    name = raw.get("gmsaCredentialSpecName")
    if type(name) is str and not is_subdomain(name):
        why = why_not(name, "-.a-z0-9", LONGEST_SUBDOMAIN)
        yield Finding(path / "gmsaCredentialSpecName", f"the name {quoted(name)} {why}")
    user = raw.get("runAsUserName")
    if type(user) is str and user.count("\\") > 1:
        yield Finding(path / "runAsUserName", f"{quoted(user)} has more than one backslash")
