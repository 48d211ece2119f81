"""Signs of what is in a deployment: one set of words, by which rules are passed over unread.

Most rules are about a field that most deployments do not have. One pass here collects what there
is, and a rule that says what it needs (`NEEDS`, see `webhook.rules`) is not run where there is none
of it: that halves what a common review costs. Not here: what is wrong, which is for rules.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import Component, Deployment, Node, Predictor, items, mapping, text

FAULT = "a fault"
"""The schema was departed from in some way; `fault_of` says in which."""

NO_NAME = "no name"
"""Of the object."""

NO_PREDICTORS = "no predictors"
SEVERAL_PREDICTORS = "several predictors"
SEVERAL_COMPONENTS = "several components"
"""Of one predictor; parts that slipped out of their place count."""

SEVERAL_CHILDREN = "several children"
MAPPING_OF_CHILDREN = "a mapping of children"
"""Of one node."""

SAME_NAMES = "same names"
"""Two nodes of a predictor are called alike, or two containers of a pod."""

SEVERAL_VOLUMES = "several volumes"
SEVERAL_SOURCES = "several sources"
"""Of one volume; every field beside its name counts."""

POD_RESOURCES = "resources of a pod"


def fault_of(kind: str) -> str:
    """Return the sign of a fault of this kind (`model.Fault.kind`)."""
    return f"a fault of {kind}"


def unusual(part: str) -> str:
    """Return the sign of a container whose `part` (`usual.Part`) needs a closer look."""
    return f"unusual {part}"


def signs(deployment: Deployment) -> set[str]:
    """Return what there is in a deployment.

    * each key of spec, of predictors, nodes, their endpoints, explainers, componentSpecs, their
      metadata and pods, of a pod's securityContext, volumes and emptyDirs, of containers
      (`Deployment.containers`), of all their annotations and labels, and of the annotations of the
      object;
    * each type ("" where there is none), implementation and type of endpoint of a node, and each
      name of a node or container;
    * the signs above: they have a blank, which the fields that rules ask for have not.

    A key of that name at another of these places is the same sign: a sign says that a rule may
    find something, never that it does.
    """
    found = {*deployment.spec}
    metadata = mapping(deployment.raw, "metadata")
    if "annotations" in metadata:
        found.update(mapping(metadata, "annotations"))
    if "annotations" in found:
        found.update(mapping(deployment.spec, "annotations"))
    for predictor in deployment.predictors:
        _of_predictor(predictor, found)
    for container in deployment.containers:
        found.update(container.raw)
        if container.name:
            found.add(container.name)
    if not deployment.name:
        found.add(NO_NAME)
    if len(deployment.predictors) != 1:
        found.add(SEVERAL_PREDICTORS if deployment.predictors else NO_PREDICTORS)
    if deployment.unusual:
        found.update(map(unusual, deployment.unusual))
    if deployment.faults:
        found.add(FAULT)
        found.update({fault_of(fault.kind) for fault in deployment.faults})
    return found


def _of_predictor(predictor: Predictor, found: set[str]) -> None:
    raw = predictor.raw
    found.update(raw)
    for part in ("annotations", "labels", "explainer"):
        if part in raw:
            found.update(mapping(raw, part))
    names = set()
    for node in predictor.nodes:
        names.add(node.name)
        _of_node(node, found)
    found.update(names)
    if len(names) < len(predictor.nodes):
        found.add(SAME_NAMES)
    for component in predictor.components:
        _of_component(component, found)
    if len(items(raw, "componentSpecs")) > 1:
        found.add(SEVERAL_COMPONENTS)


def _of_node(node: Node, found: set[str]) -> None:
    raw = node.raw
    found.update(raw)
    found.add(node.type)
    if node.implementation:
        found.add(node.implementation)
    if len(node.children) > 1:
        found.add(SEVERAL_CHILDREN)
    if "children" in raw and type(raw["children"]) is dict:
        found.add(MAPPING_OF_CHILDREN)
    if "endpoint" in raw:
        endpoint = mapping(raw, "endpoint")
        found.update(endpoint)
        if written := text(endpoint, "type"):
            found.add(written)


def _of_component(component: Component, found: set[str]) -> None:
    pod = component.pod
    found.update(component.raw)
    found.update(pod)
    if "metadata" in component.raw:
        metadata = mapping(component.raw, "metadata")
        found.update(metadata)
        for part in ("annotations", "labels"):
            found.update(mapping(metadata, part))
    containers = component.containers + component.init_containers
    if len({container.name for container in containers}) < len(containers):
        found.add(SAME_NAMES)
    if "securityContext" in pod:
        found.update(mapping(pod, "securityContext"))
    if "resources" in pod:
        found.add(POD_RESOURCES)
    if "volumes" in pod:
        _of_volumes(pod, found)


def _of_volumes(pod: Mapping[str, Any], found: set[str]) -> None:
    volumes = items(pod, "volumes")
    if len(volumes) > 1:
        found.add(SEVERAL_VOLUMES)
    for volume in volumes:
        if type(volume) is dict:
            found.update(volume)
            if len(volume) > 2:
                found.add(SEVERAL_SOURCES)
            if "emptyDir" in volume:
                found.update(mapping(volume, "emptyDir"))
