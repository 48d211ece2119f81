"""Volume type that Kubernetes removed

Why: the API server still accepts volumes whose drivers Kubernetes has removed: scaleIO, flocker,
photonPersistentDisk, quobyte, storageos, glusterfs, cephfs (1.31), rbd (1.31) and gitRepo (1.36;
disabled by default since 1.33). No kubelet can mount one, and the pod never starts.

Fix: Use a CSI driver of the storage system. In place of gitRepo, clone into an emptyDir in an init
container.

Bad:
    volumes:
    - name: models
      glusterfs:
        endpoints: glusterfs-cluster
        path: models

Good:
    volumes:
    - name: models
      csi:
        driver: csi.storage.example
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumes"})

_OLDEST_MINOR = 30
"""The oldest Kubernetes that graphgate supports (docs/versioning.md)."""
_REMOVED_IN = {
    "photonPersistentDisk": 16,
    "scaleIO": 22,
    "flocker": 25,
    "quobyte": 25,
    "storageos": 25,
    "glusterfs": 26,
    "cephfs": 31,
    "rbd": 31,
    "gitRepo": 36,
}
"""The first minor version whose kubelet has no driver for each type."""
_DISABLED_IN = {"gitRepo": 33}
"""The first one that has it only behind a feature gate."""


def check(pod: ComponentSpec, facts: Facts) -> Iterator[Finding]:
    """Yield each volume that no kubelet of the cluster can mount.

    Source: warningsForPodSpecAndMeta (pkg/api/pod/warnings.go, v1.36.4), and ProbeVolumePlugins of
    the kubelet. Where the cluster's version is not known, what some versions still have is only
    a warning.
    """
    minor = facts.kubernetes_minor
    for index, volume in iter_mappings(pod.pod, "volumes"):
        for kind in _REMOVED_IN.keys() & volume.keys():
            if volume[kind] is None:
                continue
            removed = _REMOVED_IN[kind]
            disabled = _DISABLED_IN.get(kind, removed)
            if minor is not None and minor < disabled:
                continue
            certain = removed <= (_OLDEST_MINOR if minor is None else minor)
            path = pod.path.join(("spec", "volumes", index, kind))
            message = f"Kubernetes 1.{removed} removed {kind} volumes"
            if certain:
                message += ": no kubelet can mount this one"
            elif disabled < removed:
                message = (
                    f"{kind} volumes are disabled by default since Kubernetes 1.{disabled}, and "
                    f"removed in 1.{removed}"
                )
            yield Finding(path, message, _remedy(kind), certain=certain)


def _remedy(kind: str) -> str:
    if kind == "gitRepo":
        return "clone the repository into an emptyDir in an init container"
    return "use a volume of a CSI driver"
