"""Inference graphs, for policies: what CEL cannot do for want of recursion.

graphgate's own. An expression that uses one of these is not portable: the API server refuses it.

A node is a map:

    {name, type, implementation, path, predictor, depth, leaf, parent, children, raw}

    predictor      the predictor's name
    path           its place: spec.predictors[0].graph.children[1]
    depth          1 for the root
    parent         the name of its parent, "" for the root
    children       the names of its children
    raw            the node as it is in the object

What a SeldonDeployment runs is in more places than its pods. These functions know them all
(`graph_places`):

    graph.containers(object)      every container as it is in the object, so that paths of
                                  findings lead to it: init containers and explainers too
    graph.orchestrators(object)   every svcOrchSpec as it is there: its env and resources
    graph.images(object)          {image, path}, storage initializers' too
    graph.modelUris(object)       {uri, path}, explainers' too
    graph.replicas(object)        {replicas, path}: replicas at every level, bounds of autoscalers;
                                  of a Scale its one
"""

from collections.abc import Callable
from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.values import Charge, Function, counting, no_overload
from webhook.graph.model import Node, Predictor
from webhook.graph.parse import read_predictors
from webhook.graph.path import Path
from webhook.podsecurity.effective import UNSET_MEANINGS
from webhook.podsecurity.pod import Pod
from webhook.policy import graph_places


def list_nodes(object_: Any) -> list[dict[str, Any]]:
    """Return every node of every graph, parents before children."""
    if type(object_) is not dict:
        raise no_overload("graph.nodes", object_)
    return [
        node
        for predictor in read_predictors(_strip_pods(object_))
        if (graph := predictor.graph) is not None
        for node in _node_rows(predictor, graph, str(graph.path), "", 1)
    ]


def _strip_pods(object_: dict[str, Any]) -> dict[str, Any]:
    """Return what is read for graphs that are in their place; pods cost more than they."""
    spec = object_.get("spec")
    predictors = spec.get("predictors") if type(spec) is dict else None
    if type(predictors) is not list or not all(map(_has_graph, predictors)):
        return object_
    trimmed = [{key: p[key] for key in ("name", "graph") if key in p} for p in predictors]
    return {"spec": {"predictors": trimmed}}


def _has_graph(predictor: Any) -> bool:
    return type(predictor) is dict and type(predictor.get("graph")) is dict


def _node_rows(
    predictor: Predictor, node: Node, path: str, parent: str, depth: int
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "name": node.name,
            "type": node.type or "MODEL",
            "implementation": node.implementation or "UNKNOWN_IMPLEMENTATION",
            "path": path,
            "predictor": predictor.name,
            "depth": depth,
            "leaf": not node.children,
            "parent": parent,
            "children": [child.name for child in node.children],
            "raw": node.raw,
        }
    ]
    for child in node.children:
        index = child.path[len(node.path) + 1 :]  # a mapping in the place of a list has none
        child_path = f"{path}.children[{index[0]}]" if index else f"{path}.children"
        rows.extend(_node_rows(predictor, child, child_path, node.name, depth + 1))
    return rows


def list_leaves(object_: Any) -> list[dict[str, Any]]:
    """Return the nodes without children."""
    if type(object_) is not dict:
        raise no_overload("graph.leaves", object_)
    return [node for node in list_nodes(object_) if node["leaf"]]


def list_parents(object_: Any, name: Any) -> list[dict[str, Any]]:
    """Return the nodes that have a child of this name."""
    if type(object_) is not dict or type(name) is not str:
        raise no_overload("graph.parents", object_, name)
    return [node for node in list_nodes(object_) if name in node["children"]]


_ALL = object()


def list_containers(object_: Any, name: Any = _ALL) -> list[Any]:
    """Return the containers as they are in the object: of one node by its name, or all."""
    if type(object_) is dict and name is _ALL:
        return [raw for raw, _ in graph_places.iter_containers(object_)]
    if type(object_) is not dict or type(name) is not str:
        raise no_overload("graph.containers", object_, name)
    return [
        container.raw
        for predictor in read_predictors(object_)
        if any(node.name == name for node in predictor.nodes)
        for container in predictor.containers
        if container.name == name
    ]


def list_orchestrators(object_: Any) -> list[Any]:
    """Return the svcOrchSpec of each predictor that has one, as it is in the object."""
    if type(object_) is not dict:
        raise no_overload("graph.orchestrators", object_)
    return [
        predictor.raw["svcOrchSpec"]
        for predictor in read_predictors(object_)
        if type(predictor.raw.get("svcOrchSpec")) is dict
    ]


def _rows_function(
    name: str, list_rows: Callable[[Any], list[dict[str, Any]]]
) -> Callable[[Any], list[dict[str, Any]]]:
    """Return a function of CEL that gives rows of an object, and is an error of anything else."""

    def function(object_: Any) -> list[dict[str, Any]]:
        if type(object_) is not dict:
            raise no_overload(name, object_)
        return list_rows(object_)

    return function


def list_security_contexts(object_: Any) -> list[dict[str, Any]]:
    """Return the effective security context of every container: pod's and own put together.

    {container, path, runAsUser, runAsNonRoot, privileged, …}; unset fields are null.
    """
    if type(object_) is not dict:
        raise no_overload("graph.securityContexts", object_)
    return [
        {
            "container": container.name,
            "path": str(Path((*component.path, *container.path))),
            **{field: container.get_effective(field) for field in UNSET_MEANINGS},
        }
        for predictor in read_predictors(object_)
        for component in predictor.components
        for container in Pod(component.pod).containers
    ]


_STEPS_OF_A_CALL, _STEPS_OF_A_ROW = 10, 2
"""What a walk through the object takes, beside the elements of a macro (measured)."""


def _counted(function: Function) -> Function:
    """Return a function that counts what a walk through the object costs."""

    def call(*arguments: Any, charge: Charge) -> Any:
        rows = function(*arguments)
        charge(_STEPS_OF_A_CALL + _STEPS_OF_A_ROW * len(rows))
        return rows

    return counting(call)


_NODE_LIST_TYPE = "list<map<string, dyn>>"

GRAPH_LIBRARY = Library(
    "graph",
    0,
    {
        "graph.nodes": (f"graph.nodes(dyn) -> {_NODE_LIST_TYPE}",),
        "graph.leaves": (f"graph.leaves(dyn) -> {_NODE_LIST_TYPE}",),
        "graph.parents": (f"graph.parents(dyn, string) -> {_NODE_LIST_TYPE}",),
        "graph.containers": (
            f"graph.containers(dyn) -> {_NODE_LIST_TYPE}",
            f"graph.containers(dyn, string) -> {_NODE_LIST_TYPE}",
        ),
        "graph.orchestrators": (f"graph.orchestrators(dyn) -> {_NODE_LIST_TYPE}",),
        "graph.images": (f"graph.images(dyn) -> {_NODE_LIST_TYPE}",),
        "graph.modelUris": (f"graph.modelUris(dyn) -> {_NODE_LIST_TYPE}",),
        "graph.replicas": (f"graph.replicas(dyn) -> {_NODE_LIST_TYPE}",),
        "graph.securityContexts": (f"graph.securityContexts(dyn) -> {_NODE_LIST_TYPE}",),
    },
    {
        "graph.nodes": _counted(list_nodes),
        "graph.leaves": _counted(list_leaves),
        "graph.parents": _counted(list_parents),
        "graph.containers": _counted(list_containers),
        "graph.orchestrators": _counted(list_orchestrators),
        "graph.images": _counted(_rows_function("graph.images", graph_places.list_images)),
        "graph.modelUris": _counted(
            _rows_function("graph.modelUris", graph_places.list_model_uris)
        ),
        "graph.replicas": _counted(_rows_function("graph.replicas", graph_places.list_replicas)),
        "graph.securityContexts": _counted(list_security_contexts),
    },
)
