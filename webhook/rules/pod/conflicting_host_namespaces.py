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
from webhook.graph.model import ComponentSpec, SeldonDeployment, get_int, get_str, iter_mappings
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"hostPID", "hostNetwork", "hostnameOverride"})

_MAX_HOSTNAME_LENGTH = 64
"""Characters of a name that Linux gives a host."""


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such setting (sources: validateHostNetwork, validatePodHostName, …HostUsers)."""
    for component in deployment.components:
        pod, path = component.pod, component.path / "spec"
        if "hostPID" in pod and pod["hostPID"] is True and pod.get("shareProcessNamespace") is True:
            message = "the pod has hostPID and shareProcessNamespace"
            yield Finding(path / "shareProcessNamespace", message)
        if "hostNetwork" in pod and pod["hostNetwork"] is True:
            yield from _check_host_ports(component)
            if pod.get("hostUsers") is False:
                message = "the pod has hostNetwork, and users of its own (hostUsers false)"
                yield Finding(path / "hostNetwork", message)
        if "hostnameOverride" in pod and get_str(pod, "hostnameOverride"):
            if len(pod["hostnameOverride"]) > _MAX_HOSTNAME_LENGTH:
                count = len(pod["hostnameOverride"])
                message = (
                    f"the hostnameOverride has {count} characters, more than {_MAX_HOSTNAME_LENGTH}"
                )
                yield Finding(path / "hostnameOverride", message)
            for field in ("hostNetwork", "setHostnameAsFQDN"):
                if pod.get(field) is True:
                    message = (
                        f"the pod has the hostnameOverride {quote_value(pod['hostnameOverride'])}"
                    )
                    yield Finding(path / "hostnameOverride", f"{message} and {field}")


def _check_host_ports(component: ComponentSpec) -> Iterator[Finding]:
    for container in (*component.containers, *component.init_containers):
        for index, port in iter_mappings(container.raw, "ports"):
            container_port, host_port = get_int(port, "containerPort"), get_int(port, "hostPort")
            if container_port is not None and host_port and host_port != container_port:
                path = container.path.join(("ports", index, "hostPort"))
                message = (
                    f"the pod has hostNetwork, and port {container_port} cannot be {host_port} on "
                    "the node"
                )
                yield Finding(path, message, f"write {container_port}, or remove it")
