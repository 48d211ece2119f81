"""Volume used in another mode than its own

Why: a claim is a file system, which volumeMounts mount, or a block device, which volumeDevices map.
The API server takes either; the kubelet compares them with the claim's volumeMode, and starts no
container of the pod where one is used as what it is not. A claim template without volumeMode makes
a file system, and no claim is both.

Fix: Use volumeMounts for a file system and volumeDevices for a block device, or change volumeMode.

Bad:
    containers:
    - name: classifier
      volumeMounts:
      - name: scratch
        mountPath: /scratch
    volumes:
    - name: scratch
      ephemeral:
        volumeClaimTemplate:
          spec:
            volumeMode: Block
            accessModes: [ReadWriteOnce]
            resources: {requests: {storage: 1Gi}}

Good:
    containers:
    - name: classifier
      volumeDevices:
      - name: scratch
        devicePath: /dev/scratch
    volumes:
    - name: scratch
      ephemeral:
        volumeClaimTemplate:
          spec:
            volumeMode: Block
            accessModes: [ReadWriteOnce]
            resources: {requests: {storage: 1Gi}}
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumes"})
WORDS = frozenset({"volumes.ephemeral", "volumes.persistentVolumeClaim"})

_USES = {"Filesystem": "volumeMounts", "Block": "volumeDevices"}
"""By mode: the field of a container that uses a volume as what it is."""


def check(pod: ComponentSpec) -> Iterator[Finding]:
    """Yield a use of each claim in another mode than its own, or in a second one.

    Source: createVolumeSpec of the kubelet (desired_state_of_world_populator.go, v1.36.4). What one
    container uses in both modes, malformed-volume-mount reports.
    """
    claims = [
        volume
        for volume in pod.volumes
        if "ephemeral" in volume.raw or "persistentVolumeClaim" in volume.raw
    ]
    if not claims:
        return
    used = _first_uses(pod)
    for volume in claims:
        mounts, devices = (used[field].get(volume.name, {}) for field in _USES.values())
        if type(volume.raw.get("ephemeral")) is dict:
            template = get_mapping(get_mapping(volume.raw, "ephemeral"), "volumeClaimTemplate")
            mode = get_str(get_mapping(template, "spec"), "volumeMode") or "Filesystem"
            wrong = {"Filesystem": devices, "Block": mounts}.get(mode, {})
            for place in list(wrong.values())[:1]:
                message = f"volume {quote_value(volume.name)} has the volumeMode {mode}"
                yield Finding(place, message, f"use {_USES[mode]}")
        else:
            both = [place for owner, place in devices.items() if mounts.keys() - {owner}]
            for place in both[:1]:
                message = (
                    f"volume {quote_value(volume.name)} is mounted in another container, and no "
                    "claim is both a file system and a block device"
                )
                yield Finding(place, message, "use another claim")


def _first_uses(pod: ComponentSpec) -> dict[str, dict[str, dict[int, Path]]]:
    """Return, by field and volume, the place of its first use in each container, by number."""
    used: dict[str, dict[str, dict[int, Path]]] = {field: {} for field in _USES.values()}
    for number, container in enumerate(pod.all_containers):
        for field, volumes in used.items():
            if field not in container.raw:
                continue
            for index, use in iter_mappings(container.raw, field):
                places = volumes.setdefault(get_str(use, "name"), {})
                if number not in places:
                    places[number] = container.path.join((field, index, "name"))
    return used
