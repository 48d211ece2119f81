"""A kernel parameter cannot be set

Why: sysctls of a pod are names of lower-case letters, digits, "-" and "_", with "." or "/" between
them, each once. Those of the network or of shared memory belong to the node where the pod has its
network (hostNetwork) or its memory (hostIPC). The API server refuses a Deployment with any other.

Fix: Write the name as sysctl prints it, once, and not for what is the node's.

Bad:
    securityContext:
      sysctls:
      - name: net.core.SOMAXCONN
        value: "1024"

Good:
    securityContext:
      sysctls:
      - name: net.core.somaxconn
        value: "1024"
"""

import re
from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH, explain_invalid
from webhook.graph.model import ComponentSpec, SeldonDeployment, get_mapping, iter_mappings
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"sysctls"})

_SYSCTL_SEGMENT = "[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_SYSCTL_NAME = re.compile(rf"(?:{_SYSCTL_SEGMENT}[./])*{_SYSCTL_SEGMENT}\Z")
_NETWORK_SYSCTLS = ("net.",)
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
"""Beginnings of the names that belong to a namespace which the node may keep."""


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such parameter (sources: validateSysctls, validateHostIPC)."""
    for component in deployment.components:
        if "securityContext" in component.pod:
            context = get_mapping(component.pod, "securityContext")
            if "sysctls" in context:
                yield from _check_pod(component)


def _check_pod(component: ComponentSpec) -> Iterator[Finding]:
    context = get_mapping(component.pod, "securityContext")
    path = component.path.join(("spec", "securityContext", "sysctls"))
    is_allowed = {
        "hostNetwork": _NETWORK_SYSCTLS,
        "hostIPC": _IPC_SYSCTLS,
    }
    seen: set[str] = set()
    for index, parameter in iter_mappings(context, "sysctls"):
        name = parameter.get("name")
        if type(name) is not str:
            continue
        field_path = path.join((index, "name"))
        dotted = name.replace("/", ".")
        if len(name) > MAX_SUBDOMAIN_LENGTH or not _SYSCTL_NAME.match(name):
            reason = explain_invalid(name, "-_./a-z0-9", MAX_SUBDOMAIN_LENGTH)
            yield Finding(
                field_path, f"the name of a kernel parameter {quote_value(name)} {reason}"
            )
        elif dotted in seen:
            yield Finding(field_path, f"the kernel parameter {quote_value(name)} is there twice")
        for field, starts in is_allowed.items():
            if component.pod.get(field) is True and dotted.startswith(starts):
                yield Finding(field_path, f"{name} is the node's: the pod has {field}")
        seen.add(dotted)
