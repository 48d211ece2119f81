"""A field is unknown

Why: the API server drops fields that it does not know, or refuses the object, depending on the
client. A misspelt field is therefore a setting that silently does not apply. It is a warning
because harmless unknown fields are common, and Kubernetes grows new ones.

Fix: Write the field as it is spelt, or remove it.

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

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.graph.text import join_words
from webhook.rules._right_level import is_part_of_handler
from webhook.rules._stray_fields import FIELD_ALIASES, get_value_at, move_operation, normalize_field
from webhook.rules.predictor.misplaced_pod_spec import is_reported_elsewhere

ACTION = "warn"
SINCE = "0.1.0"
SUPERSEDABLE = True
FIELDS = frozenset({"unknown"})

_INLINE_TYPES = frozenset({"localobjectreference", "objectreference", "resourcerequirements"})
"""Types of Kubernetes that are embedded in others: names in Go, not fields of an object."""


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each field that the schema does not know, with the nearest field that is not set."""
    path = schema_error.path
    if schema_error.kind != "unknown" or is_reported_elsewhere(deployment, path):
        return
    if not is_part_of_handler(deployment, path):
        yield _unwrap_finding(deployment, path) or _build_finding(deployment, path)


def _build_finding(deployment: SeldonDeployment, path: Path) -> Finding:
    field = str(path[-1])
    message = f'there is no field "{field}" here'
    known = schema.known_fields(path.parent)
    # Among those that are set, too: what is nearest to one of them was not meant as another.
    aliases = {alias: name for alias, name in FIELD_ALIASES.items() if name in known}
    written = nearest_word(field, (*known, *aliases))
    nearest = aliases.get(written, written)
    siblings = get_value_at(deployment, path.parent)
    if nearest and type(siblings) is dict and siblings.get(nearest) is not None:
        return Finding(path, message, f"remove it: {nearest} is set already")
    if not nearest:
        return Finding(path, message, "remove it, or check its name and place")
    is_near = written == nearest_word(field, (*known, *aliases), CERTAIN_SIMILARITY)
    return Finding(
        path,
        message,
        f'did you mean "{nearest}"?',
        (move_operation(path, path.parent / nearest),) if is_near else (),
        fix_safety=spelling_fix_safety(field, written),
    )


def _unwrap_finding(deployment: SeldonDeployment, path: Path) -> Finding | None:
    """Return the finding for a type of Go's that has no field of its own; None if it is not one."""
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
        f'there is no field "{path[-1]}" here',
        f"write {join_words(inner)} in {path[-2]} itself",
        (*moves, {"op": "remove", "path": path.pointer}),
        fix_safety="safe",
    )
