"""Children of a graph at a place where they are ignored, with all nodes below them."""

from typing import Any, Literal

from webhook.graph.model import SeldonDeployment
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word
from webhook.rules._stray_fields import get_value_at, normalize_field

_NAMES = ("children", "child")
_ABOVE_GRAPHS = frozenset(
    {(), ("spec",), ("spec", "predictors"), ("spec", "predictors", "componentSpecs")}
)
"""The way to a mapping, without places in lists."""


def ignored_graph_part(
    deployment: SeldonDeployment, path: Path
) -> Literal["children", "parent", None]:
    """Return whether the unknown field at a path is children of a graph, or holds them."""
    parents = tuple(step for step in path[:-1] if not isinstance(step, int))
    is_below_graph = parents[:1] == ("spec",) and "graph" in parents
    if not is_below_graph and parents not in _ABOVE_GRAPHS:
        return None
    value = get_value_at(deployment, path)
    if type(value) in (list, dict) and value and _is_called_children(str(path[-1])):
        return "children"
    return "parent" if is_below_graph and _holds_children(value) else None


def _is_called_children(field: str) -> bool:
    return normalize_field(field) in _NAMES or bool(nearest_word(field, _NAMES, CERTAIN_SIMILARITY))


def _holds_children(value: Any) -> bool:
    return type(value) is dict and type(value.get("children")) in (list, dict)
