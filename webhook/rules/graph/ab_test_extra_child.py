"""A/B test with more than two children

Why: RANDOM_ABTEST chooses between its first child and its second. Further children run, cost money,
and are never called.

Fix: Remove the child, or move it into a second A/B test below the first.

Bad:
    graph:
      name: split
      implementation: RANDOM_ABTEST
      children:
      - name: first
      - name: second
      - name: third

Good:
    graph:
      name: split
      implementation: RANDOM_ABTEST
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
FIELDS = frozenset({"RANDOM_ABTEST"})


def check(node: Node) -> Iterator[Finding]:
    """Yield the third and every later child of an A/B test.

    Source: components.go; seldon-checks G6.
    """
    if node.implementation != "RANDOM_ABTEST":
        return
    for child in node.children[2:]:
        yield Finding(
            child.path,
            f"{quote_value(child.name)} is never called: the A/B test "
            f"{quote_value(node.name)} calls its first two children only",
        )
