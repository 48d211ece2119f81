"""Fetching a model: an init container that fills a volume from a modelUri.

An author who mounts something at /mnt/models provides the model; then nothing is fetched. Unlike
Seldon two claims in one pod get two volumes, and the container is hardened. Credentials come from
the Secret named on the node or by option; those that Seldon copies from a service account's
Secrets need the cluster and are not looked up here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.model import mapping, text
from webhook.graph.path import Path
from webhook.workloads import hardening, names
from webhook.workloads.environment import MODELS
from webhook.workloads.origin import Traced, append, copy, listing, ours, pick, put, table
from webhook.workloads.placement import Placement, Pod
from webhook.workloads.servers import env_secret

CLAIM = "pvc://"
CLAIM_VOLUME = "kfserving-pvc-source"
CLAIM_MOUNT = "/mnt/pvc"
"""Where and under which name a claim is mounted: what Seldon's initializer image expects."""

BUILT_IN = {
    "image": "seldonio/rclone-storage-initializer:1.17.1",
    "cpuRequest": "100m",
    "cpuLimit": "1",
    "memoryRequest": "100Mi",
    "memoryLimit": "1Gi",
}
"""What Seldon's chart writes into seldon-config, under the names that it has there."""


Mount = dict[str, Any]
"""One entry of a container's volumeMounts."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The lists of a pod that fetching a model adds to."""

    containers: tuple[Traced, ...]
    init: Traced
    volumes: Traced


@dataclass(frozen=True, slots=True)
class Model:
    """What is fetched for whom.

    target  the name of the container that reads it
    raw     the node or explainer that has the modelUri, which stands at `path`
    """

    target: str
    raw: Mapping[str, Any]
    path: Path


def fetch(placement: Placement, pod: Pod | None, parts: Parts, model: Model) -> Parts:
    """Return `parts` with the model brought to its container; `pod`: None for one of ours."""
    uri = text(model.raw, "modelUri")
    seats = [i for i, c in enumerate(parts.containers) if c.value.get("name") == model.target]
    if not uri or not seats or _has_mount(parts.containers[seats[0]].value, MODELS):
        return parts
    called_for = placement.predictor.path
    volume = names.model_volume(model.target)
    reading: list[Mount] = [{"name": volume, "mountPath": MODELS, "readOnly": True}]
    if any(c.get("name") == names.initializer(model.target) for c in parts.init.value):
        return _mounted(parts, seats[0], reading, called_for)  # the author brings an initializer
    source = copy(uri, model.path / "modelUri")
    volumes = [ours({"name": volume, "emptyDir": {}}, called_for)]
    writing: list[Mount] = [{"name": volume, "mountPath": MODELS}]
    if uri.startswith(CLAIM):
        claim, _, inside = uri.removeprefix(CLAIM).partition("/")
        found, claimed = _claim(parts.volumes, claim, model.target)
        if claimed is not None:
            volumes.append(ours(claimed, called_for))
        for mounts in (reading, writing):
            mounts.append({"name": found, "mountPath": CLAIM_MOUNT, "readOnly": True})
        source = Traced(f"{CLAIM_MOUNT}/{inside}", source.origin)
    init = _container(placement, pod, model, source=source, mounts=writing)
    return Parts(
        _mounted(parts, seats[0], reading, called_for).containers,
        append(parts.init, [init]),
        append(parts.volumes, volumes),
    )


def _container(
    placement: Placement,
    pod: Pod | None,
    model: Model,
    *,
    source: Traced,
    mounts: list[Mount],
) -> Traced:
    config = {**BUILT_IN, **placement.facts.initializer}
    image = placement.options.initializer_image or config["image"]
    path = placement.predictor.path
    own = text(model.raw, "storageInitializerImage")
    secret = env_secret(placement, model.raw)
    return table(
        path,
        {
            "name": names.initializer(model.target),
            "image": copy(own, model.path / "storageInitializerImage") if own else image,
            "imagePullPolicy": "IfNotPresent",
            "args": listing(path, [source, ours(MODELS, path)]),
            "envFrom": [{"secretRef": {"name": secret}}] if secret else None,
            "resources": None
            if pod is not None and pod.shares_resources
            else {
                "limits": {"cpu": config["cpuLimit"], "memory": config["memoryLimit"]},
                "requests": {"cpu": config["cpuRequest"], "memory": config["memoryRequest"]},
            },
            "volumeMounts": mounts,
            "securityContext": hardening.injected(placement, pod),
        },
    )


def _claim(volumes: Traced, claim: str, target: str) -> tuple[str, dict[str, Any] | None]:
    """Return the name of the claim's volume, and the volume if the pod has none yet."""
    for volume in volumes.value:
        if text(mapping(volume, "persistentVolumeClaim"), "claimName") == claim:
            return text(volume, "name"), None
    taken = any(text(volume, "name") == CLAIM_VOLUME for volume in volumes.value)
    name = names.claim_volume(target) if taken else CLAIM_VOLUME
    return name, {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def _mounted(parts: Parts, seat: int, mounts: list[Mount], path: Path) -> Parts:
    containers = list(parts.containers)
    containers[seat] = mount(containers[seat], mounts, path)
    return Parts(tuple(containers), parts.init, parts.volumes)


def mount(container: Traced, mounts: list[Mount], path: Path) -> Traced:
    """Return the container with `mounts` added; a path that is mounted already stays as it is."""
    new = [ours(m, path) for m in mounts if not _has_mount(container.value, m["mountPath"])]
    if not new:
        return container
    there = type(container.value.get("volumeMounts")) is list
    listed = pick(container, "volumeMounts") if there else ours([], path)
    return put(container, {"volumeMounts": append(listed, new)})


def _has_mount(container: Mapping[str, Any], path: str) -> bool:
    mounts = container.get("volumeMounts")
    return type(mounts) is list and any(
        type(m) is dict and text(m, "mountPath").rstrip("/") == path.rstrip("/") for m in mounts
    )
