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

from webhook.graph.finding import Finding
from webhook.graph.model import Container, Deployment, mappings
from webhook.graph.path import Path
from webhook.rules._text import quoted
from webhook.workloads.options import Engine, Options
from webhook.workloads.placement import Placement, Pod, Slot, place

ACTION = "deny"
SINCE = "0.1.0"

ENGINE_PORTS = (8000, 5001)
"""Where the orchestrator listens: EXECUTOR_SERVER_PORT and EXECUTOR_SERVER_GRPC_PORT of Seldon."""

_KINDS = ("http", "grpc")


def check(
    deployment: Deployment, *, engine_ports: Sequence[int] = ENGINE_PORTS
) -> Iterator[Finding]:
    """Yield each port of a node's container that is taken in its pod (source: G22).

    engine_ports  the ports of the orchestrator; [] if there is none
    """
    if not any(
        "ports" in container.raw and _has_own_number(container)
        for predictor in deployment.predictors
        for container in predictor.containers
    ):
        return  # numbers that Seldon hands out never collide
    options = Options(engine=Engine("")) if engine_ports else Options()
    for placement in place(deployment, options):
        for pod in placement.pods:
            yield from _pod(placement, pod, engine_ports)


def _has_own_number(container: Container) -> bool:
    return any(port.get("name") in _KINDS for _, port in mappings(container.raw, "ports"))


def _pod(placement: Placement, pod: Pod, engine_ports: Sequence[int]) -> Iterator[Finding]:
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


def _written(slot: Slot, kind: str) -> Path | None:
    for index, port in mappings(slot.raw, "ports"):
        if port.get("name") == kind:
            return slot.path / "ports" / index / "containerPort"
    return None
