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
from webhook.graph.model import Deployment, Node, mappings, text
from webhook.rules._ratio import as_number, ratios
from webhook.rules._text import quoted

ACTION = "warn"
SINCE = "0.1.0"
NEEDS = frozenset({"RANDOM_ABTEST"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each ratioA that is no probability, or not alone.

    Source: components.go; seldon-checks G6.
    """
    for path, value, count in ratios(deployment):
        ratio = as_number(value)
        if ratio is not None and not 0 <= ratio <= 1:
            side = "first" if ratio > 1 else "second"
            fact = f"ratioA is {quoted(value)}, not from 0 to 1: every request goes to the {side}"
            yield Finding(path / "value", f"{fact} child")
        if count > 1:
            yield Finding(
                path,
                f"ratioA is one of {count} parameters, and is read only where it is alone: each "
                "child gets half of the requests",
                "remove the other parameters",
            )
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if node.implementation == "RANDOM_ABTEST" and "parameters" in node.raw:
                yield from _unread(node)


def _unread(node: Node) -> Iterator[Finding]:
    names = [text(parameter, "name") for _, parameter in mappings(node.raw, "parameters")]
    if names and "ratioA" not in names:
        yield Finding(
            node.path / "parameters" / 0 / "name",
            f"an A/B test reads ratioA, not {quoted(names[0])}: each child gets half of the "
            "requests",
            "call it ratioA",
        )
