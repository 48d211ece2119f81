"""Which node runs in which container of which pod, and on which ports.

Belongs here: the answers that every renderer and several rules need before any object exists.
Does not belong here: names (see `names`), objects.

The port numbers are Seldon's (DefaultSeldonDeployment): one counter each for HTTP and gRPC over
all predictors, one number per container *name*, consumed by every container whether it serves a
node or not; metrics ports are counted per container that serves a node and names none itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.model import (
    EMPTY_MAPPING,
    ComponentSpec,
    Container,
    Node,
    Predictor,
    SeldonDeployment,
    get_int,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.path import Path
from webhook.graph.well_known import NO_ENGINE_ANNOTATION, SEPARATE_POD_ANNOTATION
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rendering.options import DEFAULT_OPTIONS, OrchestratorOptions, RenderOptions
from webhook.rendering.source_map import Sourced

ORCHESTRATOR_CONTAINER = "seldon-container-engine"
"""The orchestrator's container; an author's container of this name takes its place."""

TENSORFLOW_CONTAINER = "tfserving"
INJECTED_CONTAINERS = (ORCHESTRATOR_CONTAINER, TENSORFLOW_CONTAINER)
"""TensorFlow Serving behind its proxy; reached through the proxy only, so it has no Service."""


@dataclass(frozen=True, slots=True)
class ContainerSlot:
    """One container of a pod.

    raw      as the author wrote it; empty for an injected model server
    path     the container's place, or the node's that called for it
    node     the node it serves; None: a sidecar
    http …   the ports of the node; a sidecar's are not used
    """

    name: str
    raw: Mapping[str, Any]
    path: Path
    node: Node | None
    http_port: int
    grpc_port: int
    metrics_port: int

    @property
    def is_authored(self) -> bool:
        """Whether the author wrote this container."""
        return bool(self.raw)

    @property
    def has_service(self) -> bool:
        """Whether it is called by a name of its own."""
        return self.node is not None and self.name not in {
            ORCHESTRATOR_CONTAINER,
            TENSORFLOW_CONTAINER,
        }


@dataclass(frozen=True, slots=True)
class PodLayout:
    """One pod template, that is one Deployment.

    component  None where only injected model servers run in it
    path       the component's, or the first node's
    index      the number in its name: the component's place in componentSpecs
    """

    component: ComponentSpec | None
    path: Path
    index: int
    slots: tuple[ContainerSlot, ...]

    @property
    def raw(self) -> Mapping[str, Any]:
        """The componentSpec as written; empty if there is none."""
        return self.component.raw if self.component else EMPTY_MAPPING

    @property
    def spec(self) -> Mapping[str, Any]:
        """The pod's spec as written."""
        return self.component.pod if self.component else EMPTY_MAPPING

    @property
    def shares_resources(self) -> bool:
        """Whether the author bounds the pod as a whole; all of its containers are held to that."""
        return bool(get_mapping(self.spec, "resources"))

    @property
    def is_authored(self) -> bool:
        """Whether an author wrote a template."""
        return type(self.raw.get("spec")) is dict

    @property
    def autoscaler_field(self) -> Literal["kedaSpec", "hpaSpec", ""]:
        """What owns the number of replicas; KEDA goes first, as in Seldon. "": the author."""
        if type(self.raw.get("kedaSpec")) is dict:
            return "kedaSpec"
        return "hpaSpec" if type(self.raw.get("hpaSpec")) is dict else ""

    @property
    def has_pdb(self) -> bool:
        """Whether a PodDisruptionBudget is requested."""
        return type(self.raw.get("pdbSpec")) is dict

    @property
    def node_slots(self) -> Iterator[tuple[ContainerSlot, Node]]:
        """Yield the slots that serve a node, with it."""
        for slot in self.slots:
            if slot.node is not None:
                yield slot, slot.node


NodeLocation = tuple[PodLayout, ContainerSlot]
"""Where a node runs."""


@dataclass(frozen=True, slots=True, eq=False)
class PredictorLayout:
    """The layout of one predictor, with all that its renderers need.

    node_locations    where each node runs, by the node's path; a node that the orchestrator runs
                      itself, and one without a container, has none
    has_orchestrator  whether an orchestrator is in front of the graph
    entrypoint        the pod that requests come to first, and in it the first node's container;
                      None where no node has a container
    shared            what all of its pods get, by what it is: made once, by the first renderer
    """

    deployment: SeldonDeployment
    predictor: Predictor
    pods: tuple[PodLayout, ...]
    options: RenderOptions
    facts: Facts
    node_locations: Mapping[Path, NodeLocation]
    has_orchestrator: bool
    entrypoint: NodeLocation | None
    shared: dict[str, Sourced] = field(default_factory=dict)

    @property
    def is_seldon(self) -> bool:
        """Whether the objects are those of Seldon's own operator."""
        return self.options.operator == "seldon"

    @property
    def annotations(self) -> Mapping[str, Any]:
        """What the author wrote in the predictor's annotations."""
        return get_mapping(self.predictor.raw, "annotations")

    @property
    def explainer(self) -> Mapping[str, Any]:
        """The explainer as written; empty where there is none (to Seldon: no type)."""
        raw = get_mapping(self.predictor.raw, "explainer")
        return raw if get_str(raw, "type") and self.entrypoint is not None else EMPTY_MAPPING

    @property
    def orchestrator_in_own_pod(self) -> bool:
        """Whether the orchestrator has a pod of its own."""
        return self.has_orchestrator and separates_orchestrator(self.deployment)

    @property
    def service_ports(self) -> tuple[int, int]:
        """The HTTP and gRPC ports of the predictor's Service.

        The orchestrator's; those of the first node where the author wants none, as in Seldon;
        those of the setting where none is configured, so that clients see no difference.
        """
        if self.has_orchestrator and self.options.orchestrator is not None:
            return self.options.orchestrator.http_port, self.options.orchestrator.grpc_port
        if opts_out_of_orchestrator(self.predictor):
            return self.target_ports
        return self.options.service_http_port, self.options.service_grpc_port

    @property
    def target_ports(self) -> tuple[int, int]:
        """The ports of the container behind the predictor's Service."""
        entrypoint = self.entrypoint
        if not self.has_orchestrator and entrypoint is not None:
            return entrypoint[1].http_port, entrypoint[1].grpc_port
        orchestrator = self.options.orchestrator or OrchestratorOptions("")
        return orchestrator.http_port, orchestrator.grpc_port


def layout_predictors(
    deployment: SeldonDeployment, options: RenderOptions = DEFAULT_OPTIONS, facts: Facts = NO_FACTS
) -> tuple[PredictorLayout, ...]:
    """Lay out every predictor, in the order of the document."""
    ports = _PortAllocator(options)
    return tuple(
        _layout_predictor(deployment, p, ports, options, facts) for p in deployment.predictors
    )


def _layout_predictor(
    deployment: SeldonDeployment,
    predictor: Predictor,
    ports: "_PortAllocator",
    options: RenderOptions,
    facts: Facts,
) -> PredictorLayout:
    pods = _layout_pods(predictor, ports)
    node_locations = {node.path: (pod, slot) for pod in pods for slot, node in pod.node_slots}
    locations = [
        node_locations[node.path] for node in predictor.nodes if node.path in node_locations
    ]
    has_orchestrator = (
        options.orchestrator is not None
        and not opts_out_of_orchestrator(predictor)
        and bool(locations)
    )
    if has_orchestrator:
        # Beside the first node that runs in componentSpecs[0], as in Seldon.
        locations.sort(key=lambda seat: seat[0].index != 0)
    entrypoint = locations[0] if locations else None
    return PredictorLayout(
        deployment, predictor, pods, options, facts, node_locations, has_orchestrator, entrypoint
    )


def opts_out_of_orchestrator(predictor: Predictor) -> bool:
    """Return whether the author wants no orchestrator (Seldon's controller reads "true" only)."""
    return (
        get_str(get_mapping(predictor.raw, "annotations"), NO_ENGINE_ANNOTATION).lower() == "true"
    )


def separates_orchestrator(deployment: SeldonDeployment) -> bool:
    """Return whether the author wants each orchestrator in a pod of its own ("true" only, too)."""
    annotations = get_mapping(deployment.spec, "annotations")
    return get_str(annotations, SEPARATE_POD_ANNOTATION).lower() == "true"


class _PortAllocator:
    """The counters, shared by all predictors of one object."""

    def __init__(self, options: RenderOptions) -> None:
        self._options = options
        self._offsets: dict[str, int] = {}
        self._metrics = options.metrics_port

    def allocate_slot(self, container: Container, node: Node | None) -> ContainerSlot:
        """Seat one container; consumes a number for a name that was not seen yet."""
        offset = self._offsets.setdefault(container.name, len(self._offsets))
        named_ports = {
            get_str(port, "name"): get_int(port, "containerPort")
            for _, port in reversed(
                list(iter_mappings(container.raw, "ports"))
            )  # the first one counts
        }
        metrics = named_ports.get(self._options.metrics_port_name)
        if metrics is None:
            metrics = self._metrics
            self._metrics += node is not None
        return ContainerSlot(
            name=container.name,
            raw=container.raw,
            path=container.path,
            node=node,
            http_port=named_ports.get("http") or self._options.http_port + offset,
            grpc_port=named_ports.get("grpc") or self._options.grpc_port + offset,
            metrics_port=metrics,
        )


def _layout_pods(predictor: Predictor, ports: _PortAllocator) -> tuple[PodLayout, ...]:
    """Place the predictor's containers, then the injected model servers.

    The first container with the name of a node serves it. Seldon puts missing servers into
    the first component, or into a separate pod if there is none.
    """
    unplaced = {node.name: node for node in reversed(predictor.nodes) if node.name}
    slots_by_component: list[list[ContainerSlot]] = [
        [
            ports.allocate_slot(container, unplaced.pop(container.name, None))
            for container in c.containers
        ]
        for c in predictor.components
    ]
    servers = [
        ports.allocate_slot(Container(EMPTY_MAPPING, node.path, node.name), node)
        for node in predictor.nodes
        if is_prepackaged_server(node) and unplaced.get(node.name) is node
    ]
    if not slots_by_component:
        return (PodLayout(None, servers[0].path, 0, tuple(servers)),) if servers else ()
    slots_by_component[0].extend(servers)
    return tuple(
        _layout_pod(c, slots)
        for c, slots in zip(predictor.components, slots_by_component, strict=True)
        if slots
    )


def _layout_pod(component: ComponentSpec, slots: Sequence[ContainerSlot]) -> PodLayout:
    index = component.path[-1]
    return PodLayout(component, component.path, index if type(index) is int else 0, tuple(slots))
