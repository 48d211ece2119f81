"""From any JSON value to a view and its faults. Total: no value raises.

The order matters for safety: the graph is walked first, because the schema validator recurses in
native code and must never be handed a graph of unbounded depth.

Parts that slipped out of their place (`indentation`) are read as they were meant; the faults are
those of the document as it is.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from webhook.graph import indentation, non_trivial, schema
from webhook.graph.limits import truncate_to_limits
from webhook.graph.model import (
    EMPTY_MAPPING,
    ChildPath,
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

MAX_GRAPH_DEPTH = 100
"""Levels of nodes that are read. Real graphs have fewer than ten; Seldon's own CRD keeps eleven."""


MAX_SCHEMA_ERRORS = 2000
"""Departures from the schema that are looked at; more are told when these are mended."""

MAX_PREDICTORS = 500
"""Predictors that are read. Rules compare them with each other; real objects have one to five."""


NODE_FIELDS = frozenset({"name", "type", "children", "implementation", "endpoint", "modelUri"})
"""A mapping under `children` with one of these was meant as a node."""


def parse(document: Any) -> SeldonDeployment:
    """Return the view of one SeldonDeployment.

    `document` is any JSON value, nested at most 1,024 levels (what orjson and `yamldoc` let
    through). Where something is missing or of the wrong type, the view is empty there and
    `faults` says so.
    """
    document, limit_errors = truncate_to_limits(document)
    raw = document if type(document) is dict else EMPTY_MAPPING
    metadata = get_mapping(raw, "metadata")
    spec = get_mapping(raw, "spec")
    truncations = _Truncations([], [], [])
    predictors = tuple(_iter_predictors(spec, truncations))
    containers = tuple(_iter_all_containers(predictors))
    return SeldonDeployment(
        document=document,
        raw=raw,
        api_version=get_str(raw, "apiVersion"),
        name=get_str(metadata, "name"),
        namespace=get_str(metadata, "namespace"),
        spec=spec,
        predictors=predictors,
        components=tuple(c for predictor in predictors for c in predictor.components),
        containers=containers,
        non_trivial=non_trivial.group_by_part(containers),
        schema_errors=(
            *_truncation_errors(truncations, limit_errors),
            *_validate_schema(_drop_unread_parts(document, truncations)),
        ),
    )


def read_predictors(document: Any) -> tuple[Predictor, ...]:
    """Return the predictors of a view alone: what is asked for graphs only needs no faults."""
    document, _ = truncate_to_limits(document)
    raw = document if type(document) is dict else EMPTY_MAPPING
    return tuple(_iter_predictors(get_mapping(raw, "spec"), _Truncations([], [], [])))


def _truncation_errors(
    truncations: "_Truncations", limit_errors: tuple[SchemaError, ...]
) -> list[SchemaError]:
    """Return the faults that are no departures from the schema; `beyond` are those of bounds."""
    errors = [SchemaError("depth", path) for path in truncations.too_deep_paths]
    errors += [
        SchemaError("size", path, limit=MAX_PREDICTORS) for path in truncations.too_many_paths
    ]
    errors += [
        schema_error
        for schema_error in limit_errors
        if not _is_below_any(schema_error.path, truncations.too_deep_paths)
    ]
    return errors


def _is_below_any(path: Path, ancestors: list[Path]) -> bool:
    return any(path[: len(other)] == other for other in ancestors)


class _Truncations(NamedTuple):
    """Places under `children` that are not read on, and so not held against the schema."""

    too_deep_paths: list[Path]
    not_node_paths: list[Path]
    too_many_paths: list[Path]


def _iter_predictors(spec: Mapping[str, Any], truncations: _Truncations) -> Iterator[Predictor]:
    list_path = ROOT / "spec" / "predictors"
    entries = list(iter_mappings(spec, "predictors"))
    if len(entries) > MAX_PREDICTORS:
        truncations.too_many_paths.append(list_path)
        entries = entries[:MAX_PREDICTORS]
    continuations = indentation.find_split_predictors(entries) if len(entries) > 1 else {}
    continued_by = {first: second for second, first in continuations.items()}
    for index, item in entries:
        path = list_path / index
        if index in continued_by:
            other = spec["predictors"][continued_by[index]]
            yield _parse_predictor(
                {**item, **other}, path, truncations, list_path / continued_by[index], other
            )
        elif index not in continuations:
            yield _parse_predictor(item, path, truncations)


def _parse_predictor(
    raw: Mapping[str, Any],
    path: Path,
    truncations: _Truncations,
    continuation_path: Path = ROOT,
    continuation: Mapping[str, Any] = EMPTY_MAPPING,
) -> Predictor:
    """Return the predictor at `path`; the fields of `continued` stand at `second` instead."""
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
    root = _parse_node(graph, graph_path, nodes, truncations, 1) if type(graph) is dict else None
    single_component = raw.get("componentSpecs")
    if type(single_component) is dict:  # a dash is missing; read as the one item
        components: tuple[ComponentSpec, ...] = (_parse_component(single_component, list_path),)
    else:
        components = tuple(_iter_components(entries, list_path))
    return Predictor(
        raw=raw,
        path=path,
        name=get_str(raw, "name"),
        graph=root,
        nodes=tuple(nodes),
        components=components,
        containers=tuple(c for component in components for c in component.containers),
        other_containers=tuple(_iter_other_containers(raw, path)),
    )


def _iter_components(entries: list[indentation.Entry], list_path: Path) -> Iterator[ComponentSpec]:
    # What belongs to a neighbour is no pod of its own; it is read once it stands there.
    neighbours = indentation.find_split_components(entries) if len(entries) > 1 else {}
    for index, item in entries:
        if index not in neighbours:
            yield _parse_component(item, list_path / index)


def _parse_node(
    raw: dict[str, Any],
    lazy_path: LazyPath,
    nodes: list[Node],
    truncations: _Truncations,
    depth: int,
) -> Node:
    position = len(nodes)
    nodes.append(None)  # type: ignore[arg-type]  # filled below: parents stand before children
    children: list[Node] = []
    raw_children = raw.get("children")
    if raw_children or raw_children == {}:
        if type(raw_children) not in (list, dict):
            pass  # the schema says so
        elif depth >= MAX_GRAPH_DEPTH and raw_children:
            truncations.too_deep_paths.append(build_path(lazy_path) / "children")
        elif type(raw_children) is list:
            children = [
                _parse_node(
                    child, ChildPath(lazy_path, ("children", index)), nodes, truncations, depth + 1
                )
                for index, child in enumerate(raw_children)
                if type(child) is dict
            ]
        elif raw_children.keys() & NODE_FIELDS:
            children = [
                _parse_node(
                    raw_children, ChildPath(lazy_path, ("children",)), nodes, truncations, depth + 1
                )
            ]
        else:
            truncations.not_node_paths.append(build_path(lazy_path) / "children")
    node = nodes[position] = Node(
        raw,
        lazy_path,
        get_str(raw, "name"),
        get_str(raw, "type"),
        get_str(raw, "implementation"),
        tuple(children) if children else (),
    )
    return node


def _parse_component(raw: Mapping[str, Any], path: Path) -> ComponentSpec:
    pod = indentation.recover_pod(raw, get_mapping(raw, "spec"))
    return ComponentSpec(
        raw=raw,
        path=path,
        pod=pod,
        containers=_parse_containers(pod, raw, path, "containers", "container"),
        init_containers=_parse_containers(pod, raw, path, "initContainers", "init container"),
        volumes_path=_pod_list_path(pod, raw, path, "volumes"),
    )


def _parse_containers(
    pod: Mapping[str, Any], raw: Mapping[str, Any], path: Path, field: str, role: ContainerRole
) -> tuple[Container, ...]:
    if field not in pod:
        return ()
    list_path = _pod_list_path(pod, raw, path, field)
    return tuple(
        Container(item, ChildPath(list_path, (index,)), get_str(item, "name"), role)
        for index, item in iter_mappings(pod, field)
    )


def _pod_list_path(
    pod: Mapping[str, Any], raw: Mapping[str, Any], path: Path, field: str
) -> LazyPath:
    """Return where a list of a pod stands: in its `spec`, or beside it where it slipped out."""
    is_misplaced = field in raw and pod.get(field) is raw[field]
    return ChildPath(path, (field,) if is_misplaced else ("spec", field))


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


def _iter_all_containers(predictors: tuple[Predictor, ...]) -> Iterator[Container]:
    for predictor in predictors:
        for component in predictor.components:
            yield from component.containers
            yield from component.init_containers
        yield from predictor.other_containers


def _drop_unread_parts(document: Any, truncations: _Truncations) -> Any:
    """Return the document without what is not read on; copies only along the way."""
    for path in (*truncations.too_deep_paths, *truncations.not_node_paths):
        document = parent = document.copy()
        for segment in path[:-1]:
            parent[segment] = parent[segment].copy()
            parent = parent[segment]
        del parent[path[-1]]
    return document


def _validate_schema(document: Any) -> list[SchemaError]:
    """Return what the schema has to say, in the validator's order."""
    errors: list[SchemaError] = []
    for error in islice(
        schema.get_validator(bounded=True).iter_errors(document), MAX_SCHEMA_ERRORS
    ):
        path = _error_path(error.instance_path, document)
        kind: Any = error.kind
        match kind.name:
            case "type":
                errors.append(SchemaError("type", path, expected_types=tuple(sorted(kind.types))))
            case "required":
                errors.append(SchemaError("required", path, missing_field=kind.property))
            case "additionalProperties":
                errors.extend(SchemaError("unknown", path / name) for name in kind.unexpected)
            case "minimum" | "maximum":
                errors.append(SchemaError("range", path, limit=kind.limit))
            case other:
                raise AssertionError(f"the schema uses {other}, which no rule explains")
    return errors


def _error_path(segments: list[Any], document: Any) -> Path:
    """Return the path of an error. The validator gives the key "01" as the number 1."""
    path: list[Any] = []
    value = document
    for segment in segments:
        if isinstance(segment, int) and isinstance(value, dict):
            segment = next(k for k in value if k.isdecimal() and int(k) == segment)  # noqa: PLW2901
        path.append(segment)
        value = value[segment]
    return Path(path)
