"""The service orchestrator (Seldon's executor): the container that walks the graph.

It reads the graph from the variable ENGINE_PREDICTOR. Seldon puts the whole predictor there, with
the secrets in its containers' variables, and restarts the orchestrator at any change of it; here
it holds what the executor reads: the graph with its endpoints, and each container's name and image
(for the labels of its metrics).
"""

import base64
from collections.abc import Mapping
from typing import Any

from webhook.graph.model import Node, mapping, text
from webhook.graph.path import Path
from webhook.workloads import environment, hardening, names, probes
from webhook.workloads.containers import mount_podinfo
from webhook.workloads.nodes import role, speaks_grpc, wants_server
from webhook.workloads.options import Engine
from webhook.workloads.origin import Traced, copy, table
from webhook.workloads.placement import ENGINE_CONTAINER, Placement, Pod, Slot
from webhook.workloads.servers import equip

ANNOTATION = "seldon.io/engine-"
"""Begins annotations of the spec that become variables: seldon.io/engine-log-level, LOG_LEVEL."""

APART = "seldon.io/engine-separate-pod"


def container(placement: Placement, pod: Pod | None) -> Traced:
    """Return the orchestrator's container; `pod` is the component it joins, None for its own."""
    engine = placement.options.engine
    if engine is None:
        raise ValueError("no orchestrator is configured; ask Placement.has_engine first")
    path = placement.predictor.path
    tls = bool(text(mapping(placement.predictor.raw, "ssl"), "certSecretName"))
    whole = table(
        path,
        {
            "name": ENGINE_CONTAINER,
            "image": engine.image,
            "imagePullPolicy": engine.pull_policy,
            "args": _args(placement, engine),
            # HTTP and metrics are one port. It can be listed once only: the list is applied by
            # number and protocol. Scrapers find it by its name; Services and probes by its number.
            "ports": [
                {"name": name, "containerPort": port, "protocol": "TCP"}
                for name, port in (
                    (engine.metrics_port_name, engine.http_port),
                    ("grpc", engine.grpc_port),
                )
            ],
            "env": _env(placement, engine),
            "resources": _resources(placement, pod, engine),
            "livenessProbe": probes.engine(engine.http_port, "/live", tls=tls),
            "readinessProbe": probes.engine(engine.http_port, "/ready", tls=tls),
            "securityContext": hardening.injected(placement, pod),
        },
    )
    return mount_podinfo(whole, path)


def _args(placement: Placement, engine: Engine) -> list[str]:
    spec = placement.deployment.spec
    args = {
        "--sdep": placement.deployment.name,
        "--namespace": _namespace(placement),
        "--predictor": placement.predictor.name,
        "--http_port": str(engine.http_port),
        "--grpc_port": str(engine.grpc_port),
        "--protocol": text(spec, "protocol") or "seldon",
        "--transport": text(spec, "transport") or "rest",
        "--prometheus_path": placement.options.prometheus_path,
        "--server_type": text(spec, "serverType") or "rpc",
        "--log_work_buffer_size": _setting(
            placement, "seldon.io/executor-logger-queue-size", engine.log_queue_size
        ),
        "--log_write_timeout_ms": _setting(
            placement, "seldon.io/executor-logger-write-timeout-ms", engine.log_write_timeout_ms
        ),
    }
    flat = [word for pair in args.items() for word in pair]
    return [*flat, f"--full_health_checks={str(engine.full_health_checks).lower()}"]


def _setting(placement: Placement, key: str, default: int) -> str:
    """Return a number from an annotation of the spec or else of the object."""
    for place in (placement.deployment.spec, mapping(placement.deployment.raw, "metadata")):
        value = text(mapping(place, "annotations"), key)
        if value.isascii() and value.isdigit():
            return value
    return str(default)


def _env(placement: Placement, engine: Engine) -> Traced:
    path = placement.predictor.path
    wish = _wish(placement)
    own = environment.written(wish, path / "svcOrchSpec" if wish else path)
    annotated = mapping(placement.deployment.spec, "annotations")
    from_annotations = {
        key.removeprefix(ANNOTATION).replace("-", "_").upper(): value
        for key, value in sorted(annotated.items())
        if key.startswith(ANNOTATION) and key not in {APART, ANNOTATION} and type(value) is str
    }
    fixed = {
        "ENGINE_PREDICTOR": encoded(placement),
        "REQUEST_LOGGER_DEFAULT_ENDPOINT": engine.log_endpoint,
    }
    return environment.add(own, path, fixed | from_annotations)


def _resources(
    placement: Placement, pod: Pod | None, engine: Engine
) -> Traced | dict[str, Any] | None:
    wish = _wish(placement).get("resources")
    if type(wish) is dict:
        return copy(wish, placement.predictor.path.join(("svcOrchSpec", "resources")))
    if pod is not None and pod.shares_resources:
        return None  # whatever it asked for would be taken from what the author gave his own
    amounts = {"cpu": engine.cpu, "memory": engine.memory}
    return {"limits": amounts, "requests": dict(amounts)}


def _wish(placement: Placement) -> Mapping[str, Any]:
    return mapping(placement.predictor.raw, "svcOrchSpec")


def encoded(placement: Placement) -> str:
    """Return ENGINE_PREDICTOR: the predictor as base64 of JSON."""
    predictor = placement.predictor
    raw = copy(
        {key: mapping(predictor.raw, key) for key in ("labels", "annotations", "ssl")}, Path()
    ).value
    components = [
        {"spec": {"containers": [_summary(placement, slot) for slot in pod.slots]}}
        for pod in placement.pods
    ]
    value = {
        "name": predictor.name,
        "graph": _node(placement, predictor.graph) if predictor.graph else None,
        "componentSpecs": components,
        # Seldon sets both to nothing: they say nothing to the executor.
        "replicas": 0,
        "traffic": 0,
        **{key: part for key, part in raw.items() if part},
    }
    return base64.b64encode(environment.compact(value).encode("utf-8", "replace")).decode("ascii")


def _summary(placement: Placement, slot: Slot) -> dict[str, str]:
    image = text(slot.raw, "image")
    if not image and slot.node is not None and wants_server(slot.node):
        image = equip(placement, slot, slot.node).image
    return {"name": slot.name, "image": image}


def _node(placement: Placement, node: Node) -> dict[str, Any]:
    seat = placement.seats.get(node.path)
    whole: dict[str, Any] = {
        "name": node.name,
        "type": role(node) or None,
        "implementation": node.implementation or "UNKNOWN_IMPLEMENTATION",
        "children": [_node(placement, child) for child in node.children],
        **{key: node.raw.get(key) for key in ("methods", "parameters", "modelUri", "logger")},
    }
    if seat is not None:
        pod, slot = seat
        grpc = speaks_grpc(placement.deployment, node)
        front = placement.front
        here = front is not None and front[0] is pod and not placement.engine_apart
        service = f"{names.of_slot(placement, slot)}.{_namespace(placement)}.svc.cluster.local"
        whole["endpoint"] = {
            "service_host": "localhost" if here else service,
            "service_port": slot.grpc if grpc else slot.http,
            "type": "GRPC" if grpc else "REST",
            "httpPort": slot.http,
            "grpcPort": slot.grpc,
        }
    return {key: value for key, value in whole.items() if value is not None}


def _namespace(placement: Placement) -> str:
    return placement.deployment.namespace or "default"
