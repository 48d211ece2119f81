"""Volumes that are more than a pod's own storage, its configuration or a claim."""

from typing import Any

from webhook.graph.path import Path
from webhook.podsecurity.check import Check, Violation, plural, quoted
from webhook.podsecurity.pod import Pod, text

_ALLOWED = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_FORBIDDEN = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
)


def judge(pod: Pod) -> Violation | None:
    """Allow only the types that restricted lists.

    A volume without any source passes: the API server makes it an emptyDir before it is judged.
    """
    if not pod.spec.get("volumes"):
        return None
    guilty = [
        (index, text(volume.get("name")), kind)
        for index, volume in enumerate(pod.volumes)
        if (kind := _forbidden_type(volume)) is not None
    ]
    if not guilty:
        return None
    types = sorted({kind for _, _, kind in guilty})
    return Violation(
        CHECK.id,
        "restricted volume types",
        f"{plural(len(guilty), 'volume')} {quoted(name for _, name, _ in guilty)}"
        f" {plural(len(guilty), 'uses', 'use')}"
        f" {plural(len(types), 'restricted volume type')} {quoted(types)}",
        tuple(Path(("spec", "volumes", index, kind)) for index, _, kind in guilty),
    )


def _forbidden_type(volume: dict[str, Any]) -> str | None:
    sources = [key for key, value in volume.items() if value is not None and key != "name"]
    if not sources or not _ALLOWED.isdisjoint(sources):
        return None
    return next((kind for kind in _FORBIDDEN if kind in sources), "unknown")


CHECK = Check("restrictedVolumes", "restricted", ((0, judge),), overrides=("hostPathVolumes",))
