"""Environment variables of a node's container.

The author's variables come first and are never lost or changed; injected ones follow unless the
author has one of that name. (Seldon's operator drops every variable of the container for some of
these names, and overrides the others: `seldon_variables`.) A list with one name twice means the
last one to Kubernetes but cannot be applied server-side, so only the last is kept. What refers to
an earlier one, like a second PATH=/opt/bin:$(PATH), gets its text.
"""

import json
import re
from collections.abc import Mapping, Set
from typing import Any

from webhook.graph.expansion import escape_lone_dollars, find_references, replace_references
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
    with_fields,
    with_items,
)

DROPPING_VARIABLES = frozenset(
    {
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT",
        "MLSERVER_HTTP_PORT",
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT",
        "MLSERVER_GRPC_PORT",
        "PREDICTIVE_UNIT_PARAMETERS",
        "MLSERVER_MODEL_URI",
    }
)
"""Variables of an author's that make Seldon's operator drop all of the container, the last two only
where the node has parameters or a modelUri (SetEnvVar, v1.17.1)."""

MODELS_PATH = "/mnt/models"
"""Where a fetched model lies, to the initializer and to the server."""

_MAX_INLINED = 131_072
"""Characters that the texts of a container's variables may gain: no program starts with a longer
one (Linux, MAX_ARG_STRLEN)."""


def compact_json(value: Any) -> str:
    """Return JSON without spaces, keys as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def user_variables(raw: Mapping[str, Any], path: Path) -> Sourced:
    """Return the author's variables, each name once, as Kubernetes reads them."""
    return keep_last_variables(list_items(raw, "env", path))


def keep_last_variables(env: Sourced) -> Sourced:
    """Return a list of variables with the last one of each name; invalid items stay.

    A reference to a variable before it that is not the last of its name becomes the text of that.
    """
    names = [
        get_str(variable, "name") if type(variable) is dict else place
        for place, variable in enumerate(env.value)
    ]
    last = {name: place for place, name in enumerate(names)}
    if len(last) == len(names):
        return env
    kept = []
    set_so_far: set[str | int] = set()
    dropped: dict[str, str] = {}
    room = _MAX_INLINED
    for place, name in enumerate(names):
        item = get_item(env, place)
        text = item.value.get("value") if type(item.value) is dict else None
        if type(text) is str and dropped:
            inlined = _inline(text, dropped, room)
            if inlined != text:
                room -= len(inlined)
                origin = item.source_map.path / "value"
                item, text = with_fields(item, {"value": injected(inlined, origin)}), inlined
        if type(name) is str:
            dropped.pop(name, None)
        if last[name] == place:
            kept.append(item)
        elif type(name) is str and type(text) is str:
            dropped[name] = _escape_later(text, last.keys(), set_so_far)
        set_so_far.add(name)
    return list_of(env.source_map.path, kept)


def _inline(text: str, values: Mapping[str, str], room: int) -> str:
    """Return a text with some references replaced; the text itself if it would be too long."""
    gained = sum(len(values.get(found[1], "")) for found in find_references(text))
    if len(text) + gained * 2 > room:
        return text

    def replace(found: re.Match[str]) -> str:
        value = values.get(found[1])
        # A lone "$" at its end would make a reference with what follows.
        return found[0] if value is None else escape_lone_dollars(value)

    return replace_references(text, replace)


def _escape_later(text: str, names: Set[str | int], set_so_far: Set[str | int]) -> str:
    """Return a text whose references to variables that are set later only stay as they are."""

    def escape(found: re.Match[str]) -> str:
        is_later = found[1] in names and found[1] not in set_so_far
        return f"${found[0]}" if is_later else found[0]

    return replace_references(text, escape)


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


def seldon_variables(env: Sourced, path: Path, variables: Mapping[str, str]) -> Sourced:
    """Return the variables of a node's container as Seldon's operator leaves them.

    env        the author's
    variables  those of `node_variables`

    It starts again with an empty list where the author has a variable of DROPPING_VARIABLES that it
    sets, and writes those of a name outside of it a second time, which is the one that counts
    (createContainerService and SetEnvVar, v1.17.1).
    """
    authored = {get_str(variable, "name") for variable in env.value}
    added: list[Sourced] = []
    for name, value in variables.items():
        if name in authored and name == "PREDICTIVE_UNIT_SERVICE_PORT":
            continue
        if name in authored and name in DROPPING_VARIABLES:
            env, authored, added = injected([], path), set(), []
            continue
        added.append(injected({"name": name, "value": value}, path))
    return keep_last_variables(with_items(env, added))


def override_variables(env: Sourced, path: Path, variables: Mapping[str, str]) -> Sourced:
    """Return `env` with `variables` behind it, in place of those of the same names."""
    added = [injected({"name": name, "value": value}, path) for name, value in variables.items()]
    return keep_last_variables(with_items(env, added))


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
        variables["PREDICTIVE_UNIT_PARAMETERS"] = parameters_json(layout, node_params)
    if get_str(node.raw, "modelUri"):
        variables["MLSERVER_MODEL_URI"] = MODELS_PATH
    labels = layout.shared.get("labels as JSON")
    if labels is None:
        values = metadata.predictor_labels(layout).value
        labels = injected(compact_json(dict(sorted(values.items()))), layout.predictor.path)
        layout.shared["labels as JSON"] = labels
    return variables | {
        "PREDICTIVE_UNIT_ID": slot.name,
        "MLSERVER_MODEL_NAME": slot.name,
        "PREDICTIVE_UNIT_IMAGE": image,
        "PREDICTOR_ID": layout.predictor.name,
        "PREDICTOR_LABELS": labels.value,
        "SELDON_DEPLOYMENT_ID": layout.deployment.name,
        "SELDON_EXECUTOR_ENABLED": "true",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(slot.metrics_port),
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": layout.options.prometheus_path,
        "MLSERVER_METRICS_PORT": str(slot.metrics_port),
        "MLSERVER_METRICS_ENDPOINT": layout.options.prometheus_path,
    }


def parameters_json(layout: PredictorLayout, parameters: list[dict[str, str]]) -> str:
    """Return parameters as JSON; Seldon's operator writes <, > and & as Go does, escaped."""
    text = compact_json(parameters)
    if layout.is_seldon:
        for sign in "<>&\u2028\u2029":
            text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def node_parameters(node: Node) -> list[dict[str, str]]:
    """Return the node's parameters as name, value and type."""
    return [
        {key: get_str(raw, key) for key in ("name", "value", "type")}
        for _, raw in iter_mappings(node.raw, "parameters")
    ]
