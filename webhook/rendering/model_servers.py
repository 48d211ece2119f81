"""Model servers: the containers of prepackaged servers (`implementation`).

Belongs here: what each of Seldon's servers needs besides what every node's container gets
(`containers`). Does not belong here: fetching the model (`storage_initializer`).

Which image a server has is a fact (seldon-config); where it is not known the container has none,
and the API server says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webhook.graph import schema
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import Node, SeldonDeployment, get_mapping, get_str
from webhook.graph.well_known import NO_STORAGE_INITIALIZER_ANNOTATION
from webhook.rendering.environment import MODELS_PATH, node_parameters, parameters_json
from webhook.rendering.layout import TENSORFLOW_CONTAINER, ContainerSlot, PredictorLayout
from webhook.rendering.probes import LIVENESS_DELAY_SECONDS, READINESS_DELAY_SECONDS, http_probe
from webhook.rendering.source_map import Sourced, mapping_of

V2_PROTOCOLS = frozenset({"v2", "kfserving"})
"""One protocol under its new and its old name; seldon-config may use either."""

MLSERVER_RUNTIMES = {
    "SKLEARN_SERVER": "mlserver_sklearn.SKLearnModel",
    "XGBOOST_SERVER": "mlserver_xgboost.XGBoostModel",
    "MLFLOW_SERVER": "mlserver_mlflow.MLflowRuntime",
    "TEMPO_SERVER": "tempo.mlserver.InferenceRuntime",
    "HUGGINGFACE_SERVER": "mlserver_huggingface.HuggingFaceRuntime",
}

HUGGINGFACE_VARIABLES = {
    "MLSERVER_PARALLEL_WORKERS": "0",
    "XDG_CACHE_HOME": "/opt/mlserver",
}
"""What Seldon sets for this server: one process, and a cache that its user may write."""

TENSORFLOW_GRPC, TENSORFLOW_HTTP = 2000, 2001
"""Where TensorFlow Serving listens behind its proxy. Seldon's."""

TRITON_FLAGS = ("model_control_mode", "load_model", "strict_model_config")
"""Parameters of a node that Triton takes as flags when it reads its repository itself."""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """What a server adds to its node's container.

    env             wins over what every node's container gets, not over the author
    probes          fields of the container: readinessProbe, livenessProbe
    env_secret      name of a Secret whose keys become variables; "": none
    sidecar         a second container, which then is the one that needs the model

    Where Seldon's operator creates the pods, what it puts in place of the author's:

    replaces_ports       the list of ports
    replaces_handlers    the handlers of the probes
    replaces_image       the image
    overrides_variables  the variables in `env`
    names_image          whether the variable PREDICTIVE_UNIT_IMAGE has the server's image
    """

    image: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, Any] = field(default_factory=dict)
    env_secret: str = ""
    sidecar: Sourced | None = None
    replaces_ports: bool = False
    replaces_handlers: bool = False
    replaces_image: bool = False
    overrides_variables: bool = False
    names_image: bool = True


def model_server_for(layout: PredictorLayout, slot: ContainerSlot, node: Node) -> ModelServer:
    """Return the model server for the node's implementation."""
    protocol = get_str(layout.deployment.spec, "protocol") or "seldon"
    if node.implementation == "TENSORFLOW_SERVER":
        return _tensorflow(layout, slot, node, protocol)
    if node.implementation == "TRITON_SERVER":
        return _triton(layout, slot, node, protocol)
    if protocol in V2_PROTOCOLS:
        return _mlserver(layout, slot, node, protocol)
    parameters = _parameters_json(layout, node, ("model_uri", MODELS_PATH))
    return ModelServer(
        image=server_image(layout, node, protocol),
        env={"PREDICTIVE_UNIT_PARAMETERS": parameters},
        overrides_variables=layout.is_seldon,
    )


def server_image(layout: PredictorLayout, node: Node, protocol: str) -> str:
    """Return the image of the node's server for a protocol, "NAME:VERSION" or "NAME"; "": unknown.

    v2 and kfserving are fallbacks for each other.
    """
    protocols = server_protocols(layout.facts, node.implementation)
    for name in (protocol, *sorted(V2_PROTOCOLS - {protocol} if protocol in V2_PROTOCOLS else ())):
        config = get_mapping(protocols, name)
        if image_name := get_str(config, "image"):
            version = get_str(config, "defaultImageVersion")
            return f"{image_name}:{version}" if version else image_name
    return ""


def known_servers(facts: Facts) -> tuple[str, ...]:
    """Return the names of the model servers: of Seldon's own where the cluster's are not known."""
    names = facts.model_servers
    if names is None:
        names = dict.fromkeys(schema.enum_values("prepackaged-servers"))
    return (*names, *(name for name in facts.configured_server_images if name not in names))


def server_protocols(facts: Facts, implementation: str) -> dict[str, Any]:
    """Return the entry of each protocol for which a server has an image; {}: none is known."""
    entry = (facts.model_servers or {}).get(implementation)
    protocols = get_mapping(entry, "protocols") if type(entry) is dict else {}
    images = facts.configured_server_images.get(implementation, {})
    return {**protocols, **{protocol: {"image": image} for protocol, image in images.items()}}


def env_secret_name(layout: PredictorLayout, raw: Mapping[str, Any]) -> str:
    """Return the Secret that a node or explainer takes its credentials from; "": none."""
    return get_str(raw, "envSecretRefName") or layout.options.env_secret


def downloads_own_model(layout: PredictorLayout, node: Node) -> bool:
    """Return whether the server reads its model from the modelUri, without an initializer."""
    annotations = get_mapping(layout.deployment.spec, "annotations")
    is_opted_in = get_str(annotations, NO_STORAGE_INITIALIZER_ANNOTATION).lower() == "true"
    return is_opted_in and node.implementation == "TRITON_SERVER"


def is_tensorflow_proxy(deployment: SeldonDeployment, node: Node) -> bool:
    """Return whether a node's container is a proxy, and the model is read by TensorFlow's."""
    is_tensorflow = node.implementation == "TENSORFLOW_SERVER"
    return is_tensorflow and get_str(deployment.spec, "protocol") != "tensorflow"


def _parameters_json(layout: PredictorLayout, node: Node, *more: tuple[str, str]) -> str:
    added = [{"name": name, "value": value, "type": "STRING"} for name, value in more]
    return parameters_json(layout, [*node_parameters(node), *added])


def _health_probes(port: int | str, period: int = 10) -> dict[str, Any]:
    return {
        "livenessProbe": http_probe("/v2/health/live", port, LIVENESS_DELAY_SECONDS, period),
        "readinessProbe": http_probe("/v2/health/ready", port, READINESS_DELAY_SECONDS, period),
    }


def _mlserver(
    layout: PredictorLayout, slot: ContainerSlot, node: Node, protocol: str
) -> ModelServer:
    env = {"MLSERVER_MODEL_VERSION": "v1"}
    runtime = MLSERVER_RUNTIMES.get(node.implementation, "")
    if runtime or layout.is_seldon:
        env["MLSERVER_MODEL_IMPLEMENTATION"] = runtime
    if node.implementation == "TEMPO_SERVER" or layout.is_seldon:
        runtime_options = {
            "defaultRuntime": "tempo.seldon.SeldonKubernetesRuntime",
            "namespace": layout.deployment.namespace or "default",
        }
        env["TEMPO_RUNTIME_OPTIONS"] = json.dumps({"k8s_options": runtime_options})
    if node.implementation == "HUGGINGFACE_SERVER":
        env |= HUGGINGFACE_VARIABLES
    if layout.is_seldon:
        # Also where an author's variable made it drop those of every node's container.
        env |= {
            "MLSERVER_HTTP_PORT": str(slot.http_port),
            "MLSERVER_GRPC_PORT": str(slot.grpc_port),
            "MLSERVER_MODEL_NAME": node.name,
            "MLSERVER_MODEL_URI": MODELS_PATH,
        }
    # Seldon's operator probes by the port's name, twice as often.
    probed = _health_probes("http", 5) if layout.is_seldon else _health_probes(slot.http_port)
    return ModelServer(
        server_image(layout, node, protocol),
        env=env,
        probes=probed,
        replaces_ports=layout.is_seldon,
        replaces_handlers=layout.is_seldon,
    )


def _triton(layout: PredictorLayout, slot: ContainerSlot, node: Node, protocol: str) -> ModelServer:
    downloads_itself = downloads_own_model(layout, node)
    args = [
        "/opt/tritonserver/bin/tritonserver",
        f"--grpc-port={slot.grpc_port}",
        f"--http-port={slot.http_port}",
        f"--model-repository={get_str(node.raw, 'modelUri') if downloads_itself else MODELS_PATH}",
    ]
    if downloads_itself:
        args += [
            f"--{parameter['name'].lower().replace('_', '-')}={parameter['value']}"
            for parameter in node_parameters(node)
            if parameter["name"].lower() in TRITON_FLAGS
        ]
    else:
        args.append("--strict-model-config=false")
    # Triton speaks v2 only, also where the object does not say so; Seldon's operator then finds no
    # image, and probes the port only.
    spoken = protocol if protocol in V2_PROTOCOLS or layout.is_seldon else "v2"
    return ModelServer(
        server_image(layout, node, spoken),
        args=tuple(args),
        probes={} if layout.is_seldon else _health_probes(slot.http_port),
        env_secret=env_secret_name(layout, node.raw) if downloads_itself else "",
        replaces_ports=layout.is_seldon,
    )


def _tensorflow(
    layout: PredictorLayout, slot: ContainerSlot, node: Node, protocol: str
) -> ModelServer:
    tensorflow = server_image(layout, node, "tensorflow")
    if protocol == "tensorflow":
        args = _tensorflow_args(node, slot.grpc_port, slot.http_port)
        return ModelServer(tensorflow, args=args, names_image=not layout.is_seldon)
    path = layout.predictor.path
    sidecar = mapping_of(
        path,
        {
            "name": TENSORFLOW_CONTAINER,
            "image": tensorflow or None,
            "imagePullPolicy": "IfNotPresent",
            "args": list(_tensorflow_args(node, TENSORFLOW_GRPC, TENSORFLOW_HTTP)),
            "ports": [
                {"containerPort": port, "protocol": "TCP"}
                for port in (TENSORFLOW_GRPC, TENSORFLOW_HTTP)
            ],
        },
    )
    # The proxy needs both endpoints and the name; what the author wrote comes first.
    written = {parameter["name"] for parameter in node_parameters(node)}
    endpoints = {
        "rest_endpoint": f"http://0.0.0.0:{TENSORFLOW_HTTP}",
        "grpc_endpoint": f"0.0.0.0:{TENSORFLOW_GRPC}",
    }
    needed = {**endpoints, "model_name": node.name}
    missing = [(name, value) for name, value in needed.items() if name not in written]
    if layout.is_seldon:
        # One of the endpoints is taken for both, and the name is written again.
        missing = [] if written & endpoints.keys() else [*endpoints.items()]
        missing.append(("model_name", node.name))
    return ModelServer(
        server_image(layout, node, protocol),
        env={"PREDICTIVE_UNIT_PARAMETERS": _parameters_json(layout, node, *missing)},
        sidecar=sidecar,
        replaces_image=layout.is_seldon,
        overrides_variables=layout.is_seldon,
    )


def _tensorflow_args(node: Node, grpc: int, rest: int) -> tuple[str, ...]:
    return (
        f"--port={grpc}",
        f"--rest_api_port={rest}",
        f"--model_name={node.name}",
        f"--model_base_path={MODELS_PATH}",
    )
