"""Part of the graph where nothing reads it

Why: children stand in their node, beside its name. Under endpoint, in a second graph or anywhere
else below the graph they are dropped without a word, and requests never reach those nodes.

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

from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.rules._stray_fields import get_value_at, normalize_field

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})

_NAMES = frozenset({"children", "child"})


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each unknown field below a graph that is, or holds, children."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    if path[0:1] != ("spec",) or "graph" not in path[:-1]:
        return
    value = get_value_at(deployment, path)
    is_children = normalize_field(str(path[-1])) in _NAMES and type(value) in (list, dict) and value
    if is_children or _holds_children(value):
        message = f'children are not read below "{path[-1]}": their nodes are lost'
        if is_children:
            message = f'"{path[-1]}" is not read here: its nodes are lost'
        yield Finding(path, message, "move children into the node that calls them")


def _holds_children(value: Any) -> bool:
    return type(value) is dict and type(value.get("children")) in (list, dict)
