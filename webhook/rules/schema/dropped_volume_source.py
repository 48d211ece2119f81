"""Ignored volume source

Why: a volume without a source is an empty directory. A source in an unknown field, like secretName
beside secret, is dropped: the container starts with an empty directory.

Fix: Move the field into its source: secret, configMap or persistentVolumeClaim.

Bad:
    volumes:
    - name: token
      secretName: token

Good:
    volumes:
    - name: token
      secret:
        secretName: token
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.rules._format import quote_value
from webhook.rules._stray_fields import get_value_at, move_into_patch, normalize_field

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})

_WRAPPERS = ("volumesource", "source")
"""The wrapper that Seldon's reference shows: nested-volume-source warns and unwraps it."""
_HOMES = {"secretName": "secret", "claimName": "persistentVolumeClaim"}


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each unknown field of a volume that has no source without it."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    if path[-3:-2] != ("volumes",) or "componentSpecs" not in path:
        return
    if normalize_field(str(path[-1])) in _WRAPPERS:
        return
    volume = get_value_at(deployment, path.parent)
    if type(volume) is not dict or volume.get(str(path[-1])) is None:
        return
    sources = [field for field in schema.known_fields(path.parent) if field != "name"]
    if any(volume.get(source) is not None for source in sources):
        return
    home = _HOMES.get(str(path[-1]), "")
    yield Finding(
        path,
        f"{quote_value(str(path[-1]))} is not a volume source: the volume would be an empty "
        "directory",
        f"move it into {home}" if home else "",
        move_into_patch(deployment, path, path.parent.join((home, path[-1]))) if home else (),
        fix_safety="safe",
        at_key=True,
    )
