"""Duplicate mount path

Why: the mounts of a container must have different paths. The API server refuses a Deployment with
two at the same path, or with an empty path.

Fix: Use a different path. To mount one file of a volume, use subPath.

Bad:
    volumeMounts:
    - name: models
      mountPath: /data
    - name: cache
      mountPath: /data

Good:
    volumeMounts:
    - name: models
      mountPath: /data/models
    - name: cache
      mountPath: /data/cache
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Container, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumeDevices", "volumeMounts"})
LOCAL = True


def check(container: Container) -> Iterator[Finding]:
    """Yield each mount with an empty or duplicate path (ValidateVolumeMounts, …Devices)."""
    yield from _check_container(container)


def _check_container(container: Container) -> Iterator[Finding]:
    seen: dict[str, tuple[str, int]] = {}
    for field, key in (("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")):
        for index, mount in iter_mappings(container.raw, field):
            path = mount.get(key)
            if type(path) is not str:
                continue
            if not path:
                field_path = container.path.join((field, index, key))
                yield Finding(field_path, f"{key} is empty", f"set {key}")
            elif (first := seen.setdefault(path, (field, index))) != (field, index):
                field_path = container.path.join((field, index, key))
                yield Finding(
                    field_path, f"duplicate {key} {path} (first at {container.path.join(first)})"
                )
