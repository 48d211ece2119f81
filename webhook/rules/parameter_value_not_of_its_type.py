"""A parameter's value is not of its type

Why: a parameter is text that the component turns into its type when it starts. Components made
with Seldon's wrapper do not start if it cannot be turned.

Fix: Write a value of the type, or change the type.

Bad:
    parameters:
    - name: batch
      type: INT
      value: "0.5"

Good:
    parameters:
    - name: batch
      type: INT
      value: "5"
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, items
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"parameters"})

_BOOLEANS = frozenset(("y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0"))
"""What the wrapper reads as true or false (Python's strtobool), in any case."""

_WANTED = {
    "INT": "a whole number",
    "FLOAT": "a number",
    "DOUBLE": "a number",
    "BOOL": "true or false",
}


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each value that Seldon's wrapper refuses.

    Source: python/seldon_core; seldon-checks G10.
    """
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            # The parameter of an A/B test is the orchestrator's, see ratio-not-a-number.
            if "parameters" not in node.raw or node.implementation == "RANDOM_ABTEST":
                continue
            for index, parameter in enumerate(items(node.raw, "parameters")):
                if type(parameter) is not dict:
                    continue
                kind, value = parameter.get("type"), parameter.get("value")
                if type(value) is str and type(kind) is str and not _is(kind, value):
                    yield Finding(
                        node.path / "parameters" / index / "value",
                        f"{quoted(value)} is no {kind}",
                        f"write {_WANTED[kind]} in quotation marks, or change the type",
                    )


def _is(kind: str, value: str) -> bool:
    if kind == "BOOL":
        return value.lower() in _BOOLEANS
    if kind == "INT":
        turn: type[int | float] = int
    elif kind in ("FLOAT", "DOUBLE"):
        turn = float
    else:
        return True  # text, or a type that is unknown
    try:
        turn(value)
    except ValueError:
        return False
    return True
