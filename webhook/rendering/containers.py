"""Containers of a component's pod.

A sidecar is the author's, unchanged. A node's container gets what Seldon's wrappers and the
orchestrator rely on, each only where the author wrote nothing: ports, variables, probes, a pause
before it is stopped, the pod's annotations as a file.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import Node, get_int, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rendering import environment, model_servers, probes, security_context
from webhook.rendering.layout import ContainerSlot, PodLayout, PredictorLayout
from webhook.rendering.model_servers import ModelServer
from webhook.rendering.node_kinds import is_prepackaged_server, uses_grpc
from webhook.rendering.source_map import (
    Sourced,
    from_user,
    get_item,
    injected,
    list_items,
    list_of,
    mapping_of,
    with_fields,
    with_items,
)
from webhook.rendering.storage_initializer import add_mounts

PODINFO_VOLUME = "seldon-podinfo"
OLD_PODINFO_VOLUME = "podinfo"
PODINFO_PATH = "/etc/podinfo"
"""A volume with the pod's annotations, which Seldon's wrappers and the orchestrator read."""

PROBE_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")

CONTAINER_FIELD_ORDER = (
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "workingDir",
    "ports",
    "envFrom",
    "env",
    "resources",
    "volumeMounts",
    "startupProbe",
    "livenessProbe",
    "readinessProbe",
    "lifecycle",
    "securityContext",
)
"""The order in which people write a container."""


def render_containers(
    layout: PredictorLayout, pod: PodLayout, slot: ContainerSlot
) -> tuple[Sourced, ...]:
    """Return the container, and behind it the companion that its model server brings."""
    if slot.node is None:
        sidecar = from_user(slot.raw, slot.path)
        has_env = "env" in sidecar.value
        env = environment.user_variables(slot.raw, slot.path) if has_env else None
        return (with_fields(sidecar, {"env": env}),)
    server = (
        model_servers.model_server_for(layout, slot, slot.node)
        if is_prepackaged_server(slot.node)
        else None
    )
    container = _serving_container(layout, pod, slot, slot.node, server)
    if server is None or server.sidecar is None:
        return (container,)
    context = security_context.model_server_context(layout, pod)
    return (container, with_fields(server.sidecar, {"securityContext": context}))


def _serving_container(
    layout: PredictorLayout,
    pod: PodLayout,
    slot: ContainerSlot,
    node: Node,
    server: ModelServer | None,
) -> Sourced:
    path = layout.predictor.path
    image = get_str(slot.raw, "image") or (server.image if server else "")
    named_image = image if server is None or server.names_image else get_str(slot.raw, "image")
    variables = environment.node_variables(layout, slot, node, named_image)
    env = environment.user_variables(slot.raw, slot.path)
    # What makes a container reachable Seldon's operator gives only those that have a Service.
    is_served = slot.has_service or not layout.is_seldon
    if layout.is_seldon:
        env = environment.seldon_variables(env, path, variables if is_served else {})
        variables = {}
    defaults: dict[str, Any] = {"image": image or None, "imagePullPolicy": "IfNotPresent"}
    if is_served:
        defaults["lifecycle"] = probes.pre_stop_lifecycle(layout, pod)
        defaults |= _tcp_probes(layout, slot, node)
    if server is not None:
        if server.overrides_variables:
            env = environment.override_variables(env, path, server.env)
        variables |= server.env
        defaults |= {
            "args": list(server.args) or None,
            "envFrom": [{"secretRef": {"name": server.env_secret}}] if server.env_secret else None,
            **server.probes,
        }
    if not slot.is_authored:
        defaults["securityContext"] = security_context.model_server_context(layout, pod)
    container = _base_container(slot)
    container = with_fields(
        container,
        {
            **{
                key: injected(value, path)
                for key, value in defaults.items()
                if value is not None and slot.raw.get(key) in (None, "")
            },
            **_replaced_fields(layout, slot, server),
            "ports": _with_default_ports(layout, slot, server),
            "env": environment.with_variables(env, path, variables),
            "volumeMounts": _user_mounts(layout, pod, slot),
        },
    )
    return mount_podinfo(container, path, keeps_paths=not layout.is_seldon)


def _replaced_fields(
    layout: PredictorLayout, slot: ContainerSlot, server: ModelServer | None
) -> dict[str, Sourced]:
    """Return the author's fields that Seldon's operator replaces for a model server."""
    if server is None:
        return {}
    path = layout.predictor.path
    replaced = {
        field: _with_handler(from_user(slot.raw[field], slot.path / field), probe, path)
        for field, probe in server.probes.items()
        if server.replaces_handlers and type(slot.raw.get(field)) is dict
    }
    if server.replaces_image and server.image:
        replaced["image"] = injected(server.image, path)
    return replaced


def _with_handler(written: Sourced, probe: Mapping[str, Any], path: Path) -> Sourced:
    """Return the author's probe with the handler of another one."""
    timing = {key: get_item(written, key) for key in written.value if key not in PROBE_HANDLERS}
    handler = {key: injected(probe[key], path) for key in PROBE_HANDLERS if key in probe}
    return mapping_of(path, timing | handler)


def _user_mounts(layout: PredictorLayout, pod: PodLayout, slot: ContainerSlot) -> Sourced:
    """Return the author's mounts, without the one that Seldon before 1.2 stored.

    It named the volume with the pod's annotations otherwise, and its operator takes that mount out
    of a node's container to this day (defaults.go, v1.17.1). We do where the pod has no such
    volume.
    """
    mounts = list_items(slot.raw, "volumeMounts", slot.path)
    names = [get_str(mount, "name") for mount in mounts.value if type(mount) is dict]
    volumes = {get_str(volume, "name") for _, volume in iter_mappings(pod.spec, "volumes")}
    if OLD_PODINFO_VOLUME not in names or (OLD_PODINFO_VOLUME in volumes and not layout.is_seldon):
        return mounts
    kept = [
        get_item(mounts, index)
        for index, mount in enumerate(mounts.value)
        if type(mount) is not dict or get_str(mount, "name") != OLD_PODINFO_VOLUME
    ]
    return list_of(slot.path / "volumeMounts", kept)


def mount_podinfo(container: Sourced, path: Path, *, keeps_paths: bool = True) -> Sourced:
    """Return the container with the pod's annotations mounted, unless it mounts them already.

    keeps_paths  False: beside another volume at the path, too, as Seldon's operator does
    """
    mounts = container.value.get("volumeMounts", ())
    if any(type(m) is dict and m.get("name") == PODINFO_VOLUME for m in mounts):
        return container
    mount = {"name": PODINFO_VOLUME, "mountPath": PODINFO_PATH}
    return add_mounts(container, [mount], path, keeps_paths=keeps_paths)


def podinfo_volume() -> dict[str, Any]:
    """Return the volume with the pod's annotations."""
    field = {"apiVersion": "v1", "fieldPath": "metadata.annotations"}
    items = [{"path": "annotations", "fieldRef": field}]
    return {"name": PODINFO_VOLUME, "downwardAPI": {"items": items}}


def _base_container(slot: ContainerSlot) -> Sourced:
    if slot.is_authored:
        return from_user(slot.raw, slot.path)
    return mapping_of(slot.path, {"name": from_user(slot.name, slot.path / "name")})


def _tcp_probes(layout: PredictorLayout, slot: ContainerSlot, node: Node) -> dict[str, Any]:
    port = slot.grpc_port if uses_grpc(layout.deployment, node) else slot.http_port
    return {
        "livenessProbe": probes.tcp_probe(port, probes.LIVENESS_DELAY_SECONDS),
        "readinessProbe": probes.tcp_probe(port, probes.READINESS_DELAY_SECONDS),
    }


def _with_default_ports(
    layout: PredictorLayout, slot: ContainerSlot, server: ModelServer | None
) -> Sourced:
    """Return the author's ports, and those of http, grpc and metrics that are missing.

    A number that is there under another name is not named twice: the list cannot be applied
    server-side then, its key is number and protocol. Seldon's operator creates, and names it twice.
    """
    replaced = server is not None and server.replaces_ports
    ports = list_items({} if replaced else slot.raw, "ports", slot.path)
    named = {get_str(port, "name") for port in ports.value}
    used = {
        get_int(port, "containerPort")
        for port in ports.value
        if get_str(port, "protocol") in ("", "TCP")
    }
    added: list[Sourced] = []
    default_ports = {"http": slot.http_port, "grpc": slot.grpc_port}
    if layout.is_seldon and not slot.has_service:
        default_ports = {}
    if not replaced:
        metrics = {layout.options.metrics_port_name: slot.metrics_port}
        default_ports = metrics | default_ports if layout.is_seldon else default_ports | metrics
    for name, port_number in default_ports.items():
        if name not in named and (layout.is_seldon or port_number not in used):
            used.add(port_number)
            port = {"name": name, "containerPort": port_number, "protocol": "TCP"}
            added.append(injected(port, layout.predictor.path))
    return with_items(ports, added)
