"""Parameter value of the wrong type

Why: a parameter is a string that the component converts to its type at start. Components built with
Seldon's wrapper do not start if that fails.

Fix: Use a value of this type, or change the type.

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
from webhook.graph.model import Node, get_list
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation", "parameters"})
LOCAL = True

_BOOLEANS = frozenset(("y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0"))
"""What the wrapper reads as true or false (Python's strtobool), in any case."""

_EXPECTED_VALUES = {
    "INT": "a whole number",
    "FLOAT": "a number",
    "DOUBLE": "a number",
    "BOOL": "true or false",
}


def check(node: Node) -> Iterator[Finding]:
    """Yield each value that Seldon's wrapper refuses.

    Source: python/seldon_core; seldon-checks G10.
    """
    # The orchestrator reads the parameter of an A/B test: see ratio-not-a-number.
    if node.implementation == "RANDOM_ABTEST":
        return
    for index, parameter in enumerate(get_list(node.raw, "parameters")):
        if type(parameter) is not dict:
            continue
        kind, value = parameter.get("type"), parameter.get("value")
        if type(value) is str and type(kind) is str and not _is_of_type(kind, value):
            yield Finding(
                node.path / "parameters" / index / "value",
                f"invalid {kind} {quote_value(value)}",
                f"use {_EXPECTED_VALUES[kind]} in quotes, or change the type",
            )


def _is_of_type(kind: str, value: str) -> bool:
    if kind == "BOOL":
        return value.lower() in _BOOLEANS
    if kind == "INT":
        convert: type[int | float] = int
    elif kind in ("FLOAT", "DOUBLE"):
        convert = float
    else:
        return True  # a string, or an unknown type
    try:
        convert(value)
    except ValueError:
        return False
    return True
