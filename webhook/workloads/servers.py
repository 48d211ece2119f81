"""Model servers: the containers that an `implementation` stands for.

Belongs here: what each of Seldon's servers needs besides what every node's container gets
(`containers`). Does not belong here: fetching the model (`initializer`).

Which image a server has is a fact (seldon-config); where it is not known the container has none,
and the API server says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webhook.graph.model import Node, mapping, text
from webhook.workloads.environment import MODELS, compact, parameters
from webhook.workloads.nodes import speaks_grpc
from webhook.workloads.origin import Traced, table
from webhook.workloads.placement import TENSORFLOW_CONTAINER, Placement, Slot
from webhook.workloads.probes import LIVENESS_DELAY, READINESS_DELAY, http

V2 = frozenset({"v2", "kfserving"})
"""One protocol under its new and its old name; seldon-config may use either."""

MLSERVER_RUNTIMES = {
    "SKLEARN_SERVER": "mlserver_sklearn.SKLearnModel",
    "XGBOOST_SERVER": "mlserver_xgboost.XGBoostModel",
    "MLFLOW_SERVER": "mlserver_mlflow.MLflowRuntime",
    "TEMPO_SERVER": "tempo.mlserver.InferenceRuntime",
    "HUGGINGFACE_SERVER": "mlserver_huggingface.HuggingFaceRuntime",
}

TENSORFLOW_GRPC, TENSORFLOW_HTTP = 2000, 2001
"""Where TensorFlow Serving listens behind its proxy. Seldon's."""

TRITON_FLAGS = ("model_control_mode", "load_model", "strict_model_config")
"""Parameters of a node that Triton takes as flags when it reads its repository itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a server adds to its node's container.

    env        wins over what every node's container gets, not over the author
    probes     fields of the container: readinessProbe, livenessProbe
    secret     name of a Secret whose keys become variables; "": none
    companion  a second container, which then is the one that needs the model
    """

    image: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, Any] = field(default_factory=dict)
    secret: str = ""
    companion: Traced | None = None


def equip(placement: Placement, slot: Slot, node: Node) -> Server:
    """Return what the node's implementation asks for."""
    protocol = text(placement.deployment.spec, "protocol") or "seldon"
    if node.implementation == "TENSORFLOW_SERVER":
        return _tensorflow(placement, slot, node, protocol)
    if node.implementation == "TRITON_SERVER":
        return _triton(placement, slot, node, protocol)
    if protocol in V2:
        return _mlserver(placement, slot, node, protocol)
    return Server(
        image=image(placement, node, protocol),
        env={"PREDICTIVE_UNIT_PARAMETERS": _parameters(node, ("model_uri", MODELS))},
    )


def image(placement: Placement, node: Node, protocol: str) -> str:
    """Return the image of the node's server for a protocol, "NAME:VERSION" or "NAME"; "": unknown.

    v2 and kfserving stand in for each other.
    """
    entry = (placement.facts.servers or {}).get(node.implementation)
    protocols = mapping(entry, "protocols") if type(entry) is dict else {}
    for name in (protocol, *sorted(V2 - {protocol} if protocol in V2 else ())):
        config = mapping(protocols, name)
        if found := text(config, "image"):
            version = text(config, "defaultImageVersion")
            return f"{found}:{version}" if version else found
    return ""


def env_secret(placement: Placement, raw: Mapping[str, Any]) -> str:
    """Return the Secret that a node or explainer takes its credentials from; "": none."""
    return text(raw, "envSecretRefName") or placement.options.env_secret


def loads_itself(placement: Placement, node: Node) -> bool:
    """Tell whether the server reads its model from the modelUri, without an initializer."""
    notes = mapping(placement.deployment.spec, "annotations")
    opted = text(notes, "seldon.io/no-storage-initializer").lower() == "true"
    return opted and node.implementation == "TRITON_SERVER"


def _parameters(node: Node, *more: tuple[str, str]) -> str:
    added = [{"name": name, "value": value, "type": "STRING"} for name, value in more]
    return compact([*parameters(node), *added])


def _health(port: int) -> dict[str, Any]:
    return {
        "livenessProbe": http("/v2/health/live", port, LIVENESS_DELAY),
        "readinessProbe": http("/v2/health/ready", port, READINESS_DELAY),
    }


def _mlserver(placement: Placement, slot: Slot, node: Node, protocol: str) -> Server:
    env = {"MLSERVER_MODEL_VERSION": "v1"}
    if runtime := MLSERVER_RUNTIMES.get(node.implementation):
        env["MLSERVER_MODEL_IMPLEMENTATION"] = runtime
    if node.implementation == "TEMPO_SERVER":
        where = {
            "defaultRuntime": "tempo.seldon.SeldonKubernetesRuntime",
            "namespace": placement.deployment.namespace or "default",
        }
        env["TEMPO_RUNTIME_OPTIONS"] = compact({"k8s_options": where})
    return Server(image(placement, node, protocol), env=env, probes=_health(slot.http))


def _triton(placement: Placement, slot: Slot, node: Node, protocol: str) -> Server:
    alone = loads_itself(placement, node)
    args = [
        "/opt/tritonserver/bin/tritonserver",
        f"--grpc-port={slot.grpc}",
        f"--http-port={slot.http}",
        f"--model-repository={text(node.raw, 'modelUri') if alone else MODELS}",
    ]
    if alone:
        args += [
            f"--{parameter['name'].lower().replace('_', '-')}={parameter['value']}"
            for parameter in parameters(node)
            if parameter["name"].lower() in TRITON_FLAGS
        ]
    else:
        args.append("--strict-model-config=false")
    return Server(
        # Triton speaks v2 only, also where the object does not say so.
        image(placement, node, protocol if protocol in V2 else "v2"),
        args=tuple(args),
        probes=_health(slot.http),
        secret=env_secret(placement, node.raw) if alone else "",
    )


def _tensorflow(placement: Placement, slot: Slot, node: Node, protocol: str) -> Server:
    tensorflow = image(placement, node, "tensorflow")
    if protocol == "tensorflow":
        return Server(tensorflow, args=_tensorflow_args(node, slot.grpc, slot.http))
    path = placement.predictor.path
    companion = table(
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
    endpoint = (
        ("grpc_endpoint", f"0.0.0.0:{TENSORFLOW_GRPC}")
        if speaks_grpc(placement.deployment, node)
        else ("rest_endpoint", f"http://0.0.0.0:{TENSORFLOW_HTTP}")
    )
    written = {parameter["name"] for parameter in parameters(node)}
    env = {}
    if not written & {"rest_endpoint", "grpc_endpoint"}:
        env["PREDICTIVE_UNIT_PARAMETERS"] = _parameters(node, endpoint, ("model_name", node.name))
    return Server(image(placement, node, protocol), env=env, companion=companion)


def _tensorflow_args(node: Node, grpc: int, rest: int) -> tuple[str, ...]:
    return (
        f"--port={grpc}",
        f"--rest_api_port={rest}",
        f"--model_name={node.name}",
        f"--model_base_path={MODELS}",
    )
