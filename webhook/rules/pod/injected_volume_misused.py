"""Use of a volume or path that is injected

Why: Seldon's volumes are in the pods that need them: a downloaded model's in that of its container,
a claim's where a modelUri names it, the certificate's with ssl. The API server refuses a mount of
one in another pod. None but the claim's is a block device, and where one is mounted no device can
be: not under its name, and not at its path.

Fix: Mount the volume in the container that reads the model, or use a volume of your own, at another
path.

Bad:
    containers:
    - name: classifier
      volumeMounts:
      - name: kfserving-pvc-source
        mountPath: /models
    graph:
      name: classifier
      modelUri: gs://models/iris

Good:
    containers:
    - name: classifier
      volumeMounts:
      - name: kfserving-pvc-source
        mountPath: /models
    graph:
      name: classifier
      modelUri: pvc://iris/model
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_str, iter_mappings
from webhook.graph.path import Path, Segment
from webhook.rules._format import quote_value
from webhook.rules._rendered import rendered_pods
from webhook.rules.pod._pods import looks_injected, mounts_injected

if TYPE_CHECKING:
    from webhook.rendering.render import Rendered

ACTION = "deny"
SINCE = "0.1.0"

_BLOCK_SOURCES = ("persistentVolumeClaim", "ephemeral")


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such mount and device, of what is rendered.

    Sources: ValidateVolumeMounts, ValidateVolumeDevices. What the volumes of the author decide,
    unknown-volume and malformed-volume-mount report.
    """
    if not _may_use_injected(deployment):
        return
    for rendered, template in rendered_pods(deployment, facts):
        spec = template["spec"]
        volumes = {
            get_str(volume, "name"): (index, volume)
            for index, volume in iter_mappings(spec, "volumes")
        }
        for field in ("initContainers", "containers"):
            for index, container in iter_mappings(spec, field):
                place = ("spec", "template", "spec", field, index)
                yield from _check_container(rendered, place, container, volumes)


def _may_use_injected(deployment: SeldonDeployment) -> bool:
    """Return whether rendering may matter, cheaply: in most objects it does not."""
    for predictor in deployment.predictors:
        for container in predictor.all_containers:
            raw = container.raw
            if "volumeDevices" in raw or ("volumeMounts" in raw and mounts_injected(raw)):
                return True
    return False


def _check_container(
    rendered: "Rendered",
    place: tuple[Segment, ...],
    container: Mapping[str, Any],
    volumes: Mapping[str, tuple[int, Mapping[str, Any]]],
) -> Iterator[Finding]:
    injected_paths: dict[str, str] = {}
    mounted: set[str] = set()
    for index, mount in iter_mappings(container, "volumeMounts"):
        name = get_str(mount, "name")
        path = rendered.trace((*place, "volumeMounts", index, "name"))
        if path[-3:-2] != ("volumeMounts",):
            injected_paths[get_str(mount, "mountPath")] = name
            mounted.add(name)
        elif name not in volumes and looks_injected(name):
            yield _absent(path, name)
    for index, device in iter_mappings(container, "volumeDevices"):
        name, device_path = get_str(device, "name"), get_str(device, "devicePath")
        path = rendered.trace((*place, "volumeDevices", index, "name"))
        if name not in volumes:
            if looks_injected(name):
                yield _absent(path, name)
        elif name in mounted:
            message = f"volume {quote_value(name)} is mounted in this container, too"
            yield Finding(path, message, "use another volume")
        elif device_path in injected_paths:
            message = (
                f"{device_path} is where the volume {quote_value(injected_paths[device_path])} is "
                "mounted"
            )
            yield Finding(path.parent / "devicePath", message, "use another path")
        elif _is_injected(rendered, volumes[name]):
            message = f"volumeDevices need a PVC; {quote_value(name)} is not one"
            yield Finding(path, message, "use a volume of a PVC")


def _is_injected(rendered: "Rendered", place_and_volume: tuple[int, Mapping[str, Any]]) -> bool:
    """Return whether a volume is none of the author's, and no block device either."""
    index, volume = place_and_volume
    if any(volume.get(source) is not None for source in _BLOCK_SOURCES):
        return False
    path = rendered.trace(("spec", "template", "spec", "volumes", index, "name"))
    return path[-3:-2] != ("volumes",)


def _absent(path: Path, name: str) -> Finding:
    message = f"the volume {quote_value(name)} is not in this pod: nothing adds it"
    return Finding(path, message, "mount it where it is, or add a volume of your own")
