"""Explainers: a Deployment and a Service beside a predictor, which it calls.

Seldon and TensorFlow protocols run Seldon's Alibi server, told by arguments; v2 runs MLServer,
told by variables.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from webhook.graph.facts import Facts
from webhook.graph.model import mapping, mappings, number, text
from webhook.graph.path import Path
from webhook.workloads import deployment, environment, hardening, metadata, names, pods, probes
from webhook.workloads.environment import MODELS
from webhook.workloads.initializer import Model, Parts, fetch
from webhook.workloads.origin import Traced, append, copy, entries, ours, put
from webhook.workloads.placement import Placement
from webhook.workloads.servers import V2

PORT = 9000
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
class Call:
    """How an explainer reaches its predictor."""

    protocol: str
    grpc: bool
    host: str


def of_predictor(placement: Placement) -> Traced:
    """Return the explainer's Deployment; only where `Placement.explainer` is not empty."""
    raw = placement.explainer
    path = placement.predictor.path / "explainer"
    name = names.of_explainer(placement)
    container = _container(placement, raw, path, name)
    nothing = ours([], placement.predictor.path)
    parts = Parts((container,), nothing, nothing)
    parts = fetch(placement, None, parts, Model(container.value["name"], raw, path))
    pod = pods.complete(placement, None, parts)
    if account := text(raw, "serviceAccountName"):
        pod = put(pod, {"serviceAccountName": copy(account, path / "serviceAccountName")})
    return deployment.build(
        placement,
        name,
        labels=(metadata.of_explainer(placement, name), metadata.of_explainer(placement, name)),
        notes=(metadata.annotations(placement), metadata.annotations(placement)),
        spec=pod,
        replicas=_replicas(placement, raw, path),
    )


def image(facts: Facts, protocol: str) -> str:
    """Return the image that seldon-config has for explainers of a protocol; "": none, or unknown.

    Source: Seldon Core v1.17, explainers: `image` does not stand in for `image_v2`.
    """
    return (facts.explainer or {}).get("image_v2" if protocol in V2 else "image", "")


def port(placement: Placement) -> int:
    """Return the port that the explainer listens on."""
    raw = placement.explainer
    for _, written in mappings(mapping(raw, "containerSpec"), "ports"):
        found = number(written, "containerPort")
        if text(written, "name") == "http" and found:
            return found
    return number(mapping(raw, "endpoint"), "service_port") or PORT


def _replicas(placement: Placement, raw: Mapping[str, Any], path: Path) -> Traced | None:
    """Return 0 where the predictor is switched off, else the explainer's own number."""
    served = deployment.replicas(placement, {}, placement.predictor.path)
    if served is not None and served.value == 0:
        return served
    count = number(raw, "replicas")
    return None if count is None else copy(count, path / "replicas")


def _container(placement: Placement, raw: Mapping[str, Any], path: Path, name: str) -> Traced:
    written = mapping(raw, "containerSpec")
    where = path / "containerSpec" if written else path
    called_for = placement.predictor.path
    call = _call(placement, raw)
    listens = port(placement)
    own_name = text(written, "name") or name
    defaults: dict[str, Any] = {
        "name": own_name,
        "image": image(placement.facts, call.protocol) or None,
        "imagePullPolicy": "IfNotPresent",
        # Seldon waits longer for an explainer: it may load a model and its training data.
        "livenessProbe": probes.tcp(listens, probes.LIVENESS_DELAY, failures=5),
        "readinessProbe": probes.tcp(listens, probes.READINESS_DELAY, failures=7),
        "lifecycle": probes.lifecycle(placement, None),
        "securityContext": hardening.server(placement, None),
    }
    variables: dict[str, str] = {}
    if call.protocol in V2:
        variables = _variables(placement, raw, call, listens, own_name)
    else:
        defaults["args"] = _args(placement, raw, call, listens)
    ports = entries(written, "ports", where)
    if not any(text(p, "name") == "http" for p in ports.value):
        added = {"name": "http", "containerPort": listens, "protocol": "TCP"}
        ports = append(ports, [ours(added, called_for)])
    env = environment.add(environment.written(written, where), called_for, variables)
    fields = {
        key: ours(value, called_for)
        for key, value in defaults.items()
        if value is not None and written.get(key) in (None, "")
    }
    base = copy(written, where) if written else ours({}, called_for)
    return put(base, {**fields, "ports": ports, "env": env if env.value else None})


def _call(placement: Placement, raw: Mapping[str, Any]) -> Call:
    spec = placement.deployment.spec
    grpc = text(spec, "transport") == "grpc" or text(mapping(raw, "endpoint"), "type") == "GRPC"
    http_port, grpc_port = placement.service_ports
    namespace = placement.deployment.namespace or "default"
    return Call(
        protocol=text(spec, "protocol") or "seldon",
        grpc=grpc,
        host=f"{names.of_service(placement)}.{namespace}:{grpc_port if grpc else http_port}",
    )


def _args(placement: Placement, raw: Mapping[str, Any], call: Call, listens: int) -> list[str]:
    kind, uri = text(raw, "type"), text(raw, "modelUri")
    root = placement.predictor.graph
    args = [
        # As in a call of the predictor's: under tensorflow, another name is not served.
        f"--model_name={root.name if root else ''}",
        f"--predictor_host={call.host}",
        f"--protocol={call.protocol}.{'grpc' if call.grpc else 'http'}",
        f"--http_port={listens}",
        *([f"--storage_uri={MODELS}"] if uri else []),
        kind,
        *(["--tf_data_type=float32"] if kind == "AnchorImages" else []),
    ]
    for key, value in sorted(mapping(raw, "config").items()):
        if type(value) is str:
            # A file below the modelUri is fetched with it.
            args.append(f"--{key}={value.replace(uri, MODELS, 1) if uri else value}")
    return args


def _variables(
    placement: Placement, raw: Mapping[str, Any], call: Call, listens: int, name: str
) -> dict[str, str]:
    root = placement.predictor.graph
    extra: dict[str, Any] = {
        "explainer_type": V2_TYPES.get(text(raw, "type"), text(raw, "type")),
        "infer_uri": f"http://{call.host}/v2/models/{root.name if root else ''}/infer",
    }
    with suppress(ValueError, RecursionError):  # none written, or nothing that MLServer can read
        extra["init_parameters"] = json.loads(text(raw, "initParameters"))
    return {
        "MLSERVER_HTTP_PORT": str(listens),
        "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_alibi_explain.AlibiExplainRuntime",
        "MLSERVER_MODEL_NAME": name,
        **({"MLSERVER_MODEL_URI": MODELS} if text(raw, "modelUri") else {}),
        "MLSERVER_MODEL_EXTRA": environment.compact(extra),
    }
