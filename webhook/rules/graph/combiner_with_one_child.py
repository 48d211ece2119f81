"""Combiner with one child

Why: a combiner merges several responses into one. With one child it has nothing to merge. It works,
but a child was probably forgotten, or the node is an output transformer.

Fix: Add the other children, or remove the combiner.

Bad:
    graph:
      name: average
      type: COMBINER
      children:
      - name: first

Good:
    graph:
      name: average
      type: COMBINER
      children:
      - name: first
      - name: second
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"COMBINER"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each combiner with one child (source: seldon-checks G4)."""
    if (
        node.type == "COMBINER"
        and len(node.children) == 1
        # Malformed children are not in node.children.
        and node.raw.get("children") == [node.children[0].raw]
    ):
        yield Finding(
            node.path / "children",
            f"the combiner {quote_value(node.name)} has only one child",
        )
