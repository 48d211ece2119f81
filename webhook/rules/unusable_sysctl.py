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
from webhook.graph.kubernetes import LONGEST_SUBDOMAIN, why_not
from webhook.graph.model import Component, Deployment, mapping, mappings
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"sysctls"})

_PART = "[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"(?:{_PART}[./])*{_PART}\Z")
_OF_NETWORK = ("net.",)
_OF_MEMORY = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
"""Beginnings of the names that belong to a namespace which the node may keep."""


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such parameter (sources: validateSysctls, validateHostIPC)."""
    for component in deployment.components:
        if "securityContext" in component.pod:
            context = mapping(component.pod, "securityContext")
            if "sysctls" in context:
                yield from _in_pod(component)


def _in_pod(component: Component) -> Iterator[Finding]:
    context = mapping(component.pod, "securityContext")
    path = component.path.join(("spec", "securityContext", "sysctls"))
    kept = {
        "hostNetwork": _OF_NETWORK,
        "hostIPC": _OF_MEMORY,
    }
    seen: set[str] = set()
    for index, parameter in mappings(context, "sysctls"):
        name = parameter.get("name")
        if type(name) is not str:
            continue
        place = path.join((index, "name"))
        dotted = name.replace("/", ".")
        if len(name) > LONGEST_SUBDOMAIN or not _NAME.match(name):
            why = why_not(name, "-_./a-z0-9", LONGEST_SUBDOMAIN)
            yield Finding(place, f"the name of a kernel parameter {quoted(name)} {why}")
        elif dotted in seen:
            yield Finding(place, f"the kernel parameter {quoted(name)} is there twice")
        for field, starts in kept.items():
            if component.pod.get(field) is True and dotted.startswith(starts):
                yield Finding(place, f"{name} is the node's: the pod has {field}")
        seen.add(dotted)
