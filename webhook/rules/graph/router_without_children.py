"""Router or combiner without children

Why: a router chooses one of its children, a combiner merges the responses of all. Without children
it is never called, and the request is returned as the response.

Fix: Add children, or change the type.

Bad:
    graph:
      name: choose
      type: ROUTER

Good:
    graph:
      name: choose
      type: ROUTER
      children:
      - name: first
        type: MODEL
      - name: second
        type: MODEL
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value
from webhook.rules.graph._nodes import has_no_children

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"COMBINER", "ROUTER"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each router and combiner that is a leaf.

    Source: executor of v1.17; seldon-checks G3.
    """
    if (
        node.type not in ("ROUTER", "COMBINER")
        or not has_no_children(node)
        # Reported by type-contradicts-implementation and ab-test-without-two-children.
        or is_prepackaged_server(node)
        or node.implementation == "RANDOM_ABTEST"
    ):
        return
    yield Finding(
        node.path / "children",
        f"the {node.type.lower()} {quote_value(node.name)} has no children",
    )
