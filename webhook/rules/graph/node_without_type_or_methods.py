"""Node without type and methods

Why: the orchestrator calls a node as its type or its methods require. It skips a node with neither
silently. Seldon refuses UNKNOWN_TYPE without methods, and defaults to MODEL only if type, methods
and implementation are all absent.

Fix: Set the type of the node, or its methods.

Bad:
    graph:
      name: classifier
      type: UNKNOWN_TYPE

Good:
    graph:
      name: classifier
      type: MODEL
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"UNKNOWN_TYPE", "implementation", "methods"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each node that is never called.

    Source: seldon-checks V11, which does not include an absent type.
    """
    if node.type in ("", "UNKNOWN_TYPE") and not node.has_builtin_implementation:
        yield from _check_node(node)


def _check_node(node: Node) -> Iterator[Finding]:
    methods = node.raw.get("methods")
    if methods:
        return
    if node.type:
        message = f"node {quote_value(node.name)} has type UNKNOWN_TYPE and no methods"
        yield Finding(node.path / "type", message)
    elif node.raw.get("type") is None and type(node.raw.get("implementation")) is str:
        implementation = quote_value(node.implementation)
        message = (
            f"type is required with implementation {implementation}: it does not default to MODEL"
        )
        yield Finding(
            node.path / "type", message, "set type to MODEL if it is a model", certain=False
        )
    elif node.raw.get("type") is None and methods == []:
        message = "type is required with empty methods: it does not default to MODEL"
        yield Finding(
            node.path / "methods", message, "set type to MODEL if it is a model", certain=False
        )
