"""A container has two mounts at one path

Why: every mount of a container needs a mountPath of its own. The API server refuses a Deployment
with two at the same, or with an empty one.

Fix: Give each mount a path of its own. A file of a volume is mounted by subPath.

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
    """Yield each mount whose path is empty or another's (ValidateVolumeMounts, …Devices)."""
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
                yield Finding(field_path, f"the {key} is empty", "write where it is to be mounted")
            elif (first := seen.setdefault(path, (field, index))) != (field, index):
                field_path = container.path.join((field, index, key))
                yield Finding(
                    field_path, f"{path} is taken by {container.path.join(first)} already"
                )
