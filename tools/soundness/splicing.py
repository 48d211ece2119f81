"""Parts of one document put into another one.

Each document is admitted by itself; whether what they have together is right, nobody has asked yet.
"""

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from tools.soundness.injecting import append_item, mappings
from tools.soundness.places import components, containers, explainers, nodes, pods, predictors

Part = Callable[[dict[str, Any], dict[str, Any], Random], bool]
"""Writes a part of the second document into the first; False: it has none, or no place for it."""

_SPEC = ("annotations", "protocol", "transport", "serverType", "replicas", "name")
_PREDICTOR = (
    *("annotations", "labels", "svcOrchSpec", "engineResources", "explainer", "replicas"),
    *("shadow", "progressDeadlineSeconds"),
)
_COMPONENT = ("metadata", "hpaSpec", "kedaSpec", "pdbSpec", "replicas")
_NODE = (
    *("endpoint", "logger", "parameters", "methods", "type", "implementation", "modelUri"),
    *("serviceAccountName", "envSecretRefName", "storageInitializerImage"),
)
_APART = frozenset({"name", "image", "containers", "children"})
"""Fields that stay: by them a document belongs together."""


def splice(document: dict[str, Any], other: dict[str, Any], random: Random) -> str:
    """Write one to three parts of another document into one; return what they are."""
    names = random.choices(tuple(PARTS), k=random.choice((1, 2, 2, 3)))
    return "+".join(name for name in names if PARTS[name](document, other, random))


def _some_fields(
    to: dict[str, Any], source: dict[str, Any], known: tuple[str, ...], random: Random
) -> bool:
    """Write some fields of another object; mappings are put together, lists may be."""
    found = [field for field in known if field in source and field not in _APART]
    if not found:
        return False
    for field in random.sample(found, random.randint(1, min(len(found), 4))):
        value, there = deepcopy(source[field]), to.get(field)
        if type(value) is type(there) is dict and random.random() < 0.6:
            to[field] = {**there, **value}
        elif type(value) is type(there) is list and random.random() < 0.6:
            to[field] = [*there, *(item for item in value if item not in there)]
        else:
            to[field] = value
    return True


def _spec(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    return _some_fields(document["spec"], other["spec"], _SPEC, random)


def _metadata(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    return _some_fields(document["metadata"], other["metadata"], ("annotations", "labels"), random)


def _predictor_fields(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    return _into(predictors, document, other, random, _PREDICTOR)


def _component_fields(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    return _into(components, document, other, random, _COMPONENT)


def _pod_fields(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    return _into(pods, document, other, random, None)


def _container_fields(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    return _into(_described_containers, document, other, random, None)


def _node_fields(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    return _into(nodes, document, other, random, _NODE)


def _whole_predictor(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    """Add a predictor, with a share of the requests, or put it in the place of one."""
    here, there = predictors(document), predictors(other)
    if not here or not there:
        return False
    added = deepcopy(random.choice(there))
    if random.random() < 0.5:
        added["name"] = here[0].get("name")
        added.pop("traffic", None)
        added.pop("shadow", None)
        document["spec"]["predictors"] = [added]
        return True
    added["name"] = "spliced"
    if random.random() < 0.3:
        added["shadow"] = True
        added.pop("traffic", None)
    elif len(here) == 1:
        here[0]["traffic"], added["traffic"] = 60, 40
        added.pop("shadow", None)
    else:
        added["traffic"] = 0
        added.pop("shadow", None)
    document["spec"]["predictors"].append(added)
    return True


def _whole_component(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    """Add a component that runs no node: its containers get names of their own."""
    here, there = predictors(document), components(other)
    if not here or not there:
        return False
    added = deepcopy(random.choice(there))
    for number, container in enumerate(mappings(added.get("spec"), "containers")):
        container["name"] = f"beside-{number}"
    append_item(random.choice(here), "componentSpecs", added)
    return True


def _whole_graph(document: dict[str, Any], other: dict[str, Any], random: Random) -> bool:
    """Let another graph run in a predictor, with its components or without."""
    here, there = predictors(document), predictors(other)
    if not here or not there:
        return False
    source, to = deepcopy(random.choice(there)), random.choice(here)
    if "graph" not in source:
        return False
    to["graph"] = source["graph"]
    if random.random() < 0.8:
        to.pop("componentSpecs", None)
        if "componentSpecs" in source:
            to["componentSpecs"] = source["componentSpecs"]
    return True


def _into(
    places: Callable[[dict[str, Any]], list[dict[str, Any]]],
    document: dict[str, Any],
    other: dict[str, Any],
    random: Random,
    known: tuple[str, ...] | None,
) -> bool:
    here, there = places(document), places(other)
    if not here or not there:
        return False
    source = random.choice(there)
    return _some_fields(random.choice(here), source, known or tuple(source), random)


def _described_containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    own = [one.get("containerSpec") for one in explainers(document)]
    return [*containers(document), *(one for one in own if type(one) is dict)]


PARTS: dict[str, Part] = {
    part.__name__.strip("_").replace("_", "-"): part
    for part in (
        *(_spec, _metadata, _predictor_fields, _component_fields, _pod_fields),
        *(_container_fields, _node_fields, _whole_predictor, _whole_component, _whole_graph),
    )
}
"""Every part, by name."""
