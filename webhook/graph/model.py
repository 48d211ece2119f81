"""The typed view of a SeldonDeployment: what rules and renderers read.

It covers the names, types and links of the graph; pod templates stay raw mappings. Made by
`graph.parse` from a document that may be broken anywhere: what is missing or of the wrong type
reads as "", None or (), and the errors are in `SeldonDeployment.schema_errors`. Null is absent.
Read-only: a document is changed by patches, never through its view.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

from webhook.graph.lazy import lazy
from webhook.graph.path import Path, Segment
from webhook.graph.schema.version_skew import fields_newer_than
from webhook.graph.submitted import Submitted

LazyPath: TypeAlias = "Path | tuple[LazyPath, tuple[Segment, ...]]"
"""Where something is: its path, or the place of something and the steps from it further down.

Most paths are never used; building them took a tenth of the time of a review.
"""

EMPTY_MAPPING: Mapping[str, Any] = {}


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, an empty one for anything else. Read-only."""
    return value if type(value) is dict else EMPTY_MAPPING


def as_list(value: Any) -> Sequence[Any]:
    """Return a list as it is, an empty one for anything else."""
    return value if type(value) is list else ()


def get_str(raw: Mapping[str, Any], key: str) -> str:
    """Return the text at `key`; "" if it is absent or no text."""
    value = raw.get(key)
    return value if type(value) is str else ""


def get_int(raw: Mapping[str, Any], key: str) -> int | None:
    """Return the integer at `key`; None if it is absent or not an integer (true is not)."""
    value = raw.get(key)
    return value if type(value) is int else None


def get_mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the mapping at `key`; empty if it is absent or no mapping."""
    value = raw.get(key)
    return value if type(value) is dict else EMPTY_MAPPING


def get_list(raw: Mapping[str, Any], key: str) -> Sequence[Any]:
    """Return the list at `key`; empty if it is absent or no list."""
    value = raw.get(key)
    return value if type(value) is list else ()


def iter_mappings(raw: Mapping[str, Any], key: str) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """Return index and item of each mapping in the list at `key`; other items have errors."""
    value = raw.get(key)
    if type(value) is not list:
        return ()
    return [(index, item) for index, item in enumerate(value) if type(item) is dict]


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One departure from the schema.

    kind      "range": the number at `path` does not fit its type; `limit` is the last
              "type": the value at `path` has none of the types `expected`
              "required": the mapping at `path` lacks the field `field`
              "unknown": `path` ends in a field that the schema does not know
              "depth": the graph goes on below `path`, deeper than is read
              "nesting": so does the document; "size": so it does, longer than is read: there are
              more than `limit` of what `noun` says
    """

    kind: Literal["type", "required", "unknown", "range", "depth", "nesting", "size"]
    path: Path
    expected_types: tuple[str, ...] = ()
    missing_field: str = ""
    limit: int = 0
    noun: str = ""


UNREAD_KINDS = frozenset({"depth", "nesting", "size"})
"""The kinds of schema errors that say that reading ended before the document did."""


def build_path(lazy_path: LazyPath) -> Path:
    """Return the Path of a place."""
    parts: list[tuple[Segment, ...]] = []
    while not isinstance(lazy_path, Path):
        lazy_path, segments = lazy_path
        parts.append(segments)
    return lazy_path.join(segment for below in reversed(parts) for segment in below)


@dataclass(slots=True, eq=False)
class Node:
    """One node of the graph (Seldon's PredictiveUnit).

    name       "" where it is missing
    type       as written; "" where absent (Seldon then reads MODEL, unless methods are given)
    children   in order; a mapping under `children` is read as the one child
    """

    raw: Mapping[str, Any]
    lazy_path: LazyPath
    name: str
    type: str
    implementation: str
    children: tuple["Node", ...]

    @property
    def path(self) -> Path:
        """Where it is in the document."""
        return build_path(self.lazy_path)

    @property
    def has_builtin_implementation(self) -> bool:
        """Whether an implementation provides the container (so that none has to be named)."""
        return self.implementation not in {"", "UNKNOWN_IMPLEMENTATION"}


ContainerRole = Literal["container", "init container", "orchestrator", "explainer"]


@dataclass(slots=True, eq=False)
class Container:
    """One container that an author wrote.

    role  the list it is in; or that it is what svcOrchSpec (variables and resources only) or
          the explainer's containerSpec says of theirs
    """

    raw: Mapping[str, Any]
    lazy_path: LazyPath
    name: str
    role: ContainerRole = "container"

    @property
    def path(self) -> Path:
        """Where it is in the document."""
        return build_path(self.lazy_path)

    @property
    def runs_to_completion(self) -> bool:
        """Whether it is an init container that ends before the others start."""
        return self.role == "init container" and self.raw.get("restartPolicy") != "Always"

    def handlers(self) -> Iterable["Handler"]:
        """Return its probes, then its lifecycle hooks, as far as they are mappings.

        What must not be there at all, in an init container that ends, is left out.
        """
        raw = self.raw
        if (
            "readinessProbe" not in raw
            and "livenessProbe" not in raw
            and "startupProbe" not in raw
            and "lifecycle" not in raw
        ) or self.runs_to_completion:
            return ()
        handlers = [
            Handler("probe", raw[field], (self.lazy_path, (field,)), field, self)
            for field in PROBES
            if field in raw and type(raw[field]) is dict
        ]
        if "lifecycle" in raw:
            lifecycle = get_mapping(raw, "lifecycle")
            handlers.extend(
                Handler(
                    "hook",
                    lifecycle[field],
                    (self.lazy_path, ("lifecycle", field)),
                    field,
                    self,
                )
                for field in HOOKS
                if type(lifecycle.get(field)) is dict
            )
        return handlers


PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")


@dataclass(slots=True, eq=False)
class Handler:
    """A probe of a container, or one of its lifecycle hooks.

    name  the field that it is in: "readinessProbe", "preStop"
    """

    kind: Literal["probe", "hook"]
    raw: Mapping[str, Any]
    lazy_path: LazyPath
    name: str
    container: Container

    @property
    def path(self) -> Path:
        """Where it is in the document."""
        return build_path(self.lazy_path)


@dataclass(slots=True, eq=False)
class Volume:
    """One volume of a pod; `name` is "" where it is missing or no text."""

    raw: Mapping[str, Any]
    lazy_path: LazyPath
    name: str

    @property
    def path(self) -> Path:
        """Where it is in the document."""
        return build_path(self.lazy_path)


class _Named(Protocol):
    name: str


N = TypeVar("N", bound=_Named)


def group_by_name(things: Sequence[N]) -> dict[str, list[N]]:
    """Return the named items by name, in order."""
    grouped = {thing.name: [thing] for thing in things}
    if len(grouped) < len(things):  # a name is used twice
        grouped = {}
        for thing in things:
            grouped.setdefault(thing.name, []).append(thing)
    grouped.pop("", None)
    return grouped


class EnvSource(NamedTuple):
    """A variable that takes its value from elsewhere; `number` is its place in `env`."""

    container: Container
    component: "ComponentSpec | None"
    number: int
    variable: Mapping[str, Any]


def _env_sources(
    containers: Iterable[Container], component: "ComponentSpec | None"
) -> list[EnvSource]:
    return [
        EnvSource(container, component, number, variable)
        for container in containers
        if "env" in container.raw and may_have_key("valueFrom", get_list(container.raw, "env"))
        for number, variable in enumerate(get_list(container.raw, "env"))
        if type(variable) is dict and "valueFrom" in variable
    ]


def may_have_key(key: str, items: Iterable[Any]) -> bool:
    """Return whether one of the mappings in a list may have a key; asked in C: there are many."""
    try:
        return key in chain.from_iterable(items)
    except TypeError:  # a number or null among them
        return True


@dataclass(eq=False)
class ComponentSpec:
    """One componentSpec: a pod template that becomes a Deployment.

    pod              its `spec`, raw, with the lists that slipped out of it; empty where missing
    containers       its application containers that are mappings, in order
    init_containers  its init containers that are mappings, in order
    volumes_path     where the list of its volumes is, or would be
    """

    raw: Mapping[str, Any]
    path: Path
    pod: Mapping[str, Any]
    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...]
    volumes_path: LazyPath

    @property
    def all_containers(self) -> tuple[Container, ...]:
        """Its application containers, then its init containers."""
        return self.containers + self.init_containers

    @lazy
    def containers_by_name(self) -> Mapping[str, Sequence[Container]]:
        """Its containers of both kinds, by the name that they have."""
        return group_by_name(self.all_containers)

    @lazy
    def env_sources(self) -> Sequence["EnvSource"]:
        """The variables of its containers that have a valueFrom."""
        return _env_sources(self.all_containers, self)

    @lazy
    def volumes(self) -> tuple[Volume, ...]:
        """Its volumes that are mappings, in order."""
        return tuple(
            Volume(item, (self.volumes_path, (index,)), get_str(item, "name"))
            for index, item in iter_mappings(self.pod, "volumes")
        )

    @lazy
    def volumes_by_name(self) -> Mapping[str, Sequence[Volume]]:
        """Its volumes by the name that they have."""
        return group_by_name(self.volumes)


@dataclass(eq=False)
class Predictor:
    """One predictor: a graph and the pods that run it.

    graph             the root node; None where it is missing or no mapping
    nodes             all nodes of the graph, parents before children, in the order of the document
    containers        the application containers of all components
    other_containers  the orchestrator's and the explainer's, where they are set (an explainer
                      without a type does not count)
    """

    raw: Mapping[str, Any]
    path: Path
    name: str
    graph: Node | None
    nodes: tuple[Node, ...]
    components: tuple[ComponentSpec, ...]
    containers: tuple[Container, ...]
    other_containers: tuple[Container, ...]

    @lazy
    def all_containers(self) -> Sequence[Container]:
        """The containers of its components with their init containers, then the others."""
        containers: list[Container] = []
        for component in self.components:
            containers += component.containers
            containers += component.init_containers
        return [*containers, *self.other_containers]

    @lazy
    def env_sources(self) -> Sequence[EnvSource]:
        """The variables of all its containers that have a valueFrom."""
        sources = [source for component in self.components for source in component.env_sources]
        return sources + _env_sources(self.other_containers, None)

    @lazy
    def has_nodes_to_contain(self) -> bool:
        """Whether a node needs a container that its author writes."""
        return any(not node.has_builtin_implementation for node in self.nodes)

    @lazy
    def node_names(self) -> frozenset[str]:
        """What its nodes are called; "" is among them if one has no name."""
        return frozenset([node.name for node in self.nodes])

    @lazy
    def nodes_by_name(self) -> Mapping[str, Sequence[Node]]:
        """Its nodes by the name that they have."""
        return group_by_name(self.nodes)

    @lazy
    def component_indices(self) -> Mapping[str, int]:
        """The index of the first component with an application container of a name, by name."""
        indices: dict[str, int] = {}
        for index, component in enumerate(self.components):
            for container in component.containers:
                indices.setdefault(container.name, index)
        return indices

    @lazy
    def containers_by_name(self) -> Mapping[str, Sequence[Container]]:
        """Its application containers by the name that they have."""
        return group_by_name(self.containers)

    @property
    def is_shadow(self) -> bool:
        """Whether it only receives copies of the requests."""
        return self.raw.get("shadow") is True

    @property
    def traffic(self) -> int | None:
        """Its share of the requests in percent; None where none is written."""
        return get_int(self.raw, "traffic")


@dataclass(eq=False)
class SeldonDeployment:
    """A SeldonDeployment.

    document       what was parsed, any JSON value; `raw` is the same if it is a mapping, else empty
    components     those of all predictors
    containers     every container that is written: of the components, init containers behind the
                   others, of the orchestrators (their variables and resources, under svcOrchSpec),
                   and of the explainers that have a type (without one there is no explainer)
    schema_errors  every departure from the schema
    submitted      what the author wrote, before anything was filled in: for hints and fixes
    render_inputs  the options of defaulting, and the namespace if it is known, with which it is
                   rendered; None: those by default
    """

    document: Any
    raw: Mapping[str, Any]
    api_version: str
    name: str
    namespace: str
    spec: Mapping[str, Any]
    predictors: tuple[Predictor, ...]
    components: tuple[ComponentSpec, ...]
    containers: tuple[Container, ...]
    schema_errors: tuple[SchemaError, ...]
    submitted: Submitted
    render_inputs: tuple[Any, Any] | None = field(default=None, init=False, repr=False)

    @lazy
    def unknown_fields(self) -> Sequence[Path]:
        """Where the fields are that the schema does not know, in the order of the document."""
        return [error.path for error in self.schema_errors_by_kind.get("unknown", ())]

    @lazy
    def unknown_fields_by_parent(self) -> Mapping[Path, Sequence[Path]]:
        """These places by the mapping that they are in."""
        grouped: dict[Path, list[Path]] = {}
        for path in self.unknown_fields:
            grouped.setdefault(path.parent, []).append(path)
        return grouped

    @lazy
    def unknown_fields_by_predictor(self) -> Mapping[Path, Sequence[Path]]:
        """These places by the item of spec.predictors that they are in, at any depth."""
        grouped: dict[Path, list[Path]] = {}
        for path in self.unknown_fields:
            if len(path) > 3:
                grouped.setdefault(Path(path[:3]), []).append(path)
        return grouped

    def find_newer_fields(self, kubernetes_minor: int) -> Sequence[tuple[Path, int]]:
        """Return the fields that Kubernetes 1.`minor` does not have (`schema.fields_newer_than`).

        Found once: several rules ask.
        """
        found = self._newer_fields.get(kubernetes_minor)
        if found is None:
            found = fields_newer_than(self.document, kubernetes_minor)
            self._newer_fields[kubernetes_minor] = found
        return found

    @lazy
    def rendered(self) -> list[Any]:
        """What was rendered of it (`rendering.once`)."""
        return []

    @lazy
    def layouts(self) -> list[tuple[Any, Mapping[Path, Any]]]:
        """The facts, and where its nodes run under them, by the path of their predictor."""
        return []

    @lazy
    def _newer_fields(self) -> dict[int, Sequence[tuple[Path, int]]]:
        return {}

    @lazy
    def predictors_by_path(self) -> Mapping[Path, Predictor]:
        """The predictors by where they are."""
        return {predictor.path: predictor for predictor in self.predictors}

    @lazy
    def components_by_path(self) -> Mapping[Path, ComponentSpec]:
        """The componentSpecs of all predictors by where they are."""
        return {component.path: component for component in self.components}

    @lazy
    def nodes_by_raw_id(self) -> Mapping[int, Node]:
        """The nodes of all predictors by the identity of their mapping."""
        return {id(node.raw): node for predictor in self.predictors for node in predictor.nodes}

    @lazy
    def pod_annotation_keys(self) -> Sequence[str]:
        """The keys of annotations that pods get: of spec, predictors and components."""
        holders: list[Mapping[str, Any]] = [self.spec]
        holders += [predictor.raw for predictor in self.predictors]
        holders += [
            c.raw["metadata"] for c in self.components if type(c.raw.get("metadata")) is dict
        ]
        annotations = [holder["annotations"] for holder in holders if "annotations" in holder]
        return [key for each in annotations if type(each) is dict for key in each]

    @lazy
    def is_incomplete(self) -> bool:
        """Whether a part of the document was not read, so that its content is unknown."""
        return not UNREAD_KINDS.isdisjoint(self.schema_errors_by_kind)

    @lazy
    def schema_errors_by_kind(self) -> Mapping[str, Sequence[SchemaError]]:
        """The schema errors by kind, in their order."""
        grouped: dict[str, list[SchemaError]] = {}
        for schema_error in self.schema_errors:
            grouped.setdefault(schema_error.kind, []).append(schema_error)
        return grouped

    @lazy
    def mistyped_paths(self) -> frozenset[Path]:
        """Where a value is that is of the wrong type."""
        return frozenset(error.path for error in self.schema_errors_by_kind.get("type", ()))
