"""A container mounts a volume that its pod does not have

Why: every name under volumeMounts and volumeDevices is that of a volume of the same pod. The API
server refuses the Deployment otherwise.

Fix: Add the volume to the volumes of the pod, or mount one that is there.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          volumeMounts:
          - name: model
            mountPath: /models
        volumes:
        - name: models
          persistentVolumeClaim:
            claimName: iris

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          volumeMounts:
          - name: models
            mountPath: /models
        volumes:
        - name: models
          persistentVolumeClaim:
            claimName: iris
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import (
    Container,
    Predictor,
    get_list,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.names import is_dns_label
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word
from webhook.graph.text import join_words

ACTION = "deny"
SINCE = "0.1.0"


_MAX_OFFERED = 100
"""Volumes that are compared with a name."""


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each mount of a volume that is not there (source: ValidateVolumeMounts)."""
    injected: Collection[str] | None = None
    for containers, written in _iter_pods(predictor):
        for container in containers:
            if _has_all_volumes(container, written):
                continue
            if injected is None:
                injected = _injected_volumes(predictor)
            yield from _check_container(container, written, injected)


def _iter_pods(
    predictor: Predictor,
) -> Iterator[tuple[Sequence[Container], Mapping[str, None]]]:
    """Yield the containers of each pod that is written, with the names of its volumes."""
    for component in predictor.components:
        volumes = get_list(component.pod, "volumes")
        # Otherwise, what is wrong there is said.
        if len(component.volumes) == len(volumes):
            yield (
                component.all_containers,
                dict.fromkeys(volume.name for volume in component.volumes),
            )
    yield [c for c in predictor.other_containers if c.role == "explainer"], {}


def _has_all_volumes(container: Container, written: Collection[str]) -> bool:
    """Tell at little cost whether there is nothing to say, as for most containers."""
    for mount in get_list(container.raw, "volumeMounts"):
        if type(mount) is not dict or mount.get("name") not in written:
            return False
    return "volumeDevices" not in container.raw


def _check_container(
    container: Container, written: Collection[str], injected: Collection[str]
) -> Iterator[Finding]:
    offered: list[str] | None = None
    for field in ("volumeMounts", "volumeDevices"):
        for index, mount in iter_mappings(container.raw, field):
            name = mount.get("name")
            if type(name) is str and name not in written and name not in injected:
                if offered is None:
                    offered = _unmounted_volumes(container, written)
                yield _build_finding(
                    container.path.join((field, index, "name")), name, written, offered
                )


def _unmounted_volumes(container: Container, written: Collection[str]) -> list[str]:
    mounted = {get_str(mount, "name") for _, mount in iter_mappings(container.raw, "volumeMounts")}
    return [other for other in islice(written, _MAX_OFFERED) if other and other not in mounted]


def _injected_volumes(predictor: Predictor) -> set[str]:
    """Return the names of the volumes that rendering adds to pods of the predictor."""
    from webhook.rendering import names  # few mounts come this far: start-up time
    from webhook.rendering.containers import PODINFO_VOLUME
    from webhook.rendering.layout import TENSORFLOW_CONTAINER
    from webhook.rendering.pods import CERTIFICATE_VOLUME
    from webhook.rendering.storage_initializer import CLAIM_VOLUME

    injected = {PODINFO_VOLUME, CLAIM_VOLUME}
    readers = [node.name for node in predictor.nodes if is_dns_label(node.name)]
    for name in (*readers, TENSORFLOW_CONTAINER):
        injected |= {names.model_volume_name(name), names.claim_volume_name(name)}
    if get_mapping(predictor.raw, "ssl"):
        injected.add(CERTIFICATE_VOLUME)
    return injected


def _build_finding(path: Path, name: str, written: Collection[str], offered: list[str]) -> Finding:
    if not written:
        message = f'the pod has no volume "{name}", and no others'
        return Finding(path, message, "add it to the volumes of the pod")
    quoted = join_words([f'"{other}"' for other in islice(written, 5)])
    nearest = nearest_word(name, offered)
    is_certain = nearest and nearest == nearest_word(name, offered, CERTAIN_SIMILARITY)
    rename: Operation = {"op": "replace", "path": path.pointer, "value": nearest}
    return Finding(
        path,
        f'the pod has no volume "{name}"; it has {quoted}',
        f'mount "{nearest}", or add the volume' if nearest else "",
        (rename,) if is_certain else (),
    )
