"""Fetching a model: an init container that fills a volume from a modelUri.

An author who mounts something at /mnt/models provides the model; then nothing is downloaded. A
volume or an init container with the name of an injected one is used as it is. Unlike Seldon
two claims in one pod get two volumes, and the container is hardened.

Seldon's operator looks at names only (model_initializer_injector.go, v1.17.1): it downloads beside
another volume at /mnt/models, and adds its volume beside one of that name; the API server rejects
both, and so do the rules. Credentials come from the Secret named on the node or by option; those
that Seldon copies from a service account's Secrets need the cluster and are not looked up here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.well_known import MODEL_CLAIM_VOLUME
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
    raw             the node or explainer that has the modelUri, which is at `path`
    """

    container_name: str
    raw: Mapping[str, Any]
    path: Path


def add_model_downloads(
    layout: PredictorLayout,
    pod: PodLayout | None,
    parts: PodParts,
    downloads: Iterable[ModelDownload],
) -> PodParts:
    """Return `parts` with the download of each model; `pod`: None for an injected pod."""
    adding = _Adding(layout, pod, parts)
    for download in downloads:
        adding.add(download)
    return adding.parts()


class _Adding:
    """A pod's lists while downloads are added, with what is in them by name."""

    def __init__(self, layout: PredictorLayout, pod: PodLayout | None, parts: PodParts) -> None:
        self._layout = layout
        self._pod = pod
        self._before = parts
        self._containers = list(parts.containers)
        self._init_containers: list[Sourced] = []
        self._volumes: list[Sourced] = []
        self._indexes: dict[Any, int] = {}
        for index, container in enumerate(parts.containers):
            name = container.value.get("name")
            if type(name) is str:
                self._indexes.setdefault(name, index)
        self._initializers = {get_str(c, "name") for c in parts.init_containers.value}
        self._volume_names: set[str] = set()
        self._claims: dict[str, str] = {}
        for volume in parts.volumes.value:
            self._note_volume(volume)

    def parts(self) -> PodParts:
        """Return the lists as they are now."""
        return PodParts(
            tuple(self._containers),
            with_items(self._before.init_containers, self._init_containers)
            if self._init_containers
            else self._before.init_containers,
            with_items(self._before.volumes, self._volumes)
            if self._volumes
            else self._before.volumes,
        )

    def add(self, download: ModelDownload) -> None:
        """Add the download of a model to its container, unless the author did so."""
        layout, name = self._layout, download.container_name
        uri, index = get_str(download.raw, "modelUri"), self._indexes.get(name)
        if not uri or index is None:
            return
        volume = names.model_volume_name(name, is_cut=layout.is_seldon)
        initializer_name = names.initializer_name(name, is_cut=layout.is_seldon)
        if not layout.is_seldon and _mounts_another(self._containers[index].value, volume):
            return
        reader_mounts: list[Mount] = [{"name": volume, "mountPath": MODELS_PATH, "readOnly": True}]
        if initializer_name in self._initializers:  # the author brings an initializer
            self._mount(index, reader_mounts)
            return
        source = from_user(uri, download.path / "modelUri")
        if layout.is_seldon or volume not in self._volume_names:
            self._add_volume({"name": volume, "emptyDir": {}})
        writer_mounts: list[Mount] = [{"name": volume, "mountPath": MODELS_PATH}]
        if uri.startswith(CLAIM_SCHEME):
            claim, _, inside = uri.removeprefix(CLAIM_SCHEME).partition("/")
            claim_volume = self._claim_volume(claim, name)
            for mounts in (reader_mounts, writer_mounts):
                mounts.append({"name": claim_volume, "mountPath": CLAIM_MOUNT, "readOnly": True})
            source = Sourced(f"{CLAIM_MOUNT}/{inside}", source.source_map)
        initializer = _container(
            layout,
            self._pod,
            download,
            name=initializer_name,
            source=source,
            mounts=writer_mounts,
        )
        self._mount(index, reader_mounts)
        self._init_containers.append(initializer)
        self._initializers.add(initializer_name)

    def _claim_volume(self, claim: str, target: str) -> str:
        """Return the name of the claim's volume; it is added if the pod has none yet."""
        if not self._layout.is_seldon:
            if claim in self._claims:
                return self._claims[claim]
            if MODEL_CLAIM_VOLUME in self._volume_names:
                name = names.claim_volume_name(target)
                self._add_volume({"name": name, "persistentVolumeClaim": {"claimName": claim}})
                return name
        self._add_volume(
            {"name": MODEL_CLAIM_VOLUME, "persistentVolumeClaim": {"claimName": claim}}
        )
        return MODEL_CLAIM_VOLUME

    def _add_volume(self, volume: dict[str, Any]) -> None:
        self._volumes.append(injected(volume, self._layout.predictor.path))
        self._note_volume(volume)

    def _note_volume(self, volume: Mapping[str, Any]) -> None:
        name = get_str(volume, "name")
        self._volume_names.add(name)
        claim = get_str(get_mapping(volume, "persistentVolumeClaim"), "claimName")
        if claim:
            self._claims.setdefault(claim, name)

    def _mount(self, index: int, mounts: list[Mount]) -> None:
        container = self._containers[index]
        mounted = _mounted_volumes(container.value)
        self._containers[index] = add_mounts(
            container,
            [mount for mount in mounts if mount["name"] not in mounted],
            self._layout.predictor.path,
            keeps_paths=not self._layout.is_seldon,
        )


def _container(
    layout: PredictorLayout,
    pod: PodLayout | None,
    download: ModelDownload,
    *,
    name: str,
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
            "name": name,
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
