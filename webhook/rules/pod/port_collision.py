"""Port used twice in a pod

Why: the containers of a pod share one network address. A node listens on its ports named http and
grpc, or on numbers from 9000 and 9500 that Seldon assigns; the orchestrator listens on 8000 and
5001 in the pod of the first node. The second container with the same port does not start. Seldon's
operator makes a Service of each node with both of its ports; if they are one number, the API server
refuses the Service, and nothing is created. (graphgate's reconciler lists such a port once.)

Fix: Use different port numbers in the containers of the pod, or remove the ports.

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

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Container, SeldonDeployment, iter_mappings
from webhook.graph.path import Path
from webhook.rendering.ports import FIRST_GRPC_PORT, FIRST_HTTP_PORT
from webhook.rules._format import quote_value

if TYPE_CHECKING:
    from webhook.rendering.layout import ContainerSlot, PodLayout, PredictorLayout

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"predictors"})

ORCHESTRATOR_PORTS = (8000, 5001)
"""Where the orchestrator listens: EXECUTOR_SERVER_PORT and EXECUTOR_SERVER_GRPC_PORT of Seldon."""


def check(
    deployment: SeldonDeployment, facts: Facts, *, engine_ports: Sequence[int] = ORCHESTRATOR_PORTS
) -> Iterator[Finding]:
    """Yield each port of a node's container that is in use in its pod.

    Sources: seldon-checks G22; createContainerService (v1.17.1), ValidateService.

    engine_ports  the ports of the orchestrator; [] if there is none
    """
    lists_both = facts.operator != "graphgate"
    if not _may_collide(deployment, engine_ports, lists_both=lists_both):
        return
    from webhook.rendering.layout import layout_predictors
    from webhook.rendering.options import OrchestratorOptions, RenderOptions

    options = (
        RenderOptions(orchestrator=OrchestratorOptions("")) if engine_ports else RenderOptions()
    )
    for layout in layout_predictors(deployment, options):
        for pod in layout.pods:
            yield from _check_pod(layout, pod, engine_ports, lists_both=lists_both)


def _may_collide(
    deployment: SeldonDeployment, engine_ports: Sequence[int], *, lists_both: bool
) -> bool:
    """Return whether ports may collide, cheaply: in most objects they cannot.

    lists_both  whether a container may not serve both on one port

    Numbers that Seldon assigns never collide with each other. Those of an author may collide with
    each other, with the orchestrator's, and with what Seldon assigns to other containers.
    """
    for component in deployment.components:
        owners: dict[Any, Container] = {}  # the container that has a number
        all_http = all_grpc = True  # else Seldon assigns some
        for container in component.containers:
            has_http = has_grpc = False
            ports = container.raw.get("ports")
            for port in ports if type(ports) is list else ():
                kind = port.get("name") if type(port) is dict else None
                if kind == "http":
                    has_http = True
                elif kind == "grpc":
                    has_grpc = True
                else:
                    continue
                number = port.get("containerPort")
                if type(number) is not int:
                    continue
                # A container may serve both on one port.
                is_again = number in owners
                if owners.setdefault(number, container) is not container or (
                    is_again and lists_both
                ):
                    return True
            all_http = all_http and has_http
            all_grpc = all_grpc and has_grpc
        if not owners:
            continue
        if not owners.keys().isdisjoint(engine_ports):
            return True
        for first, is_assigned in (
            (FIRST_HTTP_PORT, not all_http),
            (FIRST_GRPC_PORT, not all_grpc),
        ):
            if not is_assigned or max(owners) < first:
                continue
            assigned = sum(len(predictor.containers) for predictor in deployment.predictors)
            if any(first <= number < first + assigned for number in owners):
                return True
    return False


def _check_pod(
    layout: "PredictorLayout",
    pod: "PodLayout",
    engine_ports: Sequence[int],
    *,
    lists_both: bool,
) -> Iterator[Finding]:
    owners: dict[int, str] = {}
    entrypoint = layout.entrypoint
    if (
        layout.has_orchestrator
        and not layout.orchestrator_in_own_pod
        and entrypoint
        and entrypoint[0] is pod
    ):
        owners = dict.fromkeys(engine_ports, "the orchestrator")
    for slot, _ in pod.node_slots:
        for kind, port in (("http", slot.http_port), ("grpc", slot.grpc_port)):
            owner = owners.setdefault(port, f"the container {quote_value(slot.name)}")
            port_path = _find_port_path(slot, kind)
            if owner == f"the container {quote_value(slot.name)}":
                # One server may serve both.
                if kind == "grpc" and port == slot.http_port and lists_both and slot.has_service:
                    yield Finding(
                        port_path or _find_port_path(slot, "http") or slot.path,
                        f"port {port} is both the http and the grpc port of "
                        f"{quote_value(slot.name)}, and its Service cannot list it twice",
                        "use another number",
                    )
                continue
            yield Finding(
                port_path or slot.path,
                f"{kind} port {port} of {quote_value(slot.name)} is already used in its pod by "
                f"{owner}",
            )


def _find_port_path(slot: "ContainerSlot", kind: str) -> Path | None:
    for index, port in iter_mappings(slot.raw, "ports"):
        if port.get("name") == kind:
            return slot.path / "ports" / index / "containerPort"
    return None
