"""A pod shares with its node what it has a setting of its own for

Why: with hostNetwork a container's port is the node's, so hostPort can be no other; the pod has the
node's name, and no hostnameOverride; with hostPID its containers see the node's processes, and not
each other's alone. The API server refuses a Deployment that asks for both.

Fix: Choose one: the node's, or the pod's own.

Bad:
    spec:
      hostPID: true
      shareProcessNamespace: true

Good:
    spec:
      shareProcessNamespace: true
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Component, Deployment, mappings, number, text
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"hostPID", "hostNetwork", "hostnameOverride"})

_LONGEST = 64
"""Characters of a name that Linux gives a host."""


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such setting (sources: validateHostNetwork, validatePodHostName, …HostUsers)."""
    for component in deployment.components:
        pod, path = component.pod, component.path / "spec"
        if "hostPID" in pod and pod["hostPID"] is True and pod.get("shareProcessNamespace") is True:
            fact = "the pod has hostPID and shareProcessNamespace"
            yield Finding(path / "shareProcessNamespace", fact)
        if "hostNetwork" in pod and pod["hostNetwork"] is True:
            yield from _ports(component)
            if pod.get("hostUsers") is False:
                fact = "the pod has hostNetwork, and users of its own (hostUsers false)"
                yield Finding(path / "hostNetwork", fact)
        if "hostnameOverride" in pod and text(pod, "hostnameOverride"):
            if len(pod["hostnameOverride"]) > _LONGEST:
                count = len(pod["hostnameOverride"])
                fact = f"the hostnameOverride has {count} characters, more than {_LONGEST}"
                yield Finding(path / "hostnameOverride", fact)
            for field in ("hostNetwork", "setHostnameAsFQDN"):
                if pod.get(field) is True:
                    fact = f"the pod has the hostnameOverride {quoted(pod['hostnameOverride'])}"
                    yield Finding(path / "hostnameOverride", f"{fact} and {field}")


def _ports(component: Component) -> Iterator[Finding]:
    for container in (*component.containers, *component.init_containers):
        for index, port in mappings(container.raw, "ports"):
            ours, its = number(port, "containerPort"), number(port, "hostPort")
            if ours is not None and its and its != ours:
                place = container.path.join(("ports", index, "hostPort"))
                fact = f"the pod has hostNetwork, and port {ours} cannot be {its} on the node"
                yield Finding(place, fact, f"write {ours}, or remove it")
