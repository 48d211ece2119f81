"""Ignored part of the graph

Why: children belong to their node, beside its name. Under endpoint, in a second graph, beside the
graph or under a misspelled name they are silently dropped, and requests never reach those nodes.

Fix: Move children into the node that calls them.

Bad:
    graph:
      name: router
      endpoint:
        children:
        - name: classifier

Good:
    graph:
      name: router
      children:
      - name: classifier
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.rules._stray_fields import get_value_at, move_into_patch, normalize_field

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})

_NAMES = ("children", "child")
_ABOVE_GRAPHS = frozenset(
    {(), ("spec",), ("spec", "predictors"), ("spec", "predictors", "componentSpecs")}
)
"""The way to a mapping, without places in lists."""


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each unknown field above or below a graph that is or holds children."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    parents = tuple(step for step in path[:-1] if not isinstance(step, int))
    is_below_graph = parents[:1] == ("spec",) and "graph" in parents
    if not is_below_graph and parents not in _ABOVE_GRAPHS:
        return
    value = get_value_at(deployment, path)
    field = str(path[-1])
    remediation = "move children into the node that calls them"
    if type(value) in (list, dict) and value and _is_called_children(field):
        message = f'"{field}" is ignored here: its nodes are lost'
        if "children" not in schema.known_fields(path.parent):
            yield Finding(path, message, remediation)
            return
        yield Finding(
            path,
            message,
            'use "children"',
            move_into_patch(deployment, path, path.parent / "children"),
            fix_safety=spelling_fix_safety(field, "children"),
        )
    elif is_below_graph and _holds_children(value):
        message = f'children below "{field}" are ignored: their nodes are lost'
        yield Finding(path, message, remediation)


def _is_called_children(field: str) -> bool:
    return normalize_field(field) in _NAMES or bool(nearest_word(field, _NAMES, CERTAIN_SIMILARITY))


def _holds_children(value: Any) -> bool:
    return type(value) is dict and type(value.get("children")) in (list, dict)
