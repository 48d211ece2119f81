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
from webhook.graph.model import Container, Deployment, Predictor, items, mapping, mappings, text
from webhook.graph.path import Segment
from webhook.graph.words import CERTAIN, enumerate_words, is_dns_label, nearest_word

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"volumeMounts", "volumeDevices"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each mount of a volume that is not there (source: ValidateVolumeMounts)."""
    for predictor in deployment.predictors:
        for component in predictor.components:
            volumes = items(component.pod, "volumes")
            written = [text(volume, "name") for volume in volumes if type(volume) is dict]
            if len(written) < len(volumes):
                continue  # what is wrong there is said
            for container in component.containers + component.init_containers:
                if not _has_all(container, written):
                    yield from _in_container(container, written, predictor)
        if "explainer" in predictor.raw:
            path = predictor.path.join(("explainer", "containerSpec"))
            for container in deployment.containers:
                if container.path == path and not _has_all(container, ()):
                    yield from _in_container(container, (), predictor)


def _has_all(container: Container, written: Collection[str]) -> bool:
    """Tell at little cost whether there is nothing to say, as for most containers."""
    for mount in items(container.raw, "volumeMounts"):
        if type(mount) is not dict or mount.get("name") not in written:
            return False
    return "volumeDevices" not in container.raw


def _in_container(
    container: Container, written: Collection[str], predictor: Predictor
) -> Iterator[Finding]:
    for field in ("volumeMounts", "volumeDevices"):
        for index, mount in mappings(container.raw, field):
            name = mount.get("name")
            if type(name) is str and name not in written and name not in _added(predictor):
                yield _finding(container, (field, index, "name"), name, written)


def _added(predictor: Predictor) -> set[str]:
    """Return the names of the volumes that rendering adds to pods of the predictor."""
    from webhook.workloads import names  # few mounts come this far: start-up time
    from webhook.workloads.containers import PODINFO_VOLUME
    from webhook.workloads.initializer import CLAIM_VOLUME
    from webhook.workloads.placement import TENSORFLOW_CONTAINER
    from webhook.workloads.pods import CERTIFICATE_VOLUME

    added = {PODINFO_VOLUME, CLAIM_VOLUME}
    readers = [node.name for node in predictor.nodes if is_dns_label(node.name)]
    for name in (*readers, TENSORFLOW_CONTAINER):
        added |= {names.model_volume(name), names.claim_volume(name)}
    if mapping(predictor.raw, "ssl"):
        added.add(CERTIFICATE_VOLUME)
    return added


def _finding(
    container: Container, place: tuple[Segment, ...], name: str, written: Collection[str]
) -> Finding:
    path = container.path.join(place)
    mounted = {text(mount, "name") for _, mount in mappings(container.raw, "volumeMounts")}
    free = [other for other in written if other and other not in mounted]
    if not written:
        fact = f'the pod has no volume "{name}", and no others'
        return Finding(path, fact, "add it to the volumes of the pod")
    shown = enumerate_words([f'"{other}"' for other in written][:5])
    near = nearest_word(name, free)
    rename: Operation = {"op": "replace", "path": path.pointer, "value": near}
    return Finding(
        path,
        f'the pod has no volume "{name}"; it has {shown}',
        f'mount "{near}", or add the volume' if near else "",
        (rename,) if near and near == nearest_word(name, free, CERTAIN) else (),
    )
