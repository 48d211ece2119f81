"""An A/B test has fewer than two children

Why: RANDOM_ABTEST sends a request to its first child or to its second. Where one of them is
missing, the orchestrator fails.

Fix: Give the A/B test two children.

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
        count = "one child" if one else "no children"
        yield Finding(
            node.path / "children",
            f"the A/B test {quote_value(node.name)} has {count}, not two",
        )
