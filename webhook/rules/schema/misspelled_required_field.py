"""Misspelled required field

Why: fields are written in camelCase; only service_host, service_port, oauth_key and oauth_secret
have "_". A field in another spelling, or with the name that a related project uses, is unknown: the
API server drops it, and without it the object does not run.

Fix: Use the spelling of the API.

Bad:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      model_uri: gs://models/iris

Good:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      modelUri: gs://models/iris
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Finding, FixSafety, Operation
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path
from webhook.graph.suggest import spelling_fix_safety
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._stray_fields import (
    FIELD_ALIASES,
    find_correct_name,
    get_value_at,
    is_meant,
    move_operation,
    normalize_field,
)
from webhook.rules._variables import read_variables
from webhook.rules.pod.missing_image import needs_image

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each field whose right name is certain, and without which the object cannot run.

    A field that only has no effect is reported by unknown-field.
    """
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    required = _required_fields(deployment, path.parent, str(path[-1]))
    correct_name = find_correct_name(deployment, path, required)
    if not correct_name:
        return
    is_required = correct_name in required
    if is_required or normalize_field(str(path[-1])) in FIELD_ALIASES:
        message = f'unknown field "{path[-1]}"; the field is named "{correct_name}"'
        value = get_value_at(deployment, path)
        known = schema.known_fields(path.parent / correct_name)
        is_mapping = type(value) is dict
        # A mapping like {A: b} does not become a list by another name.
        can_move = not is_mapping or bool(known)
        is_other_value = is_mapping and not value.keys() <= set(known)
        is_spelling = _is_same_name(str(path[-1]), correct_name)
        safety: FixSafety = "safe" if is_spelling and not is_other_value else "unsafe"
        target = path.parent / correct_name
        fix: tuple[Operation, ...] = (move_operation(path, target),) if can_move else ()
        remediation = f"use {correct_name}"
        if correct_name == "env" and not _is_list_of_items(value):
            remediation = "use env, a list of items with name and value"
            variables, reading = read_variables(deployment, path)
            if variables:
                rewrite: Operation = {"op": "replace", "path": target.pointer, "value": variables}
                fix, safety = (move_operation(path, target), rewrite), reading
        # An optional field may be there by mistake.
        yield Finding(
            path,
            message,
            remediation,
            fix,
            certain=is_required,
            fix_safety=safety,
            at_key=True,
        )


def _is_list_of_items(value: Any) -> bool:
    return type(value) is list and all(type(item) is dict for item in value)


def _loads_model(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether the node at `path` is run by a server, which needs a model."""
    node = deployment.nodes_by_raw_id.get(id(get_value_at(deployment, path)))
    return node is not None and is_prepackaged_server(node)


def _required_fields(deployment: SeldonDeployment, path: Path, written: str) -> tuple[str, ...]:
    """Return the fields without which an object cannot run: also those that no schema requires.

    written  the unknown field: what it can be meant to be is among them
    """
    info = schema.get_field_info(path)
    required = info.required if info is not None else ()
    if "modelUri" not in required and _loads_model(deployment, path):
        required = (*required, "modelUri")
    if is_meant(written, "image") and needs_image(deployment, path):
        required = (*required, "image")
    return required


def _is_same_name(written: str, name: str) -> bool:
    """Return whether a name is another spelling of the other, or that of another project."""
    alias = FIELD_ALIASES.get(normalize_field(written)) == name
    return alias or spelling_fix_safety(written, name) == "safe"
