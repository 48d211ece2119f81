"""Several children without a combiner

Why: the orchestrator calls all children of a node at once. If the node neither chooses one of them
(a router) nor merges their responses (a combiner), only the first child's response is used.

Fix: Put a combiner or a router above the children, or nest them to make a chain.

Bad:
    graph:
      name: scale
      type: TRANSFORMER
      children:
      - name: first
      - name: second

Good:
    graph:
      name: scale
      type: TRANSFORMER
      children:
      - name: average
        type: COMBINER
        children:
        - name: first
        - name: second
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value
from webhook.rules.graph._nodes import is_combiner, is_router

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"children"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each node that ignores the responses of later children (source: seldon-checks G5)."""
    if len(node.children) < 2 or is_router(node) or is_combiner(node):
        return
    if node.type and node.type not in schema.enum_values("node-types"):
        return  # the intended type is not known
    if is_prepackaged_server(node) and node.raw.get("modelUri") in (None, ""):
        return  # likewise: EPSILON_GREEDY is not a server
    yield Finding(
        node.path / "children",
        f"only the response of {quote_value(node.children[0].name)}, the first of "
        f"{len(node.children)} children, is used: {quote_value(node.name)} is neither a "
        "router nor a combiner",
    )
