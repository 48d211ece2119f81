"""Volumes that are more than a pod's own storage, its configuration or a claim."""

from collections.abc import Mapping
from typing import Any

from webhook.graph.path import Path
from webhook.graph.text import pluralize
from webhook.podsecurity.check import Check, Violation, quote_words
from webhook.podsecurity.pod import Pod, as_str

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


def check_pod(pod: Pod) -> Violation | None:
    """Allow only the types that restricted lists.

    A volume without any source passes: the API server makes it an emptyDir before it is evaluated.
    """
    if not pod.spec.get("volumes"):
        return None
    violating = [
        (index, as_str(volume.get("name")), kind)
        for index, volume in enumerate(pod.volumes)
        if (kind := _forbidden_type(volume)) is not None
    ]
    if not violating:
        return None
    types = sorted({kind for _, _, kind in violating})
    return Violation(
        CHECK.id,
        "restricted volume types",
        f"{pluralize(len(violating), 'volume')} {quote_words(name for _, name, _ in violating)}"
        f" {pluralize(len(violating), 'uses', 'use')}"
        f" {pluralize(len(types), 'restricted volume type')} {quote_words(types)}",
        tuple(Path(("spec", "volumes", index, kind)) for index, _, kind in violating),
    )


def _forbidden_type(volume: Mapping[str, Any]) -> str | None:
    sources = [key for key, value in volume.items() if value is not None and key != "name"]
    if not sources or not _ALLOWED.isdisjoint(sources):
        return None
    return next((kind for kind in _FORBIDDEN if kind in sources), "unknown")


CHECK = Check("restrictedVolumes", "restricted", ((0, check_pod),), overrides=("hostPathVolumes",))
