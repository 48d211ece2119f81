"""Invalid A/B test ratio

Why: ratioA is the probability of the first child. The orchestrator parses it at every request, and
fails if it is not a number.

Fix: Use a number from 0 to 1, in quotes.

Bad:
    implementation: RANDOM_ABTEST
    parameters:
    - name: ratioA
      type: FLOAT
      value: half

Good:
    implementation: RANDOM_ABTEST
    parameters:
    - name: ratioA
      type: FLOAT
      value: "0.5"
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.rules._format import quote_value
from webhook.rules.graph._ratio import iter_ratios, parse_go_float

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"RANDOM_ABTEST"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each ratioA that Go's ParseFloat does not accept.

    Source: components.go; seldon-checks G6.
    """
    for path, value, _ in iter_ratios(node):
        if parse_go_float(value) is None:
            yield Finding(path / "value", f"ratioA must be a number, got {quote_value(value)}")
