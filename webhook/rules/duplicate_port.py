"""A port is listed twice

Why: a container's ports are a list with keys. Two of the same number and protocol are refused by
Seldon's resource definition, and a Deployment with them cannot be applied server-side. Names must
differ within a container, and a port of the node can be given away once in a pod.

Fix: Remove the second one. Or give it the number, name or protocol that was meant.

Bad:
    ports:
    - name: http
      containerPort: 9000
    - name: grpc
      containerPort: 9000

Good:
    ports:
    - name: http
      containerPort: 9000
    - name: grpc
      containerPort: 9500
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Component, Container, Deployment, mappings, number, text
from webhook.graph.path import Path
from webhook.graph.signs import unusual

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("ports")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each port that repeats one of its container, or of its pod's node.

    Sources: the list-map keys of Seldon's CRD; validateContainerPorts, checkHostPortConflicts.
    """
    unusual = deployment.in_need("ports")
    if not unusual:
        return
    for container in unusual:
        yield from _in_container(container)
    for component in deployment.components:
        yield from _on_node(component)


def _in_container(container: Container) -> Iterator[Finding]:
    pairs: dict[tuple[int, str], int] = {}
    names: dict[str, int] = {}
    for index, port in mappings(container.raw, "ports"):
        path = container.path.join(("ports", index))
        value, protocol = number(port, "containerPort"), text(port, "protocol") or "TCP"
        name = text(port, "name")
        if value is not None and (first := pairs.setdefault((value, protocol), index)) != index:
            where = container.path.join(("ports", first))
            yield Finding(
                path / "containerPort", f"port {value} of {protocol} is listed at {where} already"
            )
        elif name and (first := names.setdefault(name, index)) != index:
            where = container.path.join(("ports", first))
            yield Finding(path / "name", f'the port name "{name}" is that of {where} already')


def _on_node(component: Component) -> Iterator[Finding]:
    taken: dict[tuple[int, str, str], Path] = {}
    for container in component.containers:
        if "ports" not in container.raw:
            continue
        for index, port in mappings(container.raw, "ports"):
            value = port.get("hostPort")
            if not value or type(value) is not int:
                continue
            path = container.path.join(("ports", index, "hostPort"))
            key = (value, text(port, "protocol") or "TCP", text(port, "hostIP"))
            if (first := taken.setdefault(key, path)) != path:
                yield Finding(path, f"port {value} of the node is given away at {first} already")
