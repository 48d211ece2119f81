"""Value of the wrong type

Why: the API server checks the types of a SeldonDeployment after the mutating webhooks, and refuses
the whole object with one short message.

Fix: Use a value of the expected type. Remove the quotes around numbers and booleans, and quote
strings that look like a number or boolean.

Bad:
    replicas: "1"

Good:
    replicas: 1
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path, resolve_path
from webhook.graph.text import describe_value, join_words
from webhook.rules._format import quote_value
from webhook.rules.editor_schema import words_of_field
from webhook.rules.schema._type_suggestions import suggest_value

ACTION = "deny"
SINCE = "0.1.0"
SUPERSEDABLE = True
FIELDS = frozenset({"type"})

_NAMES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each value whose type the schema does not allow."""
    if schema_error.kind == "type":
        yield _build_finding(deployment, schema_error.path, schema_error.expected_types)


def _build_finding(
    deployment: SeldonDeployment, path: Path, expected_types: tuple[str, ...]
) -> Finding:
    value = resolve_path(deployment.document, path)
    expected = join_words([_NAMES[name] for name in expected_types if name != "null"], "or")
    text = deployment.submitted.scalar_text(path)
    message = _describe_mismatch(path, value, expected)
    is_amount = "number" in expected_types or "integer" in expected_types  # or text: 1, "1Gi"
    if "string" in expected_types and type(value) in (bool, int, float) and not is_amount:
        if words := _known_words(path):  # none of them is a number, true or false
            return Finding(path, message, f"use {join_words(words, 'or')}")
        if text is None:  # JSON lacks the author's spelling: 1.0 has become 1
            return Finding(path, message, "quote it")
        quote: Operation = {"op": "replace", "path": path.pointer, "value": text}
        return Finding(path, message, f'quote it: "{text}"', (quote,), fix_safety="safe")
    new = _unquote(value, expected_types)
    if new is not None:
        fix: Operation = {"op": "replace", "path": path.pointer, "value": new}
        return Finding(path, message, f"use {json.dumps(new)}", (fix,), fix_safety="safe")
    remediation, new, safety = suggest_value(path, value, expected_types)
    if new is None:
        return Finding(path, message, remediation or f"use {expected}")
    suggested: Operation = {"op": "replace", "path": path.pointer, "value": new}
    return Finding(path, message, remediation, (suggested,), fix_safety=safety)


def _known_words(path: Path) -> tuple[str, ...]:
    """Return the words that a text, or an item of a list, may be; () if it may be any text."""
    field = path.parent if type(path[-1]) is int else path
    holder = schema.get_field_info(field.parent)
    return (
        words_of_field(holder.definition, field[-1])
        if holder and field[-1] in holder.fields
        else ()
    )


def _describe_mismatch(path: Path, value: Any, expected: str) -> str:
    if path and type(path[-1]) is int:
        field = f"{path[-2]}[{path[-1]}]"
    else:
        field = str(path[-1]) if path else "the document"
    if value is None:
        return f"{field} is empty; it must be {expected}"
    found = quote_value(value) if type(value) is str else describe_value(value)
    return f"{field} must be {expected}, got {found.removeprefix('the number ')}"


def _unquote(value: Any, expected: tuple[str, ...]) -> Any:
    """Return the number or boolean that a string certainly means; None if that is not certain."""
    if type(value) is not str:
        return None
    if ("integer" in expected or "number" in expected) and _INTEGER.match(value):
        return int(value)
    if "boolean" in expected and value in _BOOLEANS:
        return _BOOLEANS[value]
    return None
