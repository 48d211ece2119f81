"""Duplicate port

Why: two ports of a container with the same number and protocol are refused by Seldon's
CustomResourceDefinition and by server-side apply. Port names must differ within a container, and a
hostPort can be used once in a pod.

Fix: Remove the duplicate. Or correct its number, name or protocol.

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
from webhook.graph.model import (
    Container,
    Predictor,
    get_int,
    get_str,
    iter_mappings,
    may_have_key,
)
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each port that duplicates one of its container, or a hostPort of its pod.

    Sources: the list-map keys of Seldon's CRD; validateContainerPorts, checkHostPortConflicts.
    """
    for container in predictor.all_containers:
        ports = container.raw.get("ports")
        if type(ports) is list and len(ports) > 1:
            yield from _check_container(container)
    for component in predictor.components:
        on_host = component.pod.get("hostNetwork") is True
        yield from _check_host_ports(component.containers, on_host=on_host)
        for container in component.init_containers:  # they run one after the other
            yield from _check_host_ports((container,), on_host=on_host)
    for container in predictor.other_containers:
        yield from _check_host_ports((container,), on_host=False)


def _check_container(container: Container) -> Iterator[Finding]:
    pairs: dict[tuple[int, str], int] = {}
    names: dict[str, int] = {}
    for index, port in iter_mappings(container.raw, "ports"):
        path = container.path.join(("ports", index))
        value, protocol = get_int(port, "containerPort"), get_str(port, "protocol") or "TCP"
        name = get_str(port, "name")
        if value is not None and (first := pairs.setdefault((value, protocol), index)) != index:
            item_path = container.path.join(("ports", first))
            yield Finding(
                path / "containerPort",
                f"duplicate port {value}/{protocol} (first at {item_path})",
            )
        elif name and (first := names.setdefault(name, index)) != index:
            item_path = container.path.join(("ports", first))
            yield Finding(path / "name", f'duplicate port name "{name}" (first at {item_path})')


def _check_host_ports(containers: tuple[Container, ...], *, on_host: bool) -> Iterator[Finding]:
    first_users: dict[tuple[int, str, str], Path] = {}
    for container in containers:
        ports = container.raw.get("ports")
        if type(ports) is not list or not (on_host or may_have_key("hostPort", ports)):
            continue
        for index, port in enumerate(ports):
            if type(port) is not dict:
                continue
            value = port.get("hostPort")
            if on_host and not value:
                value = port.get("containerPort")  # which is what pods are given for it
            if not value or type(value) is not int:
                continue
            field = "hostPort" if port.get("hostPort") else "containerPort"
            path = container.path.join(("ports", index, field))
            key = (value, get_str(port, "protocol") or "TCP", get_str(port, "hostIP"))
            if (first := first_users.setdefault(key, path)) != path:
                yield Finding(path, f"hostPort {value} is already used at {first}")
