"""Duplicate parameter name

Why: a component reads its parameters by name. Of two with the same name the last one wins, and the
other is ignored.

Fix: Keep only one.

Bad:
    parameters:
    - name: threshold
      type: FLOAT
      value: "0.5"
    - name: threshold
      type: FLOAT
      value: "0.7"

Good:
    parameters:
    - name: threshold
      type: FLOAT
      value: "0.7"
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, get_str, iter_mappings
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation", "parameters"})
LOCAL = True


def check(node: Node) -> Iterator[Finding]:
    """Yield each parameter whose name an earlier one of the node has.

    Source: seldon-checks G10.
    """
    # For an A/B test, ratio-without-effect is more precise.
    if node.implementation == "RANDOM_ABTEST":
        return
    first: dict[str, int] = {}
    for index, parameter in iter_mappings(node.raw, "parameters"):
        name = get_str(parameter, "name")
        if name and first.setdefault(name, index) != index:
            yield Finding(
                node.path / "parameters" / index / "name",
                f"duplicate parameter {quote_value(name)} (first at index {first[name]}); "
                "the last one wins",
            )
