"""The rows on Windows: accounts, and processes on the host."""

import re
from collections.abc import Iterable
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import count_bytes
from webhook.graph.model import get_mapping, may_have_key
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    PodSubject,
    matches,
    max_bytes,
    row,
)
from webhook.rules.constraints.formats import DNS_SUBDOMAIN, Format

_OPTIONS = "securityContext.windowsOptions"
_MAX_CREDENTIAL_SPEC_SIZE = 64 * 1024
_MAX_DOMAIN_LENGTH, _MAX_USER_SIZE = 255, 104
_NETBIOS_DOMAIN = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}\Z')
_DNS_DOMAIN = re.compile(
    r"[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*\Z"
)
_FORBIDDEN_IN_USER = re.compile(r'["/\\:;|=,+*?<>@\[\]]')
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


def _explain_user_name(name: str) -> str:
    """Return what is wrong with an account; "" if nothing is."""
    if not name:
        return "it is empty"
    if _CONTROL_CHARACTER.search(name):
        return "control characters are not allowed"
    if name.count("\\") > 1:
        return "more than one backslash"
    domain, backslash, user = name.rpartition("\\")
    if backslash and (
        len(domain) > _MAX_DOMAIN_LENGTH
        or not (_NETBIOS_DOMAIN.match(domain) or _DNS_DOMAIN.match(domain))
    ):
        return f"{quote_value(domain)} is neither a NetBIOS nor a DNS domain"
    if not user:
        return "the user after the backslash is empty"
    if (size := count_bytes(user)) > _MAX_USER_SIZE:
        return f"{_MAX_USER_SIZE} bytes at most for the user, has {size}"
    if not user.strip(". "):
        return "the user consists of dots and spaces"
    forbidden = _FORBIDDEN_IN_USER.search(user)
    return f'"{forbidden[0]}" is not allowed' if forbidden else ""


_USER_NAME = Format("runAsUserName", lambda name: not _explain_user_name(name), _explain_user_name)
_CREDENTIAL_SPEC = Format("gmsaCredentialSpec", bool, lambda _: "it is empty")


def _check_host_process(value: Any, location: Location) -> Iterable[Finding]:
    """Check that all containers run on the host, or none (validateWindowsHostProcessPod)."""
    subject: PodSubject = location.subject
    own = _host_process(value)
    containers = subject.component.all_containers
    if own is None and not may_have_key(
        "windowsOptions", [each.raw.get("securityContext") or () for each in containers]
    ):
        return ()
    settings = [(container, _host_process(container.raw)) for container in containers]
    findings = []
    for container, setting in settings:
        if own is not None and setting is not None and setting != own:
            path = container.path.join(("securityContext", "windowsOptions", "hostProcess"))
            message = f"hostProcess must be the pod's, which is {str(own).lower()}"
            findings.append(Finding(path, message, "remove it from the container"))
    count = sum((own if setting is None else setting) is True for _, setting in settings)
    if findings or not count:
        return findings
    if count < len(settings):
        got = f"{count} of {len(settings)} have it"
        message = f"hostProcess must be set for all containers or none, {got}"
        return (Finding(location.at(), message, "set it in the pod's securityContext"),)
    if value.get("hostNetwork") is not True:
        message = "hostProcess requires hostNetwork: true"
        return (Finding(location.at("hostNetwork"), message, "set hostNetwork to true"),)
    return ()


def _check_explainer(value: Any, location: Location) -> Iterable[Finding]:
    # An explainer's pod has no fields of its author's, and so never the host's network.
    if value is not True:
        return ()
    message = "hostProcess requires hostNetwork, which an explainer's pod does not have"
    return (Finding(location.at(), message, "remove it"),)


def _host_process(raw: Any) -> bool | None:
    context = raw.get("securityContext")
    if type(context) is not dict or "windowsOptions" not in context:
        return None
    setting = get_mapping(context, "windowsOptions").get("hostProcess")
    return setting if type(setting) is bool else None


RULES = (
    ConstraintRule(
        "malformed-windows-options",
        """Invalid Windows options

    Why: windowsOptions name the account that a container runs under: runAsUserName is a user,
    perhaps with its domain and one backslash in front, and gmsaCredentialSpecName the object with
    a group's credentials. With hostProcess all containers of a pod run on the host's network. The
    API server refuses a Deployment with anything else.

    Fix: Use a valid Windows account name, or remove the field.

    Bad:
        securityContext:
          windowsOptions:
            runAsUserName: ""

    Good:
        securityContext:
          windowsOptions:
            runAsUserName: ContainerUser
    """,
        (
            row("pod", "", _check_host_process),
            row("explainer", f"containerSpec.{_OPTIONS}.hostProcess", _check_explainer),
            *(
                row(subject, f"{_OPTIONS}.{field}", *checks)
                for subject in ("pod", "container")
                for field, checks in (
                    ("runAsUserName", (matches(_USER_NAME),)),
                    ("gmsaCredentialSpecName", (matches(DNS_SUBDOMAIN, "gmsaCredentialSpecName"),)),
                    (
                        "gmsaCredentialSpec",
                        (matches(_CREDENTIAL_SPEC), max_bytes(_MAX_CREDENTIAL_SPEC_SIZE)),
                    ),
                )
            ),
        ),
    ),
)
