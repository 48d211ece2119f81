"""Invalid volume mount

Why: mountPropagation Bidirectional requires a privileged container. recursiveReadOnly requires
readOnly and no mount propagation. volumeDevices require a PVC, which must not be mounted as a
directory, too. The API server refuses a Deployment with anything else.

Fix: Remove the setting, or add what it requires.

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
WORDS = frozenset(
    {"container.volumeDevices", "volumeMounts.mountPropagation", "volumeMounts.recursiveReadOnly"}
)

_BLOCK_VOLUMES = ("persistentVolumeClaim", "ephemeral")
_SPECIAL_PATHS = frozenset({"mountPropagation", "recursiveReadOnly"})


def check(container: Container, component: ComponentSpec | None) -> Iterator[Finding]:
    """Yield each such mount (sources: ValidateVolumeMounts, ValidateVolumeDevices).

    A device at a relative path the API server takes, and the kubelet does not (makeBlockVolumes).
    """
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
        message = "mountPropagation Bidirectional requires a privileged container"
        remediation = "set privileged to true, or use HostToContainer"
        yield Finding(path / "mountPropagation", message, remediation)
    recursive = get_str(mount, "recursiveReadOnly")
    if recursive not in ("Enabled", "IfPossible"):
        return
    if mount.get("readOnly") is not True:
        message = f"recursiveReadOnly {recursive} requires readOnly: true"
        yield Finding(path / "recursiveReadOnly", message, "add readOnly: true")
    elif propagation not in ("", "None"):
        message = (
            f"recursiveReadOnly {recursive} is not allowed with mountPropagation {propagation}"
        )
        yield Finding(path / "recursiveReadOnly", message, "remove mountPropagation")


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
            message = f"volumeDevices need a PVC; {quote_value(name)} is not one"
            yield Finding(path / "name", message, "use volumeMounts, or a volume of a PVC")
        elif name and name in mounted:
            message = f"volume {quote_value(name)} is in volumeMounts, too"
            yield Finding(path / "name", message, "remove it from one of them")
        elif name and name in device_paths:
            message = f"duplicate volume {quote_value(name)} in volumeDevices"
            yield Finding(path / "name", message, "keep only one")
        device_paths.add(name)
        field_path = get_str(device, "devicePath")
        if ".." in field_path.split("/"):
            message = f'invalid path {quote_value(field_path)}: ".." is not allowed'
            yield Finding(path / "devicePath", message, 'write the path without ".."')
        elif field_path and field_path[0] not in "/\\" and ":" not in field_path:
            message = f"devicePath {quote_value(field_path)} is not absolute: no kubelet maps it"
            yield Finding(path / "devicePath", message, f'use "/{field_path}"')
