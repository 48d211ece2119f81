"""Mapping instead of a list

Why: containers, ports, env and componentSpecs are lists, even with one item. The API server refuses
a mapping.

Fix: Put a dash before the first field of the item. Environment variables are items with name and
value.

Bad:
    componentSpecs:
      spec:
        containers:
        - name: classifier

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rules._stray_fields import get_value_at
from webhook.rules._variables import read_variables

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"type"})


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each mapping in place of a list of mappings; `children` has its own rule."""
    if (
        schema_error.kind == "type"
        and "array" in schema_error.expected_types
        and schema_error.path[-1] != "children"
    ):
        value = get_value_at(deployment, schema_error.path)
        item = schema.get_field_info(schema_error.path / 0)
        if type(value) is dict and value and item and item.fields:
            parts = deployment.submitted.split_mapping(schema_error.path)
            variables = read_variables(deployment, schema_error.path)[0]
            yield _build_finding(schema_error.path, value, item, parts, variables)


def _build_finding(
    path: Path,
    value: dict[str, Any],
    item: schema.FieldInfo,
    parts: Sequence[Mapping[str, Any]],
    variables: list[dict[str, str]],
) -> Finding:
    quoted = join_words(list(value)[:5])
    message = f"{path[-1]} must be a list, got a mapping ({quoted})"
    if len(parts) > 1 and all(set(item.required) <= p.keys() <= set(item.fields) for p in parts):
        split: Operation = {"op": "replace", "path": path.pointer, "value": list(parts)}
        remediation = f'put "- " before each {next(iter(value))}: these are {len(parts)} items'
        return Finding(path, message, remediation, (split,), fix_safety="safe")
    if set(item.required) <= value.keys() <= set(item.fields):
        wrap: Operation = {"op": "replace", "path": path.pointer, "value": [value]}
        remediation = f'put "- " before {next(iter(value))}'
        return Finding(path, message, remediation, (wrap,), fix_safety="safe")
    if "name" not in item.fields or "name" in value:
        return Finding(path, message)
    if path[-1] == "env" and variables:
        items: list[Any] = list(variables)
        remediation = "write each variable as an item with name and value"
    elif all(type(part) is dict and _is_rest_of(item, part) for part in value.values()):
        items = [{"name": name, **part} for name, part in value.items()]
        items_with_name = "an item with name" if len(value) == 1 else "items with name"
        remediation = f"write {join_words(list(value)[:5])} as {items_with_name}"
    else:
        fields: list[str] = []
        if "value" in item.fields:
            fields = ["value", *(["type"] if "type" in item.fields else [])]
        fields = fields or [field for field in item.required if field != "name"]
        return Finding(path, message, f"write each item with {join_words(['name', *fields])}")
    listed: Operation = {"op": "replace", "path": path.pointer, "value": items}
    return Finding(path, message, remediation, (listed,), fix_safety="safe")


def _is_rest_of(item: schema.FieldInfo, part: Mapping[str, Any]) -> bool:
    """Return whether a mapping is an item without its name, which is the key before it."""
    return part.keys() <= set(item.fields) and part.get("name") is None
