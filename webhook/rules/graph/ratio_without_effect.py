"""A/B test ratio without effect

Why: ratioA is a probability. Below 0 or above 1 every request goes to one child. Together with
other parameters the orchestrator ignores it, and each child gets half of the requests.

Fix: Use ratioA as the only parameter, with a number from 0 to 1.

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
    """Yield each ratioA that is out of range or not the only parameter.

    Source: components.go; seldon-checks G6.
    """
    for path, value, count in iter_ratios(node):
        ratio = parse_go_float(value)
        if ratio is not None and not 0 <= ratio <= 1:
            side = "first" if ratio > 1 else "second"
            message = (
                f"ratioA must be between 0 and 1, got {quote_value(value)}: "
                f"all requests go to the {side}"
            )
            yield Finding(path / "value", f"{message} child")
        if count > 1:
            yield Finding(
                path,
                f"ratioA must be the only parameter, is one of {count}: "
                "each child gets half of the requests",
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
            f"unknown parameter {quote_value(parameter_names[0])} of an A/B test: "
            "each child gets half of the requests",
            "did you mean ratioA?",
        )
