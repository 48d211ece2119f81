"""A node has neither type nor methods

Why: the orchestrator calls a node for what its type or its methods say. A node with neither is
passed by in silence. Seldon refuses UNKNOWN_TYPE without methods, and fills in MODEL only where
type, methods and implementation are all left out.

Fix: Write the type of the node, or its methods.

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

    Source: seldon-checks V11; an absent type is no V11.
    """
    if node.type in ("", "UNKNOWN_TYPE") and not node.has_builtin_implementation:
        yield from _check_node(node)


def _check_node(node: Node) -> Iterator[Finding]:
    methods = node.raw.get("methods")
    if methods:
        return
    if node.type:
        message = f"the node {quote_value(node.name)} is of UNKNOWN_TYPE and has no methods"
        yield Finding(node.path / "type", message)
    elif node.raw.get("type") is None and type(node.raw.get("implementation")) is str:
        implementation = quote_value(node.implementation)
        message = (
            f"with implementation {implementation}, a node without type and methods is no MODEL"
        )
        yield Finding(node.path / "type", message, "write type: MODEL if it is one", certain=False)
    elif node.raw.get("type") is None and methods == []:
        message = "with an empty list of methods, a node without type is no MODEL"
        yield Finding(
            node.path / "methods", message, "write type: MODEL if it is one", certain=False
        )
