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
from webhook.graph.model import Container, Deployment, mapping, mappings, text
from webhook.graph.signs import unusual
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("volumeMounts")})

_BLOCKS = ("persistentVolumeClaim", "ephemeral")
_SPECIAL = frozenset({"mountPropagation", "recursiveReadOnly"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such mount (sources: ValidateVolumeMounts, ValidateVolumeDevices)."""
    for container in deployment.in_need("volumeMounts"):
        for index, mount in mappings(container.raw, "volumeMounts"):
            if not _SPECIAL.isdisjoint(mount):
                yield from _mount(container, index, mount)
        if "volumeDevices" in container.raw:
            yield from _devices(deployment, container)


def _mount(container: Container, index: int, mount: Mapping[str, Any]) -> Iterator[Finding]:
    path = container.path.join(("volumeMounts", index))
    propagation = text(mount, "mountPropagation")
    privileged = mapping(container.raw, "securityContext").get("privileged") is True
    if propagation == "Bidirectional" and not privileged:
        fact = "the mount is Bidirectional, and the container is not privileged"
        yield Finding(path / "mountPropagation", fact)
    recursive = text(mount, "recursiveReadOnly")
    if recursive not in ("Enabled", "IfPossible"):
        return
    if mount.get("readOnly") is not True:
        fact = f"recursiveReadOnly is {recursive}, and the mount is not readOnly"
        yield Finding(path / "recursiveReadOnly", fact, "add readOnly: true")
    elif propagation not in ("", "None"):
        fact = f"recursiveReadOnly is {recursive}, and mountPropagation is {propagation}"
        yield Finding(path / "recursiveReadOnly", fact)


def _devices(deployment: Deployment, container: Container) -> Iterator[Finding]:
    mounted = {text(mount, "name") for _, mount in mappings(container.raw, "volumeMounts")}
    volumes = {
        text(volume, "name"): volume
        for component in deployment.components
        if container.path[: len(component.path)] == component.path
        for _, volume in mappings(component.pod, "volumes")
    }
    taken: set[str] = set()
    for index, device in mappings(container.raw, "volumeDevices"):
        path = container.path.join(("volumeDevices", index))
        name = text(device, "name")
        if name in volumes and not any(volumes[name].get(kind) is not None for kind in _BLOCKS):
            yield Finding(
                path / "name", f"the volume {quoted(name)} is no claim's: it is no device"
            )
        elif name and name in mounted:
            yield Finding(path / "name", f"the volume {quoted(name)} is mounted as a folder, too")
        elif name and name in taken:
            yield Finding(path / "name", f"the volume {quoted(name)} is a device here already")
        taken.add(name)
        place = text(device, "devicePath")
        if ".." in place.split("/"):
            yield Finding(path / "devicePath", f'the path {quoted(place)} leads up with ".."')
