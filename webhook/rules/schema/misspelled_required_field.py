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

from webhook.graph import schema
from webhook.graph.finding import Finding, FixSafety
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._stray_fields import (
    FIELD_ALIASES,
    get_value_at,
    move_operation,
    normalize_field,
)

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
    correct_name = _find_correct_name(path, get_value_at(deployment, path.parent))
    if not correct_name:
        return
    field_path = schema.get_field_info(path.parent)
    is_required = field_path is not None and correct_name in field_path.required
    is_required = is_required or (
        correct_name == "modelUri" and _loads_model(deployment, path.parent)
    )
    if is_required or normalize_field(str(path[-1])) in FIELD_ALIASES:
        message = f'unknown field "{path[-1]}"; the field is named "{correct_name}"'
        value = get_value_at(deployment, path)
        known = schema.known_fields(path.parent / correct_name)
        is_mapping = type(value) is dict
        # A mapping like {A: b} does not become a list by another name.
        can_move = not is_mapping or bool(known)
        safety: FixSafety = "unsafe" if is_mapping and not value.keys() <= set(known) else "safe"
        # An optional field may be there by mistake.
        yield Finding(
            path,
            message,
            f"use {correct_name}",
            (move_operation(path, path.parent / correct_name),) if can_move else (),
            certain=is_required,
            fix_safety=safety,
        )


def _loads_model(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether the node at `path` is run by a server, which needs a model."""
    node = deployment.nodes_by_raw_id.get(id(get_value_at(deployment, path)))
    return node is not None and is_prepackaged_server(node)


def _find_correct_name(path: Path, siblings: object) -> str:
    """Return the field that is probably meant if it is absent; "" if that is not certain."""
    siblings_written = normalize_field(str(path[-1]))
    known = schema.known_fields(path.parent)
    right = next((field for field in known if normalize_field(field) == siblings_written), "")
    right = right or (
        FIELD_ALIASES.get(siblings_written, "")
        if FIELD_ALIASES.get(siblings_written) in known
        else ""
    )
    used_names = type(siblings) is dict and siblings.get(right) is not None
    return "" if used_names else right
