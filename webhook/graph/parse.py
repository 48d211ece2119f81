"""From any JSON value to a view and its faults. Total: no value raises.

The order matters for safety: the graph is walked first, because the schema validator recurses in
native code and must never be handed a graph of unbounded depth.

Parts that slipped out of their place (`slips`) are read as they were meant; the faults are those
of the document as it is.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from webhook.graph import schema, slips, usual
from webhook.graph.bounds import within_bounds
from webhook.graph.model import (
    NOTHING,
    Below,
    Component,
    Container,
    Deployment,
    Fault,
    Node,
    Place,
    Predictor,
    mapping,
    mappings,
    path_of,
    text,
)
from webhook.graph.path import ROOT, Path

DEEPEST = 100
"""Levels of nodes that are read. Real graphs have fewer than ten; Seldon's own CRD keeps eleven."""


MOST_FAULTS = 2000
"""Departures from the schema that are looked at; more are told when these are mended."""

MOST_PREDICTORS = 500
"""Predictors that are read. Rules compare them with each other; real objects have one to five."""


NODE_FIELDS = frozenset({"name", "type", "children", "implementation", "endpoint", "modelUri"})
"""A mapping under `children` with one of these was meant as a node."""


def parse(document: Any) -> Deployment:
    """Return the view of one SeldonDeployment.

    `document` is any JSON value, nested at most 1,024 levels (what orjson and `documents` let
    through). Where something is missing or of the wrong type, the view is empty there and
    `faults` says so.
    """
    document, cut = within_bounds(document)
    raw = document if type(document) is dict else NOTHING
    metadata = mapping(raw, "metadata")
    spec = mapping(raw, "spec")
    cuts = _Cuts([], [], [])
    predictors = tuple(_predictors(spec, cuts))
    containers = tuple(_all_containers(predictors))
    return Deployment(
        document=document,
        raw=raw,
        api_version=text(raw, "apiVersion"),
        name=text(metadata, "name"),
        namespace=text(metadata, "namespace"),
        spec=spec,
        predictors=predictors,
        components=tuple(c for predictor in predictors for c in predictor.components),
        containers=containers,
        unusual=usual.group(containers),
        faults=(*_of_cuts(cuts, cut), *_departures(_without_all(document, cuts))),
    )


def read_predictors(document: Any) -> tuple[Predictor, ...]:
    """Return the predictors of a view alone: what is asked for graphs only needs no faults."""
    document, _ = within_bounds(document)
    raw = document if type(document) is dict else NOTHING
    return tuple(_predictors(mapping(raw, "spec"), _Cuts([], [], [])))


def _of_cuts(cuts: "_Cuts", beyond: tuple[Fault, ...]) -> list[Fault]:
    """Return the faults that are no departures from the schema; `beyond` are those of bounds."""
    faults = [Fault("depth", path) for path in cuts.too_deep]
    faults += [Fault("size", path, limit=MOST_PREDICTORS) for path in cuts.too_many]
    faults += [fault for fault in beyond if not _below(fault.path, cuts.too_deep)]
    return faults


def _below(path: Path, others: list[Path]) -> bool:
    return any(path[: len(other)] == other for other in others)


class _Cuts(NamedTuple):
    """Places under `children` that are not read on, and so not held against the schema."""

    too_deep: list[Path]
    no_node: list[Path]
    too_many: list[Path]


def _predictors(spec: Mapping[str, Any], cuts: _Cuts) -> Iterator[Predictor]:
    listed = ROOT / "spec" / "predictors"
    entries = list(mappings(spec, "predictors"))
    if len(entries) > MOST_PREDICTORS:
        cuts.too_many.append(listed)
        entries = entries[:MOST_PREDICTORS]
    torn = slips.torn_predictors(entries) if len(entries) > 1 else {}
    rest = {first: second for second, first in torn.items()}
    for index, item in entries:
        path = listed / index
        if index in rest:
            other = spec["predictors"][rest[index]]
            yield _predictor({**item, **other}, path, cuts, listed / rest[index], other)
        elif index not in torn:
            yield _predictor(item, path, cuts)


def _predictor(
    raw: Mapping[str, Any],
    path: Path,
    cuts: _Cuts,
    second: Path = ROOT,
    continued: Mapping[str, Any] = NOTHING,
) -> Predictor:
    """Return the predictor at `path`; the fields of `continued` stand at `second` instead."""
    listed = (second if "componentSpecs" in continued else path) / "componentSpecs"
    entries = list(mappings(raw, "componentSpecs"))
    graph, place = raw.get("graph"), (second if "graph" in continued else path) / "graph"
    if graph is None and (found := slips.graph_in_components(entries)):
        graph, place = found[1]["graph"], listed / found[0] / "graph"
        entries = [(i, item) for i, item in entries if i != found[0] or "spec" in item]
    nodes: list[Node] = []
    root = _node(graph, place, nodes, cuts, 1) if type(graph) is dict else None
    alone = raw.get("componentSpecs")
    if type(alone) is dict:  # a dash is missing; read as the one item
        components: tuple[Component, ...] = (_component(alone, listed),)
    else:
        components = tuple(_components(entries, listed))
    return Predictor(
        raw=raw,
        path=path,
        name=text(raw, "name"),
        graph=root,
        nodes=tuple(nodes),
        components=components,
        containers=tuple(c for component in components for c in component.containers),
    )


def _components(entries: list[slips.Entry], listed: Path) -> Iterator[Component]:
    # What belongs to a neighbour is no pod of its own; it is read once it stands there.
    torn = slips.torn_components(entries) if len(entries) > 1 else {}
    for index, item in entries:
        if index not in torn:
            yield _component(item, listed / index)


def _node(raw: dict[str, Any], place: Place, nodes: list[Node], cuts: _Cuts, depth: int) -> Node:
    at = len(nodes)
    nodes.append(None)  # type: ignore[arg-type]  # filled below: parents stand before children
    children: list[Node] = []
    below = raw.get("children")
    if below or below == {}:
        if type(below) not in (list, dict):
            pass  # the schema says so
        elif depth >= DEEPEST and below:
            cuts.too_deep.append(path_of(place) / "children")
        elif type(below) is list:
            children = [
                _node(child, Below(place, ("children", index)), nodes, cuts, depth + 1)
                for index, child in enumerate(below)
                if type(child) is dict
            ]
        elif below.keys() & NODE_FIELDS:
            children = [_node(below, Below(place, ("children",)), nodes, cuts, depth + 1)]
        else:
            cuts.no_node.append(path_of(place) / "children")
    node = nodes[at] = Node(
        raw,
        place,
        text(raw, "name"),
        text(raw, "type"),
        text(raw, "implementation"),
        tuple(children) if children else (),
    )
    return node


def _component(raw: Mapping[str, Any], path: Path) -> Component:
    pod = slips.read_pod(raw, mapping(raw, "spec"))
    return Component(
        raw=raw,
        path=path,
        pod=pod,
        containers=_containers(pod, raw, path, "containers"),
        init_containers=_containers(pod, raw, path, "initContainers"),
    )


def _containers(
    pod: Mapping[str, Any], raw: Mapping[str, Any], path: Path, kind: str
) -> tuple[Container, ...]:
    if kind not in pod:
        return ()
    where = path / kind if pod[kind] is raw.get(kind) else path.join(("spec", kind))
    return tuple(
        Container(item, Below(where, (index,)), text(item, "name"))
        for index, item in mappings(pod, kind)
    )


def _all_containers(predictors: tuple[Predictor, ...]) -> Iterator[Container]:
    for predictor in predictors:
        for component in predictor.components:
            yield from component.containers
            yield from component.init_containers
        if "svcOrchSpec" in predictor.raw:
            where = predictor.path / "svcOrchSpec"
            yield Container(mapping(predictor.raw, "svcOrchSpec"), where, "")
        if "explainer" not in predictor.raw:
            continue
        explainer = mapping(predictor.raw, "explainer")
        written = mapping(explainer, "containerSpec")
        if written and text(explainer, "type"):
            where = predictor.path.join(("explainer", "containerSpec"))
            yield Container(written, where, text(written, "name"))


def _without_all(document: Any, cuts: _Cuts) -> Any:
    """Return the document without what is not read on; copies only along the way."""
    for path in (*cuts.too_deep, *cuts.no_node):
        document = here = document.copy()
        for segment in path[:-1]:
            here[segment] = here[segment].copy()
            here = here[segment]
        del here[path[-1]]
    return document


def _departures(document: Any) -> list[Fault]:
    """Return what the schema has to say, in the validator's order."""
    faults: list[Fault] = []
    for error in islice(schema.validator(bounded=True).iter_errors(document), MOST_FAULTS):
        path = _place(error.instance_path, document)
        kind: Any = error.kind
        match kind.name:
            case "type":
                faults.append(Fault("type", path, expected=tuple(sorted(kind.types))))
            case "required":
                faults.append(Fault("required", path, field=kind.property))
            case "additionalProperties":
                faults.extend(Fault("unknown", path / name) for name in kind.unexpected)
            case "minimum" | "maximum":
                faults.append(Fault("range", path, limit=kind.limit))
            case other:
                raise AssertionError(f"the schema uses {other}, which no rule explains")
    return faults


def _place(segments: list[Any], document: Any) -> Path:
    """Return the path of an error. The validator gives the key "01" as the number 1."""
    path: list[Any] = []
    here = document
    for segment in segments:
        if isinstance(segment, int) and isinstance(here, dict):
            segment = next(k for k in here if k.isdecimal() and int(k) == segment)  # noqa: PLW2901
        path.append(segment)
        here = here[segment]
    return Path(path)
