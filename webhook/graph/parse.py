"""From any JSON value to a view and its faults. Total: no value raises.

The order matters for safety: the graph is walked first, because the schema validator recurses in
native code and must never be handed a graph of unbounded depth.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from webhook.graph import schema
from webhook.graph.model import (
    NOTHING,
    Component,
    Container,
    Deployment,
    Fault,
    Node,
    Predictor,
    mapping,
    mappings,
    text,
)
from webhook.graph.path import ROOT, Path

DEEPEST = 100
"""Levels of nodes that are read. Real graphs have fewer than ten; Seldon's own CRD keeps eleven."""


NODE_FIELDS = frozenset({"name", "type", "children", "implementation", "endpoint", "modelUri"})
"""A mapping under `children` with one of these was meant as a node."""


def parse(document: Any) -> Deployment:
    """Return the view of one SeldonDeployment.

    `document` is any JSON value, nested at most 1,024 levels (what orjson and `documents` let
    through). Where something is missing or of the wrong type, the view is empty there and
    `faults` says so.
    """
    raw = document if type(document) is dict else NOTHING
    metadata = mapping(raw, "metadata")
    spec = mapping(raw, "spec")
    cuts = _Cuts([], [])
    predictors = tuple(
        _predictor(item, ROOT / "spec" / "predictors" / index, cuts)
        for index, item in mappings(spec, "predictors")
    )
    return Deployment(
        document=document,
        raw=raw,
        api_version=text(raw, "apiVersion"),
        name=text(metadata, "name"),
        namespace=text(metadata, "namespace"),
        spec=spec,
        predictors=predictors,
        faults=(
            *(Fault("depth", path) for path in cuts.too_deep),
            *_departures(_without_all(document, [*cuts.too_deep, *cuts.no_node])),
        ),
    )


class _Cuts(NamedTuple):
    """Places under `children` that are not read on, and so not held against the schema."""

    too_deep: list[Path]
    no_node: list[Path]


def _predictor(raw: Mapping[str, Any], path: Path, cuts: _Cuts) -> Predictor:
    graph = raw.get("graph")
    nodes: list[Node] = []
    root = _node(graph, path / "graph", nodes, cuts, 1) if type(graph) is dict else None
    components = tuple(
        _component(item, path / "componentSpecs" / index)
        for index, item in mappings(raw, "componentSpecs")
    )
    return Predictor(
        raw=raw,
        path=path,
        name=text(raw, "name"),
        graph=root,
        nodes=tuple(nodes),
        components=components,
        containers=tuple(c for component in components for c in component.containers),
    )


def _node(raw: dict[str, Any], path: Path, nodes: list[Node], cuts: _Cuts, depth: int) -> Node:
    place = len(nodes)
    nodes.append(None)  # type: ignore[arg-type]  # filled below: parents stand before children
    children: list[Node] = []
    below = raw.get("children")
    if below or below == {}:
        where = path / "children"
        if type(below) not in (list, dict):
            pass  # the schema says so
        elif depth >= DEEPEST and below:
            cuts.too_deep.append(where)
        elif type(below) is list:
            children = [
                _node(child, where / index, nodes, cuts, depth + 1)
                for index, child in enumerate(below)
                if type(child) is dict
            ]
        elif below.keys() & NODE_FIELDS:
            children = [_node(below, where, nodes, cuts, depth + 1)]
        else:
            cuts.no_node.append(where)
    node = Node(
        raw=raw,
        path=path,
        name=text(raw, "name"),
        type=text(raw, "type"),
        implementation=text(raw, "implementation"),
        children=tuple(children),
    )
    nodes[place] = node
    return node


def _component(raw: Mapping[str, Any], path: Path) -> Component:
    pod = mapping(raw, "spec")
    where = path.join(("spec", "containers"))
    return Component(
        raw=raw,
        path=path,
        pod=pod,
        containers=tuple(
            Container(item, where / index, text(item, "name"))
            for index, item in mappings(pod, "containers")
        ),
    )


def _without_all(document: Any, paths: list[Path]) -> Any:
    """Return the document without the fields at `paths`; copies only along the way."""
    for path in paths:
        document = here = document.copy()
        for segment in path[:-1]:
            here[segment] = here[segment].copy()
            here = here[segment]
        del here[path[-1]]
    return document


def _departures(document: Any) -> list[Fault]:
    """Return what the schema has to say, in the validator's order."""
    faults: list[Fault] = []
    for error in schema.validator(bounded=True).iter_errors(document):
        path = Path(error.instance_path)
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
