"""A volume is mounted in a way that it cannot be

Why: mounts that appear in a container reach the node only from a privileged one (Bidirectional).
What lies below a mount becomes read-only with it (recursiveReadOnly) only if the mount is, and if
nothing is propagated to it. As a device a container gets only a claim's volume, and not as a folder
too. The API server refuses a Deployment that asks otherwise.

Fix: Mount the volume without that, or give what it needs.

Bad:
    volumeMounts:
    - name: models
      mountPath: /models
      recursiveReadOnly: Enabled

Good:
    volumeMounts:
    - name: models
      mountPath: /models
      readOnly: true
      recursiveReadOnly: Enabled
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    Container,
    get_list,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumeDevices", "volumeMounts"})

_BLOCK_VOLUMES = ("persistentVolumeClaim", "ephemeral")
_SPECIAL_PATHS = frozenset({"mountPropagation", "recursiveReadOnly"})


def check(container: Container, component: ComponentSpec | None) -> Iterator[Finding]:
    """Yield each such mount (sources: ValidateVolumeMounts, ValidateVolumeDevices)."""
    for index, mount in enumerate(get_list(container.raw, "volumeMounts")):
        if type(mount) is dict and not _SPECIAL_PATHS.isdisjoint(mount):
            yield from _check_mount(container, index, mount)
    if "volumeDevices" in container.raw:
        yield from _check_devices(container, component)


def _check_mount(container: Container, index: int, mount: Mapping[str, Any]) -> Iterator[Finding]:
    path = container.path.join(("volumeMounts", index))
    propagation = get_str(mount, "mountPropagation")
    privileged = get_mapping(container.raw, "securityContext").get("privileged") is True
    if propagation == "Bidirectional" and not privileged:
        message = "the mount is Bidirectional, and the container is not privileged"
        yield Finding(path / "mountPropagation", message)
    recursive = get_str(mount, "recursiveReadOnly")
    if recursive not in ("Enabled", "IfPossible"):
        return
    if mount.get("readOnly") is not True:
        message = f"recursiveReadOnly is {recursive}, and the mount is not readOnly"
        yield Finding(path / "recursiveReadOnly", message, "add readOnly: true")
    elif propagation not in ("", "None"):
        message = f"recursiveReadOnly is {recursive}, and mountPropagation is {propagation}"
        yield Finding(path / "recursiveReadOnly", message)


def _check_devices(container: Container, component: ComponentSpec | None) -> Iterator[Finding]:
    mounted = {get_str(mount, "name") for _, mount in iter_mappings(container.raw, "volumeMounts")}
    volumes = {} if component is None else component.volumes_by_name
    device_paths: set[str] = set()
    for index, device in iter_mappings(container.raw, "volumeDevices"):
        path = container.path.join(("volumeDevices", index))
        name = get_str(device, "name")
        if name in volumes and not any(
            volumes[name][-1].raw.get(kind) is not None for kind in _BLOCK_VOLUMES
        ):
            yield Finding(
                path / "name", f"the volume {quote_value(name)} is no claim's: it is no device"
            )
        elif name and name in mounted:
            yield Finding(
                path / "name", f"the volume {quote_value(name)} is mounted as a folder, too"
            )
        elif name and name in device_paths:
            yield Finding(path / "name", f"the volume {quote_value(name)} is a device here already")
        device_paths.add(name)
        field_path = get_str(device, "devicePath")
        if ".." in field_path.split("/"):
            yield Finding(
                path / "devicePath", f'the path {quote_value(field_path)} leads up with ".."'
            )
