"""The source of a volume is wrapped

Why: Go's types and their reference call what a volume holds its volumeSource; in YAML no such field
exists, and the source stands in the volume itself. The wrapper is dropped, and without a source
Kubernetes makes an empty folder of the volume: the container starts, and finds nothing.

Fix: Take the wrapper away, so that the source stands beside the name.

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
        f'there is no field "{path[-1]}" here, and without it the volume is an empty folder',
        f"write {next(iter(inner))} beside the name of the volume",
        () if inner.keys() & volume.keys() else (*moves, rest),
        fix_safety="safe",
    )
