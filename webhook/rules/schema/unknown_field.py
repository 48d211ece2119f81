"""Unknown field

Why: the API server drops unknown fields or refuses the object, depending on the client. A
misspelled field therefore silently has no effect. This is a warning, because harmless unknown
fields are common and new versions of Kubernetes add fields.

Fix: Correct the name of the field, or remove it.

Bad:
    predictors:
    - name: main
      replica: 2

Good:
    predictors:
    - name: main
      replicas: 2
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.graph.text import join_words
from webhook.rules._metrics import is_below_foreign_metric
from webhook.rules._right_level import is_part_of_handler
from webhook.rules._stray_fields import FIELD_ALIASES, get_value_at, move_operation, normalize_field
from webhook.rules.predictor.misplaced_pod_spec import is_reported_elsewhere

ACTION = "warn"
SINCE = "0.1.0"
SUPERSEDABLE = True
FIELDS = frozenset({"unknown"})

_INLINE_TYPES = frozenset({"localobjectreference", "objectreference", "resourcerequirements"})
"""Go types of Kubernetes that are embedded in others: their names are not fields."""


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each field that is not in the schema, with the nearest field that is not set."""
    path = schema_error.path
    if schema_error.kind != "unknown" or is_reported_elsewhere(deployment, path):
        return
    if is_below_foreign_metric(deployment, path):
        return
    if not is_part_of_handler(deployment, path):
        yield _unwrap_finding(deployment, path) or _build_finding(deployment, path)


def _build_finding(deployment: SeldonDeployment, path: Path) -> Finding:
    field = str(path[-1])
    message = f'unknown field "{field}"'
    known = schema.known_fields(path.parent)
    # Fields that are set count, too: a name nearest to one of them is not a typo of another.
    # Similarity to an alias, another word for a field, says nothing.
    aliases = {alias: name for alias, name in FIELD_ALIASES.items() if name in known}
    certain = nearest_word(field, (*known, *aliases), CERTAIN_SIMILARITY)
    written = certain or nearest_word(field, known)
    nearest = aliases.get(written, written)
    siblings = get_value_at(deployment, path.parent)
    if nearest and type(siblings) is dict and siblings.get(nearest) is not None:
        return Finding(path, message, f"remove it: {nearest} is set already", at_key=True)
    if not nearest or not _may_hold(path.parent / nearest, get_value_at(deployment, path)):
        return Finding(path, message, "remove it, or check its name and level", at_key=True)
    safety = spelling_fix_safety(field, written)
    return Finding(
        path,
        message,
        f'did you mean "{nearest}"?',
        (move_operation(path, path.parent / nearest),) if certain or safety == "safe" else (),
        fix_safety=safety,
        at_key=True,
    )


def _may_hold(path: Path, value: Any) -> bool:
    """Return whether a field takes a mapping, where the value is one."""
    info = schema.get_field_info(path)
    return type(value) is not dict or info is None or not info.types or "object" in info.types


def _unwrap_finding(deployment: SeldonDeployment, path: Path) -> Finding | None:
    """Return the finding for the name of an embedded Go type; None if it is not one."""
    if normalize_field(str(path[-1])) not in _INLINE_TYPES:
        return None
    inner, siblings = get_value_at(deployment, path), get_value_at(deployment, path.parent)
    if type(inner) is not dict or type(siblings) is not dict or not inner:
        return None
    if inner.keys() & siblings.keys() or not inner.keys() <= set(schema.known_fields(path.parent)):
        return None
    moves = [move_operation(path / name, path.parent / name) for name in inner]
    return Finding(
        path,
        f'unknown field "{path[-1]}"',
        f"move {join_words(inner)} into {_name_of(path.parent)}",
        (*moves, {"op": "remove", "path": path.pointer}),
        fix_safety="safe",
        at_key=True,
    )


def _name_of(path: Path) -> str:
    """Return a field, or an item with the list that it is of: imagePullSecrets[0]."""
    return f"{path[-2]}[{path[-1]}]" if type(path[-1]) is int else str(path[-1])
