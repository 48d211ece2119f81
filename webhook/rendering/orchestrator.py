"""The service orchestrator (Seldon's executor): the container that walks the graph.

It reads the graph from the variable ENGINE_PREDICTOR. Seldon puts the whole predictor there, with
the secrets in its containers' variables, and restarts the orchestrator at any change of it; here
it holds what the executor reads: the graph with its endpoints, and each container's name and image
(for the labels of its metrics).
"""

import base64
from collections.abc import Mapping
from typing import Any

from webhook.graph.model import Node, get_mapping, get_str
from webhook.graph.path import Path
from webhook.graph.well_known import (
    CLUSTER_DOMAIN,
    LOGGER_QUEUE_SIZE_ANNOTATION,
    LOGGER_WRITE_TIMEOUT_ANNOTATION,
    SEPARATE_POD_ANNOTATION,
)
from webhook.rendering import environment, names, probes, security_context
from webhook.rendering.containers import mount_podinfo
from webhook.rendering.layout import (
    ORCHESTRATOR_CONTAINER,
    ContainerSlot,
    PodLayout,
    PredictorLayout,
)
from webhook.rendering.model_servers import model_server_for
from webhook.rendering.node_kinds import is_prepackaged_server, node_role, uses_grpc
from webhook.rendering.options import OrchestratorOptions
from webhook.rendering.source_map import Sourced, from_user, mapping_of

ENGINE_ANNOTATION_PREFIX = "seldon.io/engine-"
"""Prefix of annotations of the spec that become variables: seldon.io/engine-log-level,
LOG_LEVEL."""


def render_container(layout: PredictorLayout, pod: PodLayout | None) -> Sourced:
    """Return the orchestrator's container; `pod` is the component it joins, None for its own."""
    orchestrator_options = layout.options.orchestrator
    if orchestrator_options is None:
        raise ValueError("no orchestrator is configured; ask layout.has_orchestrator first")
    path = layout.predictor.path
    tls = bool(get_str(get_mapping(layout.predictor.raw, "ssl"), "certSecretName"))
    whole = mapping_of(
        path,
        {
            "name": ORCHESTRATOR_CONTAINER,
            "image": orchestrator_options.image,
            "imagePullPolicy": orchestrator_options.pull_policy,
            "args": _args(layout, orchestrator_options),
            "ports": _ports(layout, orchestrator_options),
            "env": _env(layout, orchestrator_options),
            "resources": _resources(layout, pod, orchestrator_options),
            "livenessProbe": probes.orchestrator_probe(
                orchestrator_options.http_port, "/live", tls=tls
            ),
            "readinessProbe": probes.orchestrator_probe(
                orchestrator_options.http_port, "/ready", tls=tls
            ),
            "securityContext": security_context.orchestrator_context(
                layout, pod, orchestrator_options.user
            ),
        },
    )
    return mount_podinfo(whole, path)


def _ports(
    layout: PredictorLayout, orchestrator_options: OrchestratorOptions
) -> list[dict[str, Any]]:
    """Return the ports. HTTP and metrics are one.

    It can be listed once only: the list is applied by number and protocol. Scrapers find it by its
    name; Services and probes by its number. Seldon's operator creates, and lists it twice.
    """
    ports = [
        (orchestrator_options.metrics_port_name, orchestrator_options.http_port),
        ("grpc", orchestrator_options.grpc_port),
    ]
    if layout.is_seldon:
        ports.insert(0, ("http", orchestrator_options.http_port))
    return [{"name": name, "containerPort": number, "protocol": "TCP"} for name, number in ports]


def _args(layout: PredictorLayout, orchestrator_options: OrchestratorOptions) -> list[str]:
    spec = layout.deployment.spec
    args = {
        "--sdep": layout.deployment.name,
        "--namespace": _namespace(layout),
        "--predictor": layout.predictor.name,
        "--http_port": str(orchestrator_options.http_port),
        "--grpc_port": str(orchestrator_options.grpc_port),
        "--protocol": get_str(spec, "protocol") or "seldon",
        "--transport": get_str(spec, "transport") or "rest",
        "--prometheus_path": layout.options.prometheus_path,
        "--server_type": get_str(spec, "serverType") or "rpc",
        "--log_work_buffer_size": _annotated_number(
            layout, LOGGER_QUEUE_SIZE_ANNOTATION, orchestrator_options.log_queue_size
        ),
        "--log_write_timeout_ms": _annotated_number(
            layout,
            LOGGER_WRITE_TIMEOUT_ANNOTATION,
            orchestrator_options.log_write_timeout_ms,
        ),
    }
    flat = [word for pair in args.items() for word in pair]
    return [*flat, f"--full_health_checks={str(orchestrator_options.full_health_checks).lower()}"]


def _annotated_number(layout: PredictorLayout, key: str, default: int) -> str:
    """Return a number from an annotation of the spec or else of the object."""
    for section in (layout.deployment.spec, get_mapping(layout.deployment.raw, "metadata")):
        value = get_mapping(section, "annotations").get(key)
        if type(value) is not str:
            continue
        if layout.is_seldon or (value.isascii() and value.isdigit()):
            return value
    return str(default)


def _env(layout: PredictorLayout, orchestrator_options: OrchestratorOptions) -> Sourced:
    path = layout.predictor.path
    user_spec = _user_spec(layout)
    user_env = environment.user_variables(user_spec, path / "svcOrchSpec" if user_spec else path)
    annotated = get_mapping(layout.deployment.spec, "annotations")
    from_annotations = {
        key.removeprefix(ENGINE_ANNOTATION_PREFIX).replace("-", "_").upper(): value
        for key, value in sorted(annotated.items())
        if key.startswith(ENGINE_ANNOTATION_PREFIX)
        and key not in {SEPARATE_POD_ANNOTATION, ENGINE_ANNOTATION_PREFIX}
        and type(value) is str
    }
    fixed = {
        "ENGINE_PREDICTOR": encode_predictor(layout),
        "REQUEST_LOGGER_DEFAULT_ENDPOINT": orchestrator_options.log_endpoint,
    }
    return environment.with_variables(user_env, path, fixed | from_annotations)


def _resources(
    layout: PredictorLayout, pod: PodLayout | None, orchestrator_options: OrchestratorOptions
) -> Sourced | dict[str, Any] | None:
    user_resources = _user_spec(layout).get("resources")
    if type(user_resources) is dict:
        return from_user(user_resources, layout.predictor.path.join(("svcOrchSpec", "resources")))
    if pod is not None and pod.shares_resources:
        return None  # its requests would reduce what the author's own containers get
    amounts = {"cpu": orchestrator_options.cpu, "memory": orchestrator_options.memory}
    return {"limits": amounts, "requests": dict(amounts)}


def _user_spec(layout: PredictorLayout) -> Mapping[str, Any]:
    return get_mapping(layout.predictor.raw, "svcOrchSpec")


def encode_predictor(layout: PredictorLayout) -> str:
    """Return ENGINE_PREDICTOR: the predictor as base64 of JSON."""
    predictor = layout.predictor
    raw = from_user(
        {key: get_mapping(predictor.raw, key) for key in ("labels", "annotations", "ssl")}, Path()
    ).value
    components = [
        {"spec": {"containers": [_container_summary(layout, slot) for slot in pod.slots]}}
        for pod in layout.pods
    ]
    value = {
        "name": predictor.name,
        "graph": _encode_node(layout, predictor.graph) if predictor.graph else None,
        "componentSpecs": components,
        # Seldon sets both to nothing: they say nothing to the executor.
        "replicas": 0,
        "traffic": 0,
        **{key: part for key, part in raw.items() if part},
    }
    return base64.b64encode(environment.compact_json(value).encode(errors="replace")).decode()


def _container_summary(layout: PredictorLayout, slot: ContainerSlot) -> dict[str, str]:
    image = get_str(slot.raw, "image")
    if not image and slot.node is not None and is_prepackaged_server(slot.node):
        image = model_server_for(layout, slot, slot.node).image
    return {"name": slot.name, "image": image}


def _encode_node(layout: PredictorLayout, node: Node) -> dict[str, Any]:
    location = layout.node_locations.get(node.path)
    fields: dict[str, Any] = {
        "name": node.name,
        "type": node_role(node) or None,
        "implementation": node.implementation or "UNKNOWN_IMPLEMENTATION",
        "children": [_encode_node(layout, child) for child in node.children],
        **{key: node.raw.get(key) for key in ("methods", "parameters", "modelUri", "logger")},
    }
    if location is not None:
        pod, slot = location
        grpc = uses_grpc(layout.deployment, node)
        entrypoint = layout.entrypoint
        is_local = (
            entrypoint is not None and entrypoint[0] is pod and not layout.orchestrator_in_own_pod
        )
        service = (
            f"{names.container_service_name(layout, slot)}.{_namespace(layout)}.{CLUSTER_DOMAIN}"
        )
        fields["endpoint"] = {
            "service_host": "localhost" if is_local else service,
            "service_port": slot.grpc_port if grpc else slot.http_port,
            "type": "GRPC" if grpc else "REST",
            "httpPort": slot.http_port,
            "grpcPort": slot.grpc_port,
        }
    return {key: value for key, value in fields.items() if value is not None}


def _namespace(layout: PredictorLayout) -> str:
    return layout.deployment.namespace or "default"
