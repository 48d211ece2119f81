"""Pod templates of components: containers, volumes, and what Seldon sets for the whole pod.

Fields that the API server fills in with the same value (restartPolicy, dnsPolicy, …) stay out:
server-side apply owns every field that it sends. No affinity, spread or priority is ever added.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.model import get_mapping, get_str
from webhook.rendering import orchestrator, security_context
from webhook.rendering.containers import (
    CONTAINER_FIELD_ORDER,
    PODINFO_VOLUME,
    podinfo_volume,
    render_containers,
)
from webhook.rendering.environment import keep_last_variables, with_variables
from webhook.rendering.layout import (
    ORCHESTRATOR_CONTAINER,
    TENSORFLOW_CONTAINER,
    PodLayout,
    PredictorLayout,
)
from webhook.rendering.model_servers import downloads_own_model, is_tensorflow_proxy
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rendering.probes import GRACE_PERIOD_SECONDS
from webhook.rendering.source_map import (
    Sourced,
    SourceMap,
    from_user,
    get_item,
    injected,
    list_items,
    list_of,
    mapping_of,
    with_fields,
    with_items,
    with_key_order,
)
from webhook.rendering.storage_initializer import (
    ModelDownload,
    PodParts,
    add_model_downloads,
    add_mounts,
)

CERTIFICATE_VOLUME = "seldon-cert-volume"
CERTIFICATE_VARIABLE = "SELDON_CERT_MOUNT_PATH"

POD_FIELD_ORDER = (
    "serviceAccountName",
    "securityContext",
    "initContainers",
    "containers",
    "volumes",
)
"""The order in which people write a pod."""


def render_pod_spec(layout: PredictorLayout, pod: PodLayout) -> Sourced:
    """Return the pod spec of a component, or of model servers that have none."""
    source_path = pod.path / "spec" if pod.is_authored else layout.predictor.path
    parts = PodParts(
        containers=tuple(_containers(layout, pod)),
        init_containers=list_items(pod.spec, "initContainers", source_path),
        volumes=list_items(pod.spec, "volumes", source_path),
    )
    has_sidecar = any(c.value.get("name") == TENSORFLOW_CONTAINER for c in parts.containers)
    downloads = (
        ModelDownload(
            # The companion reads the model, where the server has one.
            TENSORFLOW_CONTAINER
            if has_sidecar and is_tensorflow_proxy(layout.deployment, node)
            else slot.name,
            node.raw,
            node.path,
        )
        for slot, node in pod.node_slots
        if not downloads_own_model(layout, node)
    )
    parts = add_model_downloads(layout, pod, parts, downloads)
    entrypoint = layout.entrypoint
    is_entrypoint = entrypoint is not None and entrypoint[0] is pod
    if is_entrypoint and layout.has_orchestrator and not layout.orchestrator_in_own_pod:
        parts = _with_orchestrator(layout, pod, parts)
    if is_entrypoint if not layout.is_seldon else _has_seldon_certificate(layout, pod):
        parts = with_certificate(layout, parts)
    return complete_pod_spec(layout, pod, parts)


def _has_seldon_certificate(layout: PredictorLayout, pod: PodLayout) -> bool:
    """Return whether Seldon's operator mounts the predictor's certificate into a pod.

    In the pod of the root node, wherever the orchestrator is; without one, in none
    (createComponents, v1.17.1).
    """
    root = layout.predictor.graph
    return (
        layout.has_orchestrator
        and root is not None
        and any(slot.name == root.name for slot in pod.slots)
    )


def _containers(layout: PredictorLayout, pod: PodLayout) -> Iterator[Sourced]:
    """Yield the containers; a pod needs one sidecar of a kind, and the author's own comes first.

    It gets the image and arguments that the author's leaves out.
    """
    rendered = [render_containers(layout, pod, slot) for slot in pod.slots]
    sidecar = next((brought for _, *more in rendered for brought in more), None)
    written = {slot.name for slot in pod.slots}
    for slot, (container, *more) in zip(pod.slots, rendered, strict=True):
        if sidecar and slot.node is None and slot.name == TENSORFLOW_CONTAINER:
            missing_fields = {
                field: get_item(sidecar, field)
                for field in (("image", "args", "ports") if layout.is_seldon else ("image", "args"))
                if field in sidecar.value and not container.value.get(field)
            }
            yield with_fields(container, missing_fields)
        else:
            yield container
        if more and sidecar and TENSORFLOW_CONTAINER not in written:
            written.add(TENSORFLOW_CONTAINER)
            yield sidecar


def with_certificate(layout: PredictorLayout, parts: PodParts) -> PodParts:
    """Return `parts` with the predictor's certificate (ssl.certSecretName) in every container."""
    secret = get_str(get_mapping(layout.predictor.raw, "ssl"), "certSecretName")
    if not secret:
        return parts
    path = layout.predictor.path
    mount_path = layout.options.cert_mount_path
    entry = {"name": CERTIFICATE_VOLUME, "mountPath": mount_path, "readOnly": True}
    containers = []
    variables = {CERTIFICATE_VARIABLE: mount_path}
    for bare in parts.containers:
        container = add_mounts(bare, [dict(entry)], path, keeps_paths=not layout.is_seldon)
        env = get_item(container, "env") if "env" in container.value else injected([], path)
        # Behind a container that has the variable Seldon's operator stops (utils.go, v1.17.1).
        if layout.is_seldon and any(v.get("name") == CERTIFICATE_VARIABLE for v in env.value):
            variables = {}
        containers.append(with_fields(container, {"env": with_variables(env, path, variables)}))
    volumes = parts.volumes
    # Seldon's operator adds it beside one of the name as well.
    if layout.is_seldon or not any(v.get("name") == CERTIFICATE_VOLUME for v in volumes.value):
        volume = {"name": CERTIFICATE_VOLUME, "secret": {"secretName": secret}}
        volumes = with_items(volumes, [injected(volume, path)])
    return PodParts(tuple(containers), parts.init_containers, volumes)


def complete_pod_spec(layout: PredictorLayout, pod: PodLayout | None, parts: PodParts) -> Sourced:
    """Return the pod spec; `pod` is None for one that is not a component's."""
    path = layout.predictor.path
    authored = pod is not None and pod.is_authored
    context = None
    if not authored:
        context, init_containers, containers = security_context.apply_pod_defaults(
            layout, pod, parts.init_containers, parts.containers
        )
        parts = PodParts(containers, init_containers, parts.volumes)
    context = context or security_context.seldon_pod_context(layout, _pod_spec(pod))
    base = from_user(pod.spec, pod.path / "spec") if pod and authored else mapping_of(path, {})
    volumes = parts.volumes
    if not any(v.get("name") == PODINFO_VOLUME for v in volumes.value):
        volumes = with_items(volumes, [injected(podinfo_volume(), path)])
    if not layout.is_seldon:
        volumes = _with_sources(volumes)
        base = _with_account_name(base)
    added: dict[str, Any] = {
        **({} if context is None else {"securityContext": context}),
        "initContainers": _with_each_variable_once(parts.init_containers),
        "containers": list_of(
            base.source_map.path / "containers"
            if "containers" in base.value
            else base.source_map.path,
            [with_key_order(container, CONTAINER_FIELD_ORDER) for container in parts.containers],
        ),
        "volumes": volumes,
    }
    if "terminationGracePeriodSeconds" not in base.value:
        added["terminationGracePeriodSeconds"] = injected(GRACE_PERIOD_SECONDS, path)
    if pod and (
        layout.is_seldon or not base.value.keys() & {"serviceAccountName", "serviceAccount"}
    ):
        added["serviceAccountName"] = _service_account(layout, pod)
    for field, key in (("imagePullSecrets", "name"), ("hostAliases", "ip")):
        if field in base.value and not layout.is_seldon:
            added[field] = merge_duplicate_keys(get_item(base, field), key)
    return with_key_order(with_fields(base, added), POD_FIELD_ORDER)


def _with_account_name(base: Sourced) -> Sourced:
    """Return the pod spec with serviceAccountName in place of serviceAccount, its old name.

    The API server keeps both, fills in the one from the other, and the new name wins: an apply that
    changes the old one only would change nothing.
    """
    old = base.value.get("serviceAccount")
    if not old or type(old) is not str:
        return base
    fields = {field: get_item(base, field) for field in base.value if field != "serviceAccount"}
    if not base.value.get("serviceAccountName"):
        fields["serviceAccountName"] = get_item(base, "serviceAccount")
    return Sourced(
        {field: item.value for field, item in fields.items()},
        SourceMap(
            base.source_map.path,
            base.source_map.is_copied,
            {field: item.source_map for field, item in fields.items()},
        ),
    )


def _with_sources(volumes: Sourced) -> Sourced:
    """Return the volumes; one without a source is an emptyDir, as the API server fills in.

    What it fills in no manager owns: it would stay beside the source of a later apply, and a volume
    with two sources is refused.
    """
    if all(map(_has_source, volumes.value)):
        return volumes
    each = [get_item(volumes, index) for index in range(len(volumes.value))]
    return list_of(
        volumes.source_map.path,
        [
            volume
            if _has_source(volume.value)
            else with_fields(volume, {"emptyDir": injected({}, volume.source_map.path)})
            for volume in each
        ],
    )


def _has_source(volume: Any) -> bool:
    return type(volume) is not dict or any(
        volume[key] is not None for key in volume if key != "name"
    )


def _with_each_variable_once(containers: Sourced) -> Sourced | None:
    """Return init containers with the last of each variable, as of any container; None if empty."""
    if not containers.value:
        return None
    each = []
    for index, raw in enumerate(containers.value):
        container = get_item(containers, index)
        if type(raw.get("env")) is list:
            env = keep_last_variables(get_item(container, "env"))
            container = with_fields(container, {"env": env})
        each.append(container)
    return list_of(containers.source_map.path, each)


def _pod_spec(pod: PodLayout | None) -> Mapping[str, Any]:
    return pod.spec if pod is not None else {}


def merge_duplicate_keys(whole: Sourced, key: str) -> Sourced:
    """Return the list with one item for each value of `key`, which has the lists of all of them.

    A plain create takes two items of one key, a server-side apply refuses them. No key is an empty
    one.
    """
    if type(whole.value) is not list:
        return whole
    kept: dict[Any, Sourced] = {}
    for index, item in enumerate(whole.value):
        name = (item.get(key) or "") if type(item) is dict else None
        first = kept.get(name) if type(name) is str else None
        if first is None:
            kept[name if type(name) is str else index] = get_item(whole, index)
            continue
        for field, value in item.items():
            if type(value) is list and type(first.value.get(field, [])) is list:
                added = [entry for entry in value if entry not in first.value.get(field, [])]
                first.value[field] = [*first.value.get(field, []), *added]
    return whole if len(kept) == len(whole.value) else list_of(whole.source_map.path, kept.values())


def _with_orchestrator(layout: PredictorLayout, pod: PodLayout, parts: PodParts) -> PodParts:
    if any(c.value.get("name") == ORCHESTRATOR_CONTAINER for c in parts.containers):
        return parts  # the author brings one
    orchestrator_container = orchestrator.render_container(layout, pod)
    return PodParts(
        (*parts.containers, orchestrator_container), parts.init_containers, parts.volumes
    )


def _service_account(layout: PredictorLayout, pod: PodLayout) -> Sourced | None:
    """Return the service account that a model server's node names.

    The first one counts; under Seldon's operator the last one of the graph, before the pod's own
    (addModelServersAndInitContainers, v1.17.1).
    """
    named = [
        node
        for _, node in pod.node_slots
        if is_prepackaged_server(node) and get_str(node.raw, "serviceAccountName")
    ]
    if not named:
        return None
    node = max(named, key=lambda each: each.path) if layout.is_seldon else named[0]
    return from_user(node.raw["serviceAccountName"], node.path / "serviceAccountName")
