"""The ratio of an A/B test does not do what it says

Why: ratioA is a probability. Beyond 0 or 1 every request goes to one child. Beside other
parameters the orchestrator does not read it at all, and each child gets half of the requests.

Fix: Make ratioA the only parameter, with a number from 0 to 1.

Bad:
    implementation: RANDOM_ABTEST
    parameters:
    - name: ratioA
      type: FLOAT
      value: "70"

Good:
    implementation: RANDOM_ABTEST
    parameters:
    - name: ratioA
      type: FLOAT
      value: "0.7"
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, get_str, iter_mappings
from webhook.rules._format import quote_value
from webhook.rules.graph._ratio import iter_ratios, parse_go_float

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"RANDOM_ABTEST"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each ratioA that is no probability, or not alone.

    Source: components.go; seldon-checks G6.
    """
    for path, value, count in iter_ratios(node):
        ratio = parse_go_float(value)
        if ratio is not None and not 0 <= ratio <= 1:
            side = "first" if ratio > 1 else "second"
            message = (
                f"ratioA is {quote_value(value)}, not from 0 to 1: every request goes to the {side}"
            )
            yield Finding(path / "value", f"{message} child")
        if count > 1:
            yield Finding(
                path,
                f"ratioA is one of {count} parameters, and is read only where it is alone: each "
                "child gets half of the requests",
                "remove the other parameters",
            )
    if node.implementation == "RANDOM_ABTEST" and "parameters" in node.raw:
        yield from _unread_ratio_paths(node)


def _unread_ratio_paths(node: Node) -> Iterator[Finding]:
    parameter_names = [
        get_str(parameter, "name") for _, parameter in iter_mappings(node.raw, "parameters")
    ]
    if parameter_names and "ratioA" not in parameter_names:
        yield Finding(
            node.path / "parameters" / 0 / "name",
            f"an A/B test reads ratioA, not {quote_value(parameter_names[0])}: each child gets "
            "half of the requests",
            "call it ratioA",
        )
