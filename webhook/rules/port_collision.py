"""Two containers of a pod listen on one port

Why: the containers of a pod share one network address. A node listens on its ports named http and
grpc, or on numbers from 9000 and 9500 that Seldon hands out; the orchestrator listens on 8000 and
5001 in the pod of the first node. Of two that want one port, the second does not start.

Fix: Give each container of the pod port numbers of its own, or leave the ports out.

Bad:
    containers:
    - name: scale
      ports:
      - name: http
        containerPort: 9000
    - name: classify
      ports:
      - name: http
        containerPort: 9000

Good:
    containers:
    - name: scale
    - name: classify
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from webhook.graph.finding import Finding
from webhook.graph.model import Container, Deployment, items, mappings
from webhook.graph.path import Path
from webhook.rules._text import quoted
from webhook.workloads.ports import GRPC, HTTP

if TYPE_CHECKING:
    from webhook.workloads.placement import Placement, Pod, Slot

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"ports"})

ENGINE_PORTS = (8000, 5001)
"""Where the orchestrator listens: EXECUTOR_SERVER_PORT and EXECUTOR_SERVER_GRPC_PORT of Seldon."""

_FIRST = {"http": HTTP, "grpc": GRPC}
"""The first number that Seldon hands out, by kind; one more for each container."""

_KINDS = tuple(_FIRST)


def check(
    deployment: Deployment, *, engine_ports: Sequence[int] = ENGINE_PORTS
) -> Iterator[Finding]:
    """Yield each port of a node's container that is taken in its pod (source: seldon-checks G22).

    engine_ports  the ports of the orchestrator; [] if there is none
    """
    if not _may_collide(deployment, engine_ports):
        return
    from webhook.workloads.options import Engine, Options  # few ports come this far: start-up time
    from webhook.workloads.placement import place

    options = Options(engine=Engine("")) if engine_ports else Options()
    for placement in place(deployment, options):
        for pod in placement.pods:
            yield from _pod(placement, pod, engine_ports)


def _may_collide(deployment: Deployment, engine_ports: Sequence[int]) -> bool:
    """Tell whether ports are looked at more closely: in most objects none can be taken.

    Numbers that Seldon hands out never collide with each other; those that an author wrote may,
    with each other, with the orchestrator's, and with what Seldon hands to the other containers.
    """
    for component in deployment.components:
        written: list[int] = []
        without: set[str] = set()
        for container in component.containers:
            own = _own_ports(container)
            if own:
                # A container may speak both on one port.
                written.extend({number for number in own.values() if type(number) is int})
            for kind in _KINDS:
                if kind not in own:
                    without.add(kind)
        if not written:
            continue
        if len(set(written)) < len(written) or not set(engine_ports).isdisjoint(written):
            return True
        for kind in without:
            first = _FIRST[kind]
            if max(written) < first:
                continue
            count = sum(len(predictor.containers) for predictor in deployment.predictors)
            if any(first <= number < first + count for number in written):
                return True
    return False


def _own_ports(container: Container) -> dict[str, Any]:
    """Return the numbers that an author wrote for the container's ports, by kind."""
    own = {}
    for port in items(container.raw, "ports"):
        if type(port) is dict and (kind := port.get("name")) in _KINDS:
            own[kind] = port.get("containerPort")
    return own


def _pod(placement: "Placement", pod: "Pod", engine_ports: Sequence[int]) -> Iterator[Finding]:
    taken: dict[int, str] = {}
    front = placement.front
    if placement.has_engine and not placement.engine_apart and front and front[0] is pod:
        taken = dict.fromkeys(engine_ports, "the orchestrator")
    for slot, _ in pod.serving:
        for kind, port in (("http", slot.http), ("grpc", slot.grpc)):
            owner = taken.setdefault(port, f"the container {quoted(slot.name)}")
            place_of = _written(slot, kind)
            if owner == f"the container {quoted(slot.name)}":
                continue  # one server may speak both
            yield Finding(
                place_of or slot.path,
                f"the {kind} port {port} of {quoted(slot.name)} is taken in its pod by {owner}",
            )


def _written(slot: "Slot", kind: str) -> Path | None:
    for index, port in mappings(slot.raw, "ports"):
        if port.get("name") == kind:
            return slot.path / "ports" / index / "containerPort"
    return None
