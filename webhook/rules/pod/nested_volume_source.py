"""Nested volume source

Why: volumeSource is a Go type, not a field: in YAML the source is a field of the volume itself. The
unknown field is dropped, and a volume without a source is an empty directory.

Fix: Move the source beside the name of the volume.

Bad:
    volumes:
    - name: models
      volumeSource:
        persistentVolumeClaim:
          claimName: iris

Good:
    volumes:
    - name: models
      persistentVolumeClaim:
        claimName: iris
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SchemaError, SeldonDeployment, get_mapping
from webhook.rules._stray_fields import (
    get_value_at,
    move_operation,
    normalize_field,
)

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})

_WRAPPER_FIELDS = frozenset({"volumesource", "source"})


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each wrapper in a volume that holds sources, and nothing else."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    if path[-3:-2] != ("volumes",) or normalize_field(str(path[-1])) not in _WRAPPER_FIELDS:
        return
    volume = get_value_at(deployment, path.parent)
    inner = get_mapping(volume, str(path[-1]))
    if not inner or not inner.keys() <= set(schema.known_fields(path.parent)):
        return
    moves = [move_operation(path / name, path.parent / name) for name in inner]
    rest: Operation = {"op": "remove", "path": path.pointer}
    yield Finding(
        path,
        f'unknown field "{path[-1]}"; without a source the volume is an empty directory',
        f"move {next(iter(inner))} beside the name of the volume",
        () if inner.keys() & volume.keys() else (*moves, rest),
        fix_safety="safe",
    )
