"""From any JSON value to a view and its errors. Total: no value raises.

The order matters for safety: the graph is walked first, because the schema validator recurses in
native code and must never be handed a graph of unbounded depth.

Parts that slipped out of their place (`indentation`) are read as intended; the errors are those
of the document as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from webhook.graph import indentation, schema
from webhook.graph.limits import (
    MAX_COMPONENTS,
    MAX_CONTAINERS,
    MAX_CUTS_TOLD,
    MAX_GRAPH_DEPTH,
    MAX_NODES,
    MAX_PREDICTORS,
    MAX_SCHEMA_ERRORS,
    MAX_SHARED_CHARACTERS,
    MAX_SHARED_ENTRIES,
    truncate_to_limits,
)
from webhook.graph.model import (
    EMPTY_MAPPING,
    ComponentSpec,
    Container,
    ContainerRole,
    LazyPath,
    Node,
    Predictor,
    SchemaError,
    SeldonDeployment,
    build_path,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.path import ROOT, Path
from webhook.graph.schema.explain import explain
from webhook.graph.submitted import Submitted

T = TypeVar("T")

NODE_FIELDS = frozenset({"name", "type", "children", "implementation", "endpoint", "modelUri"})
"""A mapping under `children` with one of these is meant as a node."""


def parse(
    document: Any, submitted: Submitted | None = None, *, is_within_limits: bool = False
) -> SeldonDeployment:
    """Return the view of one SeldonDeployment.

    `document` is any JSON value, nested at most 1,024 levels (what orjson and `yamldoc` let
    through). Where something is missing or of the wrong type, the view is empty there and
    `schema_errors` says so. `submitted` is what the author wrote; None: the document itself.
    `is_within_limits` says that `truncate_to_limits` would leave it as it is.
    """
    submitted = submitted or Submitted(document)
    document, limit_errors = (document, ()) if is_within_limits else truncate_to_limits(document)
    raw = document if type(document) is dict else EMPTY_MAPPING
    metadata = get_mapping(raw, "metadata")
    spec = get_mapping(raw, "spec")
    reading = _Reading()
    predictors = tuple(_iter_predictors(spec, reading))
    return SeldonDeployment(
        document=document,
        raw=raw,
        api_version=get_str(raw, "apiVersion"),
        name=get_str(metadata, "name"),
        namespace=get_str(metadata, "namespace"),
        spec=spec,
        predictors=predictors,
        components=tuple([c for predictor in predictors for c in predictor.components]),
        containers=tuple([c for predictor in predictors for c in predictor.all_containers]),
        schema_errors=(
            *_limit_errors(reading, limit_errors),
            *_validate_schema(document, reading.unread, is_cut=bool(limit_errors)),
        ),
        submitted=submitted,
    )


def read_predictors(document: Any) -> tuple[Predictor, ...]:
    """Return only the predictors, without schema errors, for callers that only need graphs."""
    document, _ = truncate_to_limits(document)
    raw = document if type(document) is dict else EMPTY_MAPPING
    return tuple(_iter_predictors(get_mapping(raw, "spec"), _Reading()))


def _limit_errors(
    reading: "_Reading", document_errors: tuple[SchemaError, ...]
) -> Iterator[SchemaError]:
    """Yield the errors that are not departures from the schema: where reading ended."""
    yield from reading.errors
    too_deep = {error.path for error in reading.errors if error.kind == "depth"}
    for error in document_errors:
        # Of a graph, it is said in nodes.
        if not any(Path(error.path[:size]) in too_deep for size in range(len(error.path) + 1)):
            yield error


_LIMITS = {
    "predictors": MAX_PREDICTORS,
    "nodes": MAX_NODES,
    "components": MAX_COMPONENTS,
    "containers": MAX_CONTAINERS,
}


class _Reading:
    """How much has been read of one document, and where reading ended.

    errors  the places, a few of each kind
    unread  ids of values below which nothing is checked against the schema
    """

    def __init__(self) -> None:
        self.errors: list[SchemaError] = []
        self.unread: set[int] = set()
        self._left = dict(_LIMITS)
        self._too_deep = 0
        self._entries_left = MAX_SHARED_ENTRIES
        self._characters_left = MAX_SHARED_CHARACTERS

    def take(self, entries: list[T], noun: str, lazy_path: LazyPath, *field: str) -> list[T]:
        """Return the entries of the list `field` that are read; there may be too many in all."""
        left = self._left[noun]
        if len(entries) <= left:
            self._left[noun] = left - len(entries)
            return entries
        self._left[noun] = -1
        if left >= 0:  # said once
            path = build_path(lazy_path).join(field)
            self.errors.append(SchemaError("size", path, limit=_LIMITS[noun], noun=noun))
        return entries[: max(left, 0)]

    def take_copies(self, spec: Mapping[str, Any], predictor: Predictor) -> bool:
        """Return whether a predictor is read with what its objects share; what follows is not.

        Its annotations and labels, and the annotations of the spec, are in every Deployment and
        Service of it: a small document can ask for gigabytes.
        """
        shared = [
            (path / field, each)
            for holder, path, field in (
                (predictor.raw, predictor.path, "annotations"),
                (predictor.raw, predictor.path, "labels"),
                (spec, _SPEC, "annotations"),
            )
            if (each := holder.get(field)) and type(each) is dict
        ]
        if not shared:
            return True
        # A Deployment for each component, one for the injected servers, the orchestrator and the
        # explainer; a Service for each node, the predictor and the explainer.
        copies = len(predictor.components) + len(predictor.nodes) + 5
        self._entries_left -= copies * sum(len(each) for _, each in shared)
        self._characters_left -= copies * sum(_count_characters(each) for _, each in shared)
        if self._entries_left < 0:
            limit, noun = MAX_SHARED_ENTRIES, "annotations and labels"
            path, _ = max(shared, key=lambda item: len(item[1]))
        elif self._characters_left < 0:
            limit, noun = MAX_SHARED_CHARACTERS, "characters of annotations and labels"
            path, _ = max(shared, key=lambda item: _count_characters(item[1]))
        else:
            return True
        noun = f"{noun} in the Deployments and Services of all predictors together"
        self.errors.append(SchemaError("size", path, limit=limit, noun=noun))
        return False

    def stop_at_depth(self, children: Any, lazy_path: LazyPath) -> None:
        """Note that the graph goes on below the deepest level."""
        self.unread.add(id(children))
        self._too_deep += 1
        if self._too_deep <= MAX_CUTS_TOLD:
            self.errors.append(SchemaError("depth", build_path(lazy_path) / "children"))


_SPEC = ROOT / "spec"
_PREDICTORS = _SPEC / "predictors"


def _count_characters(entries: Mapping[str, Any]) -> int:
    texts = [value for value in entries.values() if type(value) is str]
    return sum(map(len, entries)) + sum(map(len, texts))


def _iter_predictors(spec: Mapping[str, Any], reading: _Reading) -> Iterator[Predictor]:
    for predictor in _iter_all_predictors(spec, reading):
        if not reading.take_copies(spec, predictor):
            return
        yield predictor


def _iter_all_predictors(spec: Mapping[str, Any], reading: _Reading) -> Iterator[Predictor]:
    list_path = _PREDICTORS
    entries = reading.take(list(iter_mappings(spec, "predictors")), "predictors", list_path)
    continuations = indentation.find_split_predictors(entries) if len(entries) > 1 else {}
    continued_by = {first: second for second, first in continuations.items()}
    for index, item in entries:
        path = list_path / index
        if index in continued_by:
            other = spec["predictors"][continued_by[index]]
            yield _parse_predictor(
                {**item, **other}, path, reading, list_path / continued_by[index], other
            )
        elif index not in continuations:
            yield _parse_predictor(item, path, reading)


def _parse_predictor(
    raw: Mapping[str, Any],
    path: Path,
    reading: _Reading,
    continuation_path: Path = ROOT,
    continuation: Mapping[str, Any] = EMPTY_MAPPING,
) -> Predictor:
    """Return the predictor at `path`; its fields in `continuation` are elsewhere."""
    list_path = (continuation_path if "componentSpecs" in continuation else path) / "componentSpecs"
    entries = list(iter_mappings(raw, "componentSpecs"))
    graph, graph_path = (
        raw.get("graph"),
        (continuation_path if "graph" in continuation else path) / "graph",
    )
    if graph is None and (found := indentation.find_misplaced_graph(entries)):
        graph, graph_path = found[1]["graph"], list_path / found[0] / "graph"
        entries = [(i, item) for i, item in entries if i != found[0] or "spec" in item]
    nodes: list[Node] = []
    root = _parse_node(graph, graph_path, nodes, reading, 1) if type(graph) is dict else None
    single_component = raw.get("componentSpecs")
    if type(single_component) is dict:  # a dash is missing; read as the one item
        components = [_parse_component(single_component, list_path, reading)]
    else:
        components = list(_iter_components(entries, list_path, reading))
    return Predictor(
        raw=raw,
        path=path,
        name=get_str(raw, "name"),
        graph=root,
        nodes=tuple(nodes),
        components=tuple(components),
        containers=tuple([c for component in components for c in component.containers]),
        other_containers=tuple(_iter_other_containers(raw, path)),
    )


def _iter_components(
    entries: list[indentation.Entry], list_path: Path, reading: _Reading
) -> Iterator[ComponentSpec]:
    # What belongs to a neighbour is not a pod of its own; it is read once it is there.
    neighbours = indentation.find_split_components(entries) if len(entries) > 1 else {}
    for index, item in reading.take(entries, "components", list_path):
        if index not in neighbours:
            yield _parse_component(item, list_path / index, reading)


def _parse_node(
    raw: Mapping[str, Any], lazy_path: LazyPath, nodes: list[Node], reading: _Reading, depth: int
) -> Node:
    position = len(nodes)
    nodes.append(None)  # type: ignore[arg-type]  # filled below: parents stand before children
    children: list[Node] = []
    raw_children = raw.get("children")
    if raw_children or raw_children == {}:
        if type(raw_children) is list and depth < MAX_GRAPH_DEPTH:
            entries = [(i, child) for i, child in enumerate(raw_children) if type(child) is dict]
            for index, child in reading.take(entries, "nodes", lazy_path, "children"):
                path = lazy_path, ("children", index)
                children.append(_parse_node(child, path, nodes, reading, depth + 1))
        elif type(raw_children) in (list, dict) and depth >= MAX_GRAPH_DEPTH and raw_children:
            reading.stop_at_depth(raw_children, lazy_path)
        elif type(raw_children) is dict and raw_children.keys() & NODE_FIELDS:
            own_path = lazy_path, ("children",)
            for child in reading.take([raw_children], "nodes", own_path):
                children.append(_parse_node(child, own_path, nodes, reading, depth + 1))
        elif type(raw_children) is dict:
            reading.unread.add(id(raw_children))
    # Written out: there are many nodes, and the calls of get_str take longer than all this.
    name, kind, implementation = raw.get("name"), raw.get("type"), raw.get("implementation")
    node = nodes[position] = Node(
        raw,
        lazy_path,
        name if type(name) is str else "",
        kind if type(kind) is str else "",
        implementation if type(implementation) is str else "",
        tuple(children),
    )
    return node


def _parse_component(raw: Mapping[str, Any], path: Path, reading: _Reading) -> ComponentSpec:
    pod = indentation.recover_pod(raw, get_mapping(raw, "spec"))
    return ComponentSpec(
        raw=raw,
        path=path,
        pod=pod,
        containers=_parse_containers(
            pod, _pod_list_path(pod, raw, path, "containers"), reading, "container"
        ),
        init_containers=_parse_containers(
            pod, _pod_list_path(pod, raw, path, "initContainers"), reading, "init container"
        ),
        volumes_path=_pod_list_path(pod, raw, path, "volumes"),
    )


def _parse_containers(
    pod: Mapping[str, Any], list_path: LazyPath, reading: _Reading, role: ContainerRole
) -> tuple[Container, ...]:
    field = "containers" if role == "container" else "initContainers"
    if field not in pod:
        return ()
    entries = reading.take(list(iter_mappings(pod, field)), "containers", list_path)
    return tuple(
        [
            Container(item, (list_path, (index,)), get_str(item, "name"), role)
            for index, item in entries
        ]
    )


def _pod_list_path(
    pod: Mapping[str, Any], raw: Mapping[str, Any], path: Path, field: str
) -> LazyPath:
    """Return where a list of a pod is: in its `spec`, or beside it where it slipped out."""
    is_misplaced = field in raw and pod.get(field) is raw[field]
    return path, ((field,) if is_misplaced else ("spec", field))


def _iter_other_containers(raw: Mapping[str, Any], path: Path) -> Iterator[Container]:
    if "svcOrchSpec" in raw:
        yield Container(get_mapping(raw, "svcOrchSpec"), path / "svcOrchSpec", "", "orchestrator")
    if "explainer" not in raw:
        return
    explainer = get_mapping(raw, "explainer")
    container_spec = get_mapping(explainer, "containerSpec")
    if container_spec and get_str(explainer, "type"):
        container_path = path.join(("explainer", "containerSpec"))
        name = get_str(container_spec, "name")
        yield Container(container_spec, container_path, name, "explainer")


def _validate_schema(document: Any, unread: set[int], *, is_cut: bool) -> list[SchemaError]:
    """Return what the schema has to say, parents first, in the order of the document.

    is_cut  whether the document was cut at a limit: then nothing is reported as missing
    """
    if not unread and schema.get_validator(bounded=True).is_valid(document):
        return []
    errors: list[SchemaError] = []
    counts: dict[str, int] = {}

    def report(error: SchemaError) -> bool:
        if is_cut and error.kind == "required":
            return True
        counts[error.kind] = count = counts.get(error.kind, 0) + 1
        if count <= MAX_SCHEMA_ERRORS:
            errors.append(error)
        elif count == MAX_SCHEMA_ERRORS + 1:
            noun = f"departures from the schema of the kind {error.kind}"
            errors.append(SchemaError("size", error.path, limit=MAX_SCHEMA_ERRORS, noun=noun))
        return count <= MAX_SCHEMA_ERRORS

    explain(document, report, unread)
    return errors
