"""A/B test without two children

Why: RANDOM_ABTEST sends each request to its first or its second child. Without one of them the
orchestrator fails.

Fix: Add children until the A/B test has two.

Bad:
    graph:
      name: split
      implementation: RANDOM_ABTEST
      children:
      - name: first

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
from webhook.graph.model import Node, get_list
from webhook.rules._format import quote_value
from webhook.rules.graph._nodes import has_no_children

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"RANDOM_ABTEST"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each A/B test with no child or one.

    Source: executor/predictor/components.go; seldon-checks G6.
    """
    if node.implementation != "RANDOM_ABTEST" or len(node.children) > 1:
        return
    one = len(get_list(node.raw, "children")) == 1
    if one or has_no_children(node):
        count = "one" if one else "none"
        yield Finding(
            node.path / "children",
            f"the A/B test {quote_value(node.name)} must have two children, has {count}",
        )
