"""Containers of a component's pod.

A sidecar is the author's, unchanged. A node's container gets what Seldon's wrappers and the
orchestrator rely on, each only where the author wrote nothing: ports, variables, probes, a pause
before it is stopped, the pod's annotations as a file.
"""

from typing import Any

from webhook.graph.model import Node, number, text
from webhook.graph.path import Path
from webhook.workloads import environment, hardening, probes, servers
from webhook.workloads.initializer import mount
from webhook.workloads.nodes import speaks_grpc, wants_server
from webhook.workloads.origin import (
    Traced,
    append,
    copy,
    entries,
    ours,
    put,
    table,
)
from webhook.workloads.placement import Placement, Pod, Slot
from webhook.workloads.servers import Server

PODINFO_VOLUME = "seldon-podinfo"
PODINFO_PATH = "/etc/podinfo"
"""A volume with the pod's annotations, which Seldon's wrappers and the orchestrator read."""

ORDER = (
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


def of_slot(placement: Placement, pod: Pod, slot: Slot) -> tuple[Traced, ...]:
    """Return the container, and behind it the companion that its model server brings."""
    if slot.node is None:
        sidecar = copy(slot.raw, slot.path)
        has_env = "env" in sidecar.value
        env = environment.written(slot.raw, slot.path) if has_env else None
        return (put(sidecar, {"env": env}),)
    server = servers.equip(placement, slot, slot.node) if wants_server(slot.node) else None
    container = _serving(placement, pod, slot, slot.node, server)
    if server is None or server.companion is None:
        return (container,)
    context = hardening.server(placement, pod)
    return (container, put(server.companion, {"securityContext": context}))


def _serving(
    placement: Placement, pod: Pod, slot: Slot, node: Node, server: Server | None
) -> Traced:
    path = placement.predictor.path
    image = text(slot.raw, "image") or (server.image if server else "")
    variables = environment.of_node(placement, slot, node, image)
    defaults: dict[str, Any] = {
        "image": image or None,
        "imagePullPolicy": "IfNotPresent",
        "lifecycle": probes.lifecycle(placement, pod),
        **_tcp_probes(placement, slot, node),
    }
    if server is not None:
        variables |= server.env
        defaults |= {
            "args": list(server.args) or None,
            "envFrom": [{"secretRef": {"name": server.secret}}] if server.secret else None,
            **server.probes,
        }
    if not slot.written:
        defaults["securityContext"] = hardening.server(placement, pod)
    container = _base(slot)
    container = put(
        container,
        {
            **{
                key: ours(value, path)
                for key, value in defaults.items()
                if value is not None and slot.raw.get(key) in (None, "")
            },
            "ports": _ports(placement, slot),
            "env": environment.add(environment.written(slot.raw, slot.path), path, variables),
            "volumeMounts": entries(slot.raw, "volumeMounts", slot.path),
        },
    )
    return mount_podinfo(container, path)


def mount_podinfo(container: Traced, path: Path) -> Traced:
    """Return the container with the pod's annotations mounted, unless it mounts them already."""
    there = container.value.get("volumeMounts", ())
    if any(type(m) is dict and m.get("name") == PODINFO_VOLUME for m in there):
        return container
    return mount(container, [{"name": PODINFO_VOLUME, "mountPath": PODINFO_PATH}], path)


def podinfo() -> dict[str, Any]:
    """Return the volume with the pod's annotations."""
    field = {"apiVersion": "v1", "fieldPath": "metadata.annotations"}
    items = [{"path": "annotations", "fieldRef": field}]
    return {"name": PODINFO_VOLUME, "downwardAPI": {"items": items}}


def _base(slot: Slot) -> Traced:
    if slot.written:
        return copy(slot.raw, slot.path)
    return table(slot.path, {"name": copy(slot.name, slot.path / "name")})


def _tcp_probes(placement: Placement, slot: Slot, node: Node) -> dict[str, Any]:
    port = slot.grpc if speaks_grpc(placement.deployment, node) else slot.http
    return {
        "livenessProbe": probes.tcp(port, probes.LIVENESS_DELAY),
        "readinessProbe": probes.tcp(port, probes.READINESS_DELAY),
    }


def _ports(placement: Placement, slot: Slot) -> Traced:
    """Return the author's ports, and those of http, grpc and metrics that are missing.

    A number that is there under another name is not named twice: the list cannot be applied
    server-side then, its key is number and protocol.
    """
    ports = entries(slot.raw, "ports", slot.path)
    named = {text(port, "name") for port in ports.value}
    used = {
        number(port, "containerPort")
        for port in ports.value
        if text(port, "protocol") in ("", "TCP")
    }
    added: list[Traced] = []
    wanted = {
        "http": slot.http,
        "grpc": slot.grpc,
        placement.options.metrics_port_name: slot.metrics,
    }
    for name, wish in wanted.items():
        if name not in named and wish not in used:
            used.add(wish)
            port = {"name": name, "containerPort": wish, "protocol": "TCP"}
            added.append(ours(port, placement.predictor.path))
    return append(ports, added)
