"""Fetching a model: an init container that fills a volume from a modelUri.

An author who mounts something at /mnt/models provides the model; then nothing is fetched. A volume
or an init container under the name that would be injected is the author's, and used. Unlike Seldon
two claims in one pod get two volumes, and the container is hardened.

Seldon's operator looks at names only (model_initializer_injector.go, v1.17.1): it fetches beside
another volume at /mnt/models, and adds its volume beside one of that name; the API server refuses
both, and so do our rules. Credentials come from
the Secret named on the node or by option; those that Seldon copies from a service account's
Secrets need the cluster and are not looked up here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rendering import names, security_context
from webhook.rendering.environment import MODELS_PATH
from webhook.rendering.layout import PodLayout, PredictorLayout
from webhook.rendering.model_servers import env_secret_name
from webhook.rendering.source_map import (
    Sourced,
    from_user,
    get_item,
    injected,
    list_of,
    mapping_of,
    with_fields,
    with_items,
)

CLAIM_SCHEME = "pvc://"
CLAIM_VOLUME = "kfserving-pvc-source"
CLAIM_MOUNT = "/mnt/pvc"
"""Where and under which name a claim is mounted: what Seldon's initializer image expects."""

DEFAULT_INITIALIZER = {
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
class PodParts:
    """The lists of a pod that fetching a model adds to."""

    containers: tuple[Sourced, ...]
    init_containers: Sourced
    volumes: Sourced


@dataclass(frozen=True, slots=True)
class ModelDownload:
    """What is fetched for whom.

    container_name  the name of the container that reads it
    raw             the node or explainer that has the modelUri, which stands at `path`
    """

    container_name: str
    raw: Mapping[str, Any]
    path: Path


def add_model_download(
    layout: PredictorLayout, pod: PodLayout | None, parts: PodParts, download: ModelDownload
) -> PodParts:
    """Return `parts` with the model brought to its container; `pod`: None for one of ours."""
    uri = get_str(download.raw, "modelUri")
    if not uri:
        return parts
    container_indexes = [
        i for i, c in enumerate(parts.containers) if c.value.get("name") == download.container_name
    ]
    if not container_indexes:
        return parts
    predictor_path = layout.predictor.path
    volume = names.model_volume_name(download.container_name)
    reader = parts.containers[container_indexes[0]].value
    if not layout.is_seldon and _mounts_another(reader, volume):
        return parts
    reader_mounts: list[Mount] = [{"name": volume, "mountPath": MODELS_PATH, "readOnly": True}]
    initializer = names.initializer_name(download.container_name)
    if any(c.get("name") == initializer for c in parts.init_containers.value):
        # The author brings an initializer.
        return _mount_in_container(layout, parts, container_indexes[0], reader_mounts)
    source = from_user(uri, download.path / "modelUri")
    is_there = any(get_str(present, "name") == volume for present in parts.volumes.value)
    volumes = []
    if layout.is_seldon or not is_there:
        volumes.append(injected({"name": volume, "emptyDir": {}}, predictor_path))
    writer_mounts: list[Mount] = [{"name": volume, "mountPath": MODELS_PATH}]
    if uri.startswith(CLAIM_SCHEME):
        claim, _, inside = uri.removeprefix(CLAIM_SCHEME).partition("/")
        volume_name, claim_volume = _find_claim_volume(
            layout, parts.volumes, claim, download.container_name
        )
        if claim_volume is not None:
            volumes.append(injected(claim_volume, predictor_path))
        for mounts in (reader_mounts, writer_mounts):
            mounts.append({"name": volume_name, "mountPath": CLAIM_MOUNT, "readOnly": True})
        source = Sourced(f"{CLAIM_MOUNT}/{inside}", source.source_map)
    init_container = _container(layout, pod, download, source=source, mounts=writer_mounts)
    return PodParts(
        _mount_in_container(layout, parts, container_indexes[0], reader_mounts).containers,
        with_items(parts.init_containers, [init_container]),
        with_items(parts.volumes, volumes),
    )


def _container(
    layout: PredictorLayout,
    pod: PodLayout | None,
    download: ModelDownload,
    *,
    source: Sourced,
    mounts: list[Mount],
) -> Sourced:
    config = {**DEFAULT_INITIALIZER, **layout.facts.storage_initializer}
    image = layout.options.initializer_image or config["image"]
    path = layout.predictor.path
    user_image = get_str(download.raw, "storageInitializerImage")
    secret = env_secret_name(layout, download.raw)
    return mapping_of(
        path,
        {
            "name": names.initializer_name(download.container_name),
            "image": from_user(user_image, download.path / "storageInitializerImage")
            if user_image
            else image,
            "imagePullPolicy": "IfNotPresent",
            "args": list_of(path, [source, injected(MODELS_PATH, path)]),
            "envFrom": [{"secretRef": {"name": secret}}] if secret else None,
            "resources": None
            if pod is not None and pod.shares_resources
            else {
                "limits": {"cpu": config["cpuLimit"], "memory": config["memoryLimit"]},
                "requests": {"cpu": config["cpuRequest"], "memory": config["memoryRequest"]},
            },
            "volumeMounts": mounts,
            "securityContext": security_context.initializer_context(layout, pod),
        },
    )


def _find_claim_volume(
    layout: PredictorLayout, volumes: Sourced, claim: str, target: str
) -> tuple[str, dict[str, Any] | None]:
    """Return the name of the claim's volume, and the volume if the pod has none yet."""
    if layout.is_seldon:
        return CLAIM_VOLUME, _claim_volume(CLAIM_VOLUME, claim)
    for volume in volumes.value:
        if get_str(get_mapping(volume, "persistentVolumeClaim"), "claimName") == claim:
            return get_str(volume, "name"), None
    is_taken = any(get_str(volume, "name") == CLAIM_VOLUME for volume in volumes.value)
    name = names.claim_volume_name(target) if is_taken else CLAIM_VOLUME
    return name, _claim_volume(name, claim)


def _claim_volume(name: str, claim: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def _mount_in_container(
    layout: PredictorLayout, parts: PodParts, index: int, mounts: list[Mount]
) -> PodParts:
    path = layout.predictor.path
    containers = list(parts.containers)
    mounted = _mounted_volumes(containers[index].value)
    mounts = [mount for mount in mounts if mount["name"] not in mounted]
    containers[index] = add_mounts(
        containers[index], mounts, path, keeps_paths=not layout.is_seldon
    )
    return PodParts(tuple(containers), parts.init_containers, parts.volumes)


def add_mounts(
    container: Sourced, mounts: list[Mount], path: Path, *, keeps_paths: bool = True
) -> Sourced:
    """Return the container with `mounts` added; a path that is mounted already stays as it is.

    keeps_paths  False: it is mounted again, as Seldon's operator does
    """
    new = [
        injected(mount, path)
        for mount in mounts
        if not keeps_paths or not _has_mount(container.value, mount["mountPath"])
    ]
    if not new:
        return container
    has_mounts = type(container.value.get("volumeMounts")) is list
    existing = get_item(container, "volumeMounts") if has_mounts else injected([], path)
    return with_fields(container, {"volumeMounts": with_items(existing, new)})


def _mounts_another(container: Mapping[str, Any], volume: str) -> bool:
    """Return whether something else than this volume is mounted where the model is expected."""
    return volume not in _mounted_volumes(container) and _has_mount(container, MODELS_PATH)


def _mounted_volumes(container: Mapping[str, Any]) -> set[str]:
    return {get_str(mount, "name") for _, mount in iter_mappings(container, "volumeMounts")}


def _has_mount(container: Mapping[str, Any], path: str) -> bool:
    mounts = container.get("volumeMounts")
    return type(mounts) is list and any(
        type(m) is dict and get_str(m, "mountPath").rstrip("/") == path.rstrip("/") for m in mounts
    )
