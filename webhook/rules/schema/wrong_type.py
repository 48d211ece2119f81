"""A value is of the wrong type

Why: the API server checks the types of a SeldonDeployment between the mutating and the validating
webhooks, and refuses the whole object with one terse line.

Fix: Write a value of the type that the field has. Text that looks like a number, and numbers or
booleans that are meant as text, need to lose or to get their quotes.

Bad:
    replicas: "1"

Good:
    replicas: 1
"""

import re
from collections.abc import Iterator
from typing import Any

from webhook.graph.features import schema_error_feature
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import resolve_path
from webhook.graph.text import describe_value, join_words

ACTION = "deny"
SINCE = "0.1.0"
SUPERSEDABLE = True
TRIGGERS = frozenset({schema_error_feature("type")})

_NAMES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each value whose type the schema does not allow."""
    for schema_error in deployment.schema_errors:
        if schema_error.kind != "type":
            continue
        value = resolve_path(deployment.document, schema_error.path)
        expected = [_NAMES[name] for name in schema_error.expected_types if name != "null"]
        expected_text = join_words(expected, "or")
        new = _convert_value(value, schema_error.expected_types)
        fix: Operation = {"op": "replace", "path": schema_error.path.pointer, "value": new}
        yield Finding(
            schema_error.path,
            f"{describe_value(value)}, not {expected_text}",
            f"write {_format_value(new)}" if new is not None else f"write {expected_text}",
            (fix,) if new is not None else (),
        )


def _convert_value(value: Any, expected: tuple[str, ...]) -> Any:
    """Return the value that was certainly meant; None where that is not certain."""
    if isinstance(value, str):
        if ("integer" in expected or "number" in expected) and _INTEGER.match(value):
            return int(value)
        if "boolean" in expected and value in {"true", "false"}:
            return value == "true"
        return None
    if "string" in expected and isinstance(value, bool):
        return "true" if value else "false"
    if "string" in expected and isinstance(value, int):
        return str(value)
    return None


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
