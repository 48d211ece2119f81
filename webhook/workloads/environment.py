"""Environment variables of a node's container.

The author's variables come first and are never lost or changed; ours follow where the author has
none of that name. (Seldon drops every variable of the container in that case.) A list with one
name twice means the last one to Kubernetes but cannot be applied server-side, so only the last is
kept.
"""

import json
from collections.abc import Mapping
from typing import Any

from webhook.graph.model import Node, mappings, text
from webhook.graph.path import Path
from webhook.workloads import metadata
from webhook.workloads.nodes import speaks_grpc
from webhook.workloads.origin import Traced, append, entries, listing, ours, pick
from webhook.workloads.placement import Placement, Slot

MODELS = "/mnt/models"
"""Where a fetched model lies, to the initializer and to the server."""


def compact(value: Any) -> str:
    """Return JSON without spaces, keys as they stand."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def written(raw: Mapping[str, Any], path: Path) -> Traced:
    """Return the author's variables, each name once: the last one, as Kubernetes reads it."""
    env = entries(raw, "env", path)
    last = {text(variable, "name"): place for place, variable in enumerate(env.value)}
    if len(last) == len(env.value):
        return env
    return listing(path / "env", [pick(env, place) for place in sorted(last.values())])


def add(env: Traced, path: Path, variables: Mapping[str, str]) -> Traced:
    """Return `env` with `variables` behind it; a name that is there already keeps its value."""
    there = {text(variable, "name") for variable in env.value}
    return append(
        env,
        [
            ours({"name": name, "value": value}, path)
            for name, value in variables.items()
            if name not in there
        ],
    )


def of_node(placement: Placement, slot: Slot, node: Node, image: str) -> dict[str, str]:
    """Return what Seldon's model wrappers and MLServer read, in Seldon's order."""
    http, grpc = str(slot.http), str(slot.grpc)
    variables = {
        "PREDICTIVE_UNIT_SERVICE_PORT": grpc if speaks_grpc(placement.deployment, node) else http,
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": http,
        "MLSERVER_HTTP_PORT": http,
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": grpc,
        "MLSERVER_GRPC_PORT": grpc,
    }
    if listed := parameters(node):
        variables["PREDICTIVE_UNIT_PARAMETERS"] = compact(listed)
    if text(node.raw, "modelUri"):
        variables["MLSERVER_MODEL_URI"] = MODELS
    labels = metadata.predictor_labels(placement).value
    return variables | {
        "PREDICTIVE_UNIT_ID": slot.name,
        "MLSERVER_MODEL_NAME": slot.name,
        "PREDICTIVE_UNIT_IMAGE": image,
        "PREDICTOR_ID": placement.predictor.name,
        "PREDICTOR_LABELS": compact(dict(sorted(labels.items()))),
        "SELDON_DEPLOYMENT_ID": placement.deployment.name,
        "SELDON_EXECUTOR_ENABLED": "true",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(slot.metrics),
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": placement.options.prometheus_path,
        "MLSERVER_METRICS_PORT": str(slot.metrics),
        "MLSERVER_METRICS_ENDPOINT": placement.options.prometheus_path,
    }


def parameters(node: Node) -> list[dict[str, str]]:
    """Return the node's parameters as name, value and type."""
    return [
        {key: text(raw, key) for key in ("name", "value", "type")}
        for _, raw in mappings(node.raw, "parameters")
    ]
