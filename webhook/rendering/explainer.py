"""Explainers: a Deployment and a Service beside a predictor, which it calls.

Seldon and TensorFlow protocols run Seldon's Alibi server, configured by arguments; v2 runs
MLServer, configured by variables.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.model import get_int, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rendering import (
    deployment,
    environment,
    metadata,
    names,
    pods,
    probes,
    security_context,
)
from webhook.rendering.environment import MODELS_PATH
from webhook.rendering.layout import PredictorLayout
from webhook.rendering.model_servers import V2_PROTOCOLS
from webhook.rendering.source_map import (
    Sourced,
    from_user,
    injected,
    list_items,
    with_fields,
    with_items,
)
from webhook.rendering.storage_initializer import ModelDownload, PodParts, add_model_downloads

DEFAULT_PORT = 9000
"""Where an explainer listens unless its endpoint or container says otherwise. Seldon's."""

V2_TYPES = {
    "AnchorTabular": "anchor_tabular",
    "AnchorImages": "anchor_image",
    "AnchorText": "anchor_text",
    "Counterfactuals": "counterfactuals",
    "Contrastive": "contrastive",
    "KernelShap": "kernel_shap",
    "IntegratedGradients": "integrated_gradients",
    "ALE": "ALE",
    "TreeShap": "tree_shap",
}
"""How MLServer calls Seldon's explainer types."""


@dataclass(frozen=True, slots=True)
class PredictorEndpoint:
    """How an explainer reaches its predictor."""

    protocol: str
    grpc: bool
    host: str


def render_explainer_deployment(layout: PredictorLayout) -> Sourced:
    """Return the explainer's Deployment; only where `Placement.explainer` is not empty."""
    raw = layout.explainer
    path = layout.predictor.path / "explainer"
    name = names.explainer_name(layout)
    container = _container(layout, raw, path, name)
    no_items = injected([], layout.predictor.path)
    parts = PodParts((container,), no_items, no_items)
    parts = add_model_downloads(
        layout, None, parts, [ModelDownload(get_str(container.value, "name"), raw, path)]
    )
    pod = pods.complete_pod_spec(layout, None, parts)
    if account := get_str(raw, "serviceAccountName"):
        pod = with_fields(
            pod, {"serviceAccountName": from_user(account, path / "serviceAccountName")}
        )
    return deployment.build_deployment(
        layout,
        name,
        labels=(metadata.explainer_labels(layout, name), metadata.explainer_labels(layout, name)),
        annotations=(metadata.merged_annotations(layout), metadata.merged_annotations(layout)),
        spec=pod,
        selector=metadata.deployment_selector(layout, name),
        replicas=_explainer_replicas(layout, raw, path),
    )


def explainer_image(facts: Facts, protocol: str) -> str:
    """Return the image that settings or seldon-config have for explainers of a protocol.

    "": none, or unknown.

    Source: Seldon Core v1.17, explainers: `image` is not a fallback for `image_v2`.
    """
    key = "image_v2" if protocol in V2_PROTOCOLS else "image"
    known = facts.explainer_images or {}
    return facts.configured_explainer_images.get(key) or known.get(key, "")


def explainer_port(layout: PredictorLayout) -> int:
    """Return the port that the explainer listens on."""
    raw = layout.explainer
    for _, written in iter_mappings(get_mapping(raw, "containerSpec"), "ports"):
        found = get_int(written, "containerPort")
        if get_str(written, "name") == "http" and found:
            return found
    return _endpoint_port(raw)


def explainer_service_port(layout: PredictorLayout) -> int:
    """Return the port of the explainer's Service, which leads to the same port of the container.

    Seldon's operator has that of the endpoint, wherever the container listens (createExplainer,
    v1.17.1).
    """
    return _endpoint_port(layout.explainer) if layout.is_seldon else explainer_port(layout)


def _endpoint_port(raw: Mapping[str, Any]) -> int:
    return get_int(get_mapping(raw, "endpoint"), "service_port") or DEFAULT_PORT


def _explainer_replicas(
    layout: PredictorLayout, raw: Mapping[str, Any], path: Path
) -> Sourced | None:
    """Return 0 where the predictor is switched off, else the explainer's own number."""
    predictor_replicas = deployment.find_replicas(layout, {}, layout.predictor.path)
    if predictor_replicas is not None and predictor_replicas.value == 0:
        return predictor_replicas
    count = get_int(raw, "replicas")
    return None if count is None else from_user(count, path / "replicas")


def _container(layout: PredictorLayout, raw: Mapping[str, Any], path: Path, name: str) -> Sourced:
    user_container = get_mapping(raw, "containerSpec")
    source_path = path / "containerSpec" if user_container else path
    predictor_path = layout.predictor.path
    endpoint = _predictor_endpoint(layout, raw)
    http_port = explainer_port(layout)
    probed: int | str = "http" if layout.is_seldon else http_port
    own_name = get_str(user_container, "name") or name
    defaults: dict[str, Any] = {
        "name": own_name,
        "image": explainer_image(layout.facts, endpoint.protocol) or None,
        "imagePullPolicy": "IfNotPresent",
        # Seldon waits longer for an explainer: it may load a model and its training data.
        "livenessProbe": probes.tcp_probe(probed, probes.LIVENESS_DELAY_SECONDS, failures=5),
        "readinessProbe": probes.tcp_probe(probed, probes.READINESS_DELAY_SECONDS, failures=7),
        "lifecycle": probes.pre_stop_lifecycle(layout, None),
        "securityContext": security_context.model_server_context(layout, None),
    }
    variables: dict[str, str] = {}
    if endpoint.protocol in V2_PROTOCOLS:
        variables = _variables(layout, raw, endpoint, http_port, own_name)
    else:
        defaults["args"] = _args(layout, raw, endpoint, http_port)
    ports = list_items(user_container, "ports", source_path)
    if not any(_is_http(written, http_port, layout) for written in ports.value):
        added = {"name": "http", "containerPort": http_port, "protocol": "TCP"}
        ports = with_items(ports, [injected(added, predictor_path)])
    written_env = environment.user_variables(user_container, source_path)
    if layout.is_seldon and variables:
        # Seldon's operator gives it these and no others (createExplainer, v1.17.1).
        written_env = injected([], predictor_path)
    env = environment.with_variables(written_env, predictor_path, variables)
    fields = {
        key: injected(value, predictor_path)
        for key, value in defaults.items()
        if value is not None
        # Seldon's operator gives the explainer its own arguments, whatever the author wrote.
        and (user_container.get(key) in (None, "") or (layout.is_seldon and key == "args"))
    }
    base = (
        from_user(user_container, source_path) if user_container else injected({}, predictor_path)
    )
    return with_fields(base, {**fields, "ports": ports, "env": env if env.value else None})


def _is_http(written: Mapping[str, Any], port: int, layout: PredictorLayout) -> bool:
    """Return whether the author wrote the explainer's port; Seldon's operator knows it by name."""
    if get_str(written, "name") == "http":
        return True
    is_tcp = get_str(written, "protocol") in ("", "TCP")
    return not layout.is_seldon and is_tcp and get_int(written, "containerPort") == port


def _predictor_endpoint(layout: PredictorLayout, raw: Mapping[str, Any]) -> PredictorEndpoint:
    spec = layout.deployment.spec
    grpc = (
        get_str(spec, "transport") == "grpc"
        or get_str(get_mapping(raw, "endpoint"), "type") == "GRPC"
    )
    http_port, grpc_port = layout.service_ports
    namespace = layout.deployment.namespace or "default"
    port = grpc_port if grpc else http_port
    return PredictorEndpoint(
        protocol=get_str(spec, "protocol") or "seldon",
        grpc=grpc,
        host=f"{names.predictor_service_name(layout)}.{namespace}:{port}",
    )


def _args(
    layout: PredictorLayout, raw: Mapping[str, Any], endpoint: PredictorEndpoint, port: int
) -> list[str]:
    kind, uri = get_str(raw, "type"), get_str(raw, "modelUri")
    root = layout.predictor.graph
    args = [
        # As in a call of the predictor's: under tensorflow, another name is not served.
        f"--model_name={root.name if root else ''}",
        f"--predictor_host={endpoint.host}",
        f"--protocol={endpoint.protocol}.{'grpc' if endpoint.grpc else 'http'}",
        f"--http_port={port}",
        *([f"--storage_uri={MODELS_PATH}"] if uri else []),
        kind,
        *(["--tf_data_type=float32"] if kind == "AnchorImages" else []),
    ]
    for key, value in sorted(get_mapping(raw, "config").items()):
        if type(value) is str:
            # A file below the modelUri is fetched with it.
            args.append(f"--{key}={value.replace(uri, MODELS_PATH, 1) if uri else value}")
    return args


def _variables(
    layout: PredictorLayout,
    raw: Mapping[str, Any],
    endpoint: PredictorEndpoint,
    port: int,
    name: str,
) -> dict[str, str]:
    root = layout.predictor.graph
    extra: dict[str, Any] = {
        "explainer_type": V2_TYPES.get(get_str(raw, "type"), get_str(raw, "type")),
        "infer_uri": f"http://{endpoint.host}/v2/models/{root.name if root else ''}/infer",
    }
    parameters = get_str(raw, "initParameters")
    has_model = bool(get_str(raw, "modelUri"))
    if layout.is_seldon:
        # The text is put in as it is, and the variable of the model set without one as well.
        text = environment.compact_json(extra)
        extra_text = f'{text[:-1]},"init_parameters":{parameters}}}' if parameters else text
        has_model = True
    else:
        with suppress(ValueError, RecursionError):  # none, or nothing that MLServer can read
            extra["init_parameters"] = json.loads(parameters)
        extra_text = environment.compact_json(extra)
    return {
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_alibi_explain.AlibiExplainRuntime",
        "MLSERVER_MODEL_NAME": name,
        **({"MLSERVER_MODEL_URI": MODELS_PATH} if has_model else {}),
        "MLSERVER_MODEL_EXTRA": extra_text,
    }
