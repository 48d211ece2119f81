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

from collections.abc import Collection, Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import (
    Container,
    Predictor,
    SeldonDeployment,
    get_list,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.names import is_dns_label
from webhook.graph.path import Segment
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word
from webhook.graph.text import join_words

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"volumeMounts", "volumeDevices"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each mount of a volume that is not there (source: ValidateVolumeMounts)."""
    for predictor in deployment.predictors:
        for component in predictor.components:
            volumes = get_list(component.pod, "volumes")
            written = [get_str(volume, "name") for volume in volumes if type(volume) is dict]
            if len(written) < len(volumes):
                continue  # what is wrong there is said
            for container in component.containers + component.init_containers:
                if not _has_all_volumes(container, written):
                    yield from _check_container(container, written, predictor)
        if "explainer" in predictor.raw:
            path = predictor.path.join(("explainer", "containerSpec"))
            for container in deployment.containers:
                if container.path == path and not _has_all_volumes(container, ()):
                    yield from _check_container(container, (), predictor)


def _has_all_volumes(container: Container, written: Collection[str]) -> bool:
    """Tell at little cost whether there is nothing to say, as for most containers."""
    for mount in get_list(container.raw, "volumeMounts"):
        if type(mount) is not dict or mount.get("name") not in written:
            return False
    return "volumeDevices" not in container.raw


def _check_container(
    container: Container, written: Collection[str], predictor: Predictor
) -> Iterator[Finding]:
    for field in ("volumeMounts", "volumeDevices"):
        for index, mount in iter_mappings(container.raw, field):
            name = mount.get("name")
            if (
                type(name) is str
                and name not in written
                and name not in _injected_volumes(predictor)
            ):
                yield _build_finding(container, (field, index, "name"), name, written)


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


def _build_finding(
    container: Container, field_path: tuple[Segment, ...], name: str, written: Collection[str]
) -> Finding:
    path = container.path.join(field_path)
    mounted = {get_str(mount, "name") for _, mount in iter_mappings(container.raw, "volumeMounts")}
    unmounted = [other for other in written if other and other not in mounted]
    if not written:
        message = f'the pod has no volume "{name}", and no others'
        return Finding(path, message, "add it to the volumes of the pod")
    quoted = join_words([f'"{other}"' for other in written][:5])
    nearest = nearest_word(name, unmounted)
    rename: Operation = {"op": "replace", "path": path.pointer, "value": nearest}
    return Finding(
        path,
        f'the pod has no volume "{name}"; it has {quoted}',
        f'mount "{nearest}", or add the volume' if nearest else "",
        (rename,)
        if nearest and nearest == nearest_word(name, unmounted, CERTAIN_SIMILARITY)
        else (),
    )
