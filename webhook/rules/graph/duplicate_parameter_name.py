"""Two parameters of a node have one name

Why: a component takes its parameters by name. Of two with one name the last one counts, and the
other is lost without a word.

Fix: Remove one of them.

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
from webhook.graph.model import Node, get_list, get_str, iter_mappings
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation", "parameters"})
LOCAL = True


def check(node: Node) -> Iterator[Finding]:
    """Yield each parameter whose name an earlier one of the node has.

    Source: seldon-checks G10.
    """
    # Of an A/B test, ratio-without-effect says more.
    if "parameters" not in node.raw or node.implementation == "RANDOM_ABTEST":
        return
    if len(get_list(node.raw, "parameters")) < 2:
        return
    first: dict[str, int] = {}
    for index, parameter in iter_mappings(node.raw, "parameters"):
        name = get_str(parameter, "name")
        if name and first.setdefault(name, index) != index:
            yield Finding(
                node.path / "parameters" / index / "name",
                f"the parameter {quote_value(name)} stands at {first[name]} already, "
                "and the last one counts",
            )
