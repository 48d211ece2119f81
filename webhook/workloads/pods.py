"""Pod templates of components: containers, volumes, and what Seldon sets for the whole pod.

Fields that the API server fills in with the same value (restartPolicy, dnsPolicy, …) stay out:
who applies server-side owns what it writes. No affinity, spread or priority is ever added.
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.model import mapping, text
from webhook.workloads import hardening, orchestrator
from webhook.workloads.containers import ORDER as CONTAINER_ORDER
from webhook.workloads.containers import PODINFO_VOLUME, of_slot, podinfo
from webhook.workloads.environment import add
from webhook.workloads.initializer import Model, Parts, fetch, mount
from webhook.workloads.nodes import wants_server
from webhook.workloads.origin import (
    Traced,
    append,
    arrange,
    copy,
    entries,
    listing,
    ours,
    pick,
    put,
    table,
)
from webhook.workloads.placement import ENGINE_CONTAINER, TENSORFLOW_CONTAINER, Placement, Pod
from webhook.workloads.probes import GRACE
from webhook.workloads.servers import loads_itself

CERTIFICATE_VOLUME = "seldon-cert-volume"
CERTIFICATE_VARIABLE = "SELDON_CERT_MOUNT_PATH"

POD_ORDER = ("serviceAccountName", "securityContext", "initContainers", "containers", "volumes")
"""The order in which people write a pod."""


def of_pod(placement: Placement, pod: Pod) -> Traced:
    """Return the pod spec of a component, or of model servers that have none."""
    where = pod.path / "spec" if pod.authored else placement.predictor.path
    parts = Parts(
        containers=tuple(_containers(placement, pod)),
        init=entries(pod.spec, "initContainers", where),
        volumes=entries(pod.spec, "volumes", where),
    )
    for slot, node in pod.serving:
        if not loads_itself(placement, node):
            target = _model_container(parts, slot.name, node.implementation)
            parts = fetch(placement, pod, parts, Model(target, node.raw, node.path))
    front = placement.front
    is_front = front is not None and front[0] is pod
    if is_front and placement.has_engine and not placement.engine_apart:
        parts = _with_engine(placement, pod, parts)
    if is_front:
        parts = secured(placement, parts)
    return complete(placement, pod, parts)


def _containers(placement: Placement, pod: Pod) -> Iterator[Traced]:
    """Yield the containers; one companion serves the pod, and the author's own goes before ours.

    What his leaves out of image and arguments, it gets from ours.
    """
    made = [of_slot(placement, pod, slot) for slot in pod.slots]
    companion = next((brought for _, *more in made for brought in more), None)
    written = {slot.name for slot in pod.slots}
    for slot, (container, *more) in zip(pod.slots, made, strict=True):
        if companion and slot.node is None and slot.name == TENSORFLOW_CONTAINER:
            lacking = {
                field: pick(companion, field)
                for field in ("image", "args")
                if field in companion.value and not container.value.get(field)
            }
            yield put(container, lacking)
        else:
            yield container
        if more and companion and TENSORFLOW_CONTAINER not in written:
            written.add(TENSORFLOW_CONTAINER)
            yield companion


def secured(placement: Placement, parts: Parts) -> Parts:
    """Return `parts` with the predictor's certificate (ssl.certSecretName) in every container."""
    secret = text(mapping(placement.predictor.raw, "ssl"), "certSecretName")
    if not secret:
        return parts
    path = placement.predictor.path
    place = placement.options.cert_mount_path
    entry = {"name": CERTIFICATE_VOLUME, "mountPath": place, "readOnly": True}
    containers = []
    for bare in parts.containers:
        container = mount(bare, [dict(entry)], path)
        env = pick(container, "env") if "env" in container.value else ours([], path)
        containers.append(put(container, {"env": add(env, path, {CERTIFICATE_VARIABLE: place})}))
    volumes = parts.volumes
    if not any(v.get("name") == CERTIFICATE_VOLUME for v in volumes.value):
        volume = {"name": CERTIFICATE_VOLUME, "secret": {"secretName": secret}}
        volumes = append(volumes, [ours(volume, path)])
    return Parts(tuple(containers), parts.init, volumes)


def complete(placement: Placement, pod: Pod | None, parts: Parts) -> Traced:
    """Return the pod spec; `pod` is None for one that is not a component's."""
    path = placement.predictor.path
    authored = pod is not None and pod.authored
    context = None
    if not authored:
        context, init, containers = hardening.fill(placement, pod, parts.init, parts.containers)
        parts = Parts(containers, init, parts.volumes)
    base = copy(pod.spec, pod.path / "spec") if pod and authored else table(path, {})
    volumes = parts.volumes
    if not any(v.get("name") == PODINFO_VOLUME for v in volumes.value):
        volumes = append(volumes, [ours(podinfo(), path)])
    added: dict[str, Any] = {
        "securityContext": context,
        "initContainers": parts.init if parts.init.value else None,
        "containers": listing(
            base.origin.path / "containers" if "containers" in base.value else base.origin.path,
            [arrange(container, CONTAINER_ORDER) for container in parts.containers],
        ),
        "volumes": volumes,
    }
    if "terminationGracePeriodSeconds" not in base.value:
        added["terminationGracePeriodSeconds"] = ours(GRACE, path)
    if pod and not base.value.keys() & {"serviceAccountName", "serviceAccount"}:
        added["serviceAccountName"] = _account(pod)
    for field, key in (("imagePullSecrets", "name"), ("hostAliases", "ip")):
        if field in base.value:
            added[field] = without_twins(pick(base, field), key)
    return arrange(put(base, added), POD_ORDER)


def without_twins(whole: Traced, key: str) -> Traced:
    """Return the list with one item for each value of `key`, which has the lists of all of them.

    A plain create takes two items of one key, a server-side apply refuses them.
    """
    if type(whole.value) is not list:
        return whole
    kept: dict[Any, Traced] = {}
    for place, item in enumerate(whole.value):
        name = item.get(key) if type(item) is dict else None
        first = kept.get(name) if type(name) is str else None
        if first is None:
            kept[name if type(name) is str else place] = pick(whole, place)
            continue
        for field, value in item.items():
            if type(value) is list and type(first.value.get(field, [])) is list:
                told = [entry for entry in value if entry not in first.value.get(field, [])]
                first.value[field] = [*first.value.get(field, []), *told]
    return whole if len(kept) == len(whole.value) else listing(whole.origin.path, kept.values())


def _with_engine(placement: Placement, pod: Pod, parts: Parts) -> Parts:
    if any(c.value.get("name") == ENGINE_CONTAINER for c in parts.containers):
        return parts  # the author brings one
    engine = orchestrator.container(placement, pod)
    return Parts((*parts.containers, engine), parts.init, parts.volumes)


def _model_container(parts: Parts, name: str, implementation: str) -> str:
    """Return which container reads the model: the companion, where the server has one."""
    has_companion = any(c.value.get("name") == TENSORFLOW_CONTAINER for c in parts.containers)
    companion = implementation == "TENSORFLOW_SERVER" and has_companion
    return TENSORFLOW_CONTAINER if companion else name


def _account(pod: Pod) -> Traced | None:
    """Return the service account that a model server's node names; the first one counts."""
    for _, node in pod.serving:
        if wants_server(node) and (name := text(node.raw, "serviceAccountName")):
            return copy(name, node.path / "serviceAccountName")
    return None
