"""Environment variables of a node's container.

The author's variables come first and are never lost or changed; injected ones follow unless the
author has one of that name. (Seldon drops every variable of the container in that case.) A list
with one name twice means the last one to Kubernetes but cannot be applied server-side, so only the
last is kept.
"""

import json
from collections.abc import Mapping
from typing import Any

from webhook.graph.model import Node, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rendering import metadata
from webhook.rendering.layout import ContainerSlot, PredictorLayout
from webhook.rendering.node_kinds import uses_grpc
from webhook.rendering.source_map import (
    Sourced,
    get_item,
    injected,
    list_items,
    list_of,
    with_items,
)

MODELS_PATH = "/mnt/models"
"""Where a fetched model lies, to the initializer and to the server."""


def compact_json(value: Any) -> str:
    """Return JSON without spaces, keys as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def user_variables(raw: Mapping[str, Any], path: Path) -> Sourced:
    """Return the author's variables, each name once: the last one, as Kubernetes reads it."""
    return keep_last_variables(list_items(raw, "env", path))


def keep_last_variables(env: Sourced) -> Sourced:
    """Return a list of variables with the last one of each name; invalid items stay."""
    last = {
        get_str(variable, "name") if type(variable) is dict else place: place
        for place, variable in enumerate(env.value)
    }
    if len(last) == len(env.value):
        return env
    return list_of(env.source_map.path, [get_item(env, place) for place in sorted(last.values())])


def with_variables(env: Sourced, path: Path, variables: Mapping[str, str]) -> Sourced:
    """Return `env` with `variables` behind it; a name that is there already keeps its value."""
    existing_names = {get_str(variable, "name") for variable in env.value}
    return with_items(
        env,
        [
            injected({"name": name, "value": value}, path)
            for name, value in variables.items()
            if name not in existing_names
        ],
    )


def node_variables(
    layout: PredictorLayout, slot: ContainerSlot, node: Node, image: str
) -> dict[str, str]:
    """Return what Seldon's model wrappers and MLServer read, in Seldon's order."""
    http, grpc = str(slot.http_port), str(slot.grpc_port)
    variables = {
        "PREDICTIVE_UNIT_SERVICE_PORT": grpc if uses_grpc(layout.deployment, node) else http,
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": http,
        "MLSERVER_HTTP_PORT": http,
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": grpc,
        "MLSERVER_GRPC_PORT": grpc,
    }
    if node_params := node_parameters(node):
        variables["PREDICTIVE_UNIT_PARAMETERS"] = compact_json(node_params)
    if get_str(node.raw, "modelUri"):
        variables["MLSERVER_MODEL_URI"] = MODELS_PATH
    labels = metadata.predictor_labels(layout).value
    return variables | {
        "PREDICTIVE_UNIT_ID": slot.name,
        "MLSERVER_MODEL_NAME": slot.name,
        "PREDICTIVE_UNIT_IMAGE": image,
        "PREDICTOR_ID": layout.predictor.name,
        "PREDICTOR_LABELS": compact_json(dict(sorted(labels.items()))),
        "SELDON_DEPLOYMENT_ID": layout.deployment.name,
        "SELDON_EXECUTOR_ENABLED": "true",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(slot.metrics_port),
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": layout.options.prometheus_path,
        "MLSERVER_METRICS_PORT": str(slot.metrics_port),
        "MLSERVER_METRICS_ENDPOINT": layout.options.prometheus_path,
    }


def node_parameters(node: Node) -> list[dict[str, str]]:
    """Return the node's parameters as name, value and type."""
    return [
        {key: get_str(raw, key) for key in ("name", "value", "type")}
        for _, raw in iter_mappings(node.raw, "parameters")
    ]
