"""Which node runs in which container of which pod, and on which ports.

Belongs here: the answers that every renderer and several rules need before any object exists.
Does not belong here: names (see `names`), objects.

The port numbers are Seldon's (DefaultSeldonDeployment): one counter each for HTTP and gRPC over
all predictors, one number per container *name*, consumed by every container whether it serves a
node or not; metrics ports are counted per container that serves a node and names none itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webhook.graph.facts import NOTHING_KNOWN, Facts
from webhook.graph.model import (
    NOTHING,
    Component,
    Container,
    Deployment,
    Node,
    Predictor,
    mapping,
    mappings,
    number,
    text,
)
from webhook.graph.path import Path
from webhook.workloads.nodes import wants_server
from webhook.workloads.options import DEFAULT, Engine, Options

ENGINE_CONTAINER = "seldon-container-engine"
"""The orchestrator's container; an author's container of this name takes its place."""

TENSORFLOW_CONTAINER = "tfserving"
"""TensorFlow Serving behind its proxy; reached through the proxy only, so it has no Service."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One container of a pod.

    raw      as the author wrote it; empty for a model server's that nobody wrote
    path     the container's place, or the node's that called for it
    node     the node it serves; None: a sidecar
    http …   the ports of the node; a sidecar's are not used
    """

    name: str
    raw: Mapping[str, Any]
    path: Path
    node: Node | None
    http: int
    grpc: int
    metrics: int

    @property
    def written(self) -> bool:
        """Whether the author wrote this container."""
        return bool(self.raw)

    @property
    def has_service(self) -> bool:
        """Whether it is called by a name of its own."""
        return self.node is not None and self.name not in {ENGINE_CONTAINER, TENSORFLOW_CONTAINER}


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod template, that is one Deployment.

    component  None where only model servers that nobody wrote run in it
    path       the component's, or the first node's
    index      the number in its name: the component's place in componentSpecs
    """

    component: Component | None
    path: Path
    index: int
    slots: tuple[Slot, ...]

    @property
    def raw(self) -> Mapping[str, Any]:
        """The componentSpec as written; empty where there is none."""
        return self.component.raw if self.component else NOTHING

    @property
    def spec(self) -> Mapping[str, Any]:
        """The pod's spec as written."""
        return self.component.pod if self.component else NOTHING

    @property
    def shares_resources(self) -> bool:
        """Whether the author bounds the pod as a whole; all of its containers are held to that."""
        return bool(mapping(self.spec, "resources"))

    @property
    def authored(self) -> bool:
        """Whether an author wrote a template."""
        return type(self.raw.get("spec")) is dict

    @property
    def scaler(self) -> Literal["kedaSpec", "hpaSpec", ""]:
        """What owns the number of replicas; KEDA goes first, as in Seldon. "": the author."""
        if type(self.raw.get("kedaSpec")) is dict:
            return "kedaSpec"
        return "hpaSpec" if type(self.raw.get("hpaSpec")) is dict else ""

    @property
    def has_budget(self) -> bool:
        """Whether a PodDisruptionBudget is asked for."""
        return type(self.raw.get("pdbSpec")) is dict

    @property
    def serving(self) -> Iterator[tuple[Slot, Node]]:
        """Yield the slots that serve a node, with it."""
        for slot in self.slots:
            if slot.node is not None:
                yield slot, slot.node


Seat = tuple[Pod, Slot]
"""Where a node runs."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One predictor, laid out, with all that its renderers may ask.

    seats       where each node runs, by the node's path; a node that the orchestrator runs itself,
                and one without a container, has none
    has_engine  whether an orchestrator stands in front of the graph
    front       the pod that requests come to first, and in it the first node's container; None
                where no node has a container
    """

    deployment: Deployment
    predictor: Predictor
    pods: tuple[Pod, ...]
    options: Options
    facts: Facts
    seats: Mapping[Path, Seat]
    has_engine: bool
    front: Seat | None

    @property
    def annotations(self) -> Mapping[str, Any]:
        """What the author wrote in the predictor's annotations."""
        return mapping(self.predictor.raw, "annotations")

    @property
    def explainer(self) -> Mapping[str, Any]:
        """The explainer as written; empty where there is none (to Seldon: no type)."""
        raw = mapping(self.predictor.raw, "explainer")
        return raw if text(raw, "type") and self.front is not None else NOTHING

    @property
    def engine_apart(self) -> bool:
        """Whether the orchestrator has a pod of its own."""
        wish = text(mapping(self.deployment.spec, "annotations"), "seldon.io/engine-separate-pod")
        return self.has_engine and wish.lower() == "true"

    @property
    def service_ports(self) -> tuple[int, int]:
        """The HTTP and gRPC ports of the predictor's Service.

        The orchestrator's; those of the first node where the author wants none, as in Seldon;
        those of the setting where none is configured, so that clients see no difference.
        """
        if self.has_engine and self.options.engine is not None:
            return self.options.engine.http_port, self.options.engine.grpc_port
        if declines_engine(self.predictor):
            return self.target_ports
        return self.options.service_http_port, self.options.service_grpc_port

    @property
    def target_ports(self) -> tuple[int, int]:
        """The ports of the container behind the predictor's Service."""
        front = self.front
        if not self.has_engine and front is not None:
            return front[1].http, front[1].grpc
        engine = self.options.engine or Engine("")
        return engine.http_port, engine.grpc_port


def place(
    deployment: Deployment, options: Options = DEFAULT, facts: Facts = NOTHING_KNOWN
) -> tuple[Placement, ...]:
    """Lay out every predictor, in the order of the document."""
    ports = _Ports(options)
    return tuple(_place(deployment, p, ports, options, facts) for p in deployment.predictors)


def _place(
    deployment: Deployment, predictor: Predictor, ports: "_Ports", options: Options, facts: Facts
) -> Placement:
    pods = _pods(predictor, ports)
    seats = {node.path: (pod, slot) for pod in pods for slot, node in pod.serving}
    placed = [seats[node.path] for node in predictor.nodes if node.path in seats]
    has_engine = options.engine is not None and not declines_engine(predictor) and bool(placed)
    if has_engine:
        # Beside the first node that runs in componentSpecs[0], as in Seldon.
        placed.sort(key=lambda seat: seat[0].index != 0)
    front = placed[0] if placed else None
    return Placement(deployment, predictor, pods, options, facts, seats, has_engine, front)


def declines_engine(predictor: Predictor) -> bool:
    """Tell whether the author wants no orchestrator (Seldon's controller reads "true" only)."""
    return text(mapping(predictor.raw, "annotations"), "seldon.io/no-engine").lower() == "true"


class _Ports:
    """The counters, shared by all predictors of one object."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._offsets: dict[str, int] = {}
        self._metrics = options.metrics_port

    def slot(self, container: Container, node: Node | None) -> Slot:
        """Seat one container; consumes a number for a name that was not seen yet."""
        offset = self._offsets.setdefault(container.name, len(self._offsets))
        written = {
            text(port, "name"): number(port, "containerPort")
            for _, port in reversed(list(mappings(container.raw, "ports")))  # the first one counts
        }
        metrics = written.get(self._options.metrics_port_name)
        if metrics is None:
            metrics = self._metrics
            self._metrics += node is not None
        return Slot(
            name=container.name,
            raw=container.raw,
            path=container.path,
            node=node,
            http=written.get("http") or self._options.http_port + offset,
            grpc=written.get("grpc") or self._options.grpc_port + offset,
            metrics=metrics,
        )


def _pods(predictor: Predictor, ports: _Ports) -> tuple[Pod, ...]:
    """Seat the predictor's containers, then the model servers that nobody wrote.

    A node is served by the first container of its name. Seldon puts missing servers into the
    first component, or into a pod of their own where there is none.
    """
    unserved = {node.name: node for node in reversed(predictor.nodes) if node.name}
    seated: list[list[Slot]] = [
        [ports.slot(container, unserved.pop(container.name, None)) for container in c.containers]
        for c in predictor.components
    ]
    servers = [
        ports.slot(Container(NOTHING, node.path, node.name), node)
        for node in predictor.nodes
        if wants_server(node) and unserved.get(node.name) is node
    ]
    if not seated:
        return (Pod(None, servers[0].path, 0, tuple(servers)),) if servers else ()
    seated[0].extend(servers)
    return tuple(
        _pod(c, slots) for c, slots in zip(predictor.components, seated, strict=True) if slots
    )


def _pod(component: Component, slots: Sequence[Slot]) -> Pod:
    index = component.path[-1]
    return Pod(component, component.path, index if type(index) is int else 0, tuple(slots))
