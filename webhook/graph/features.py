"""Signs of what is in a deployment: one set of words, by which rules are passed over unread.

Most rules are about a field that most deployments do not have. One pass here collects what there
is, and a rule that says what it needs (`NEEDS`, see `webhook.rules`) is not run where there is none
of it: that halves what a common review costs. Not here: what is wrong, which is for rules.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import (
    ComponentSpec,
    Node,
    Predictor,
    SeldonDeployment,
    get_list,
    get_mapping,
    get_str,
)

SCHEMA_ERROR = "a fault"
"""The schema was departed from in some way; `fault_of` says in which."""

NO_OBJECT_NAME = "no name"
"""Of the object."""

NO_PREDICTORS = "no predictors"
MULTIPLE_PREDICTORS = "several predictors"
MULTIPLE_COMPONENTS = "several components"
"""Of one predictor; parts that slipped out of their place count."""

MULTIPLE_CHILDREN = "several children"
CHILDREN_MAPPING = "a mapping of children"
"""Of one node."""

DUPLICATE_NAMES = "same names"
"""Two nodes of a predictor are called alike, or two containers of a pod."""

MULTIPLE_VOLUMES = "several volumes"
MULTIPLE_VOLUME_SOURCES = "several sources"
"""Of one volume; every field beside its name counts."""

POD_RESOURCES = "resources of a pod"


def schema_error_feature(kind: str) -> str:
    """Return the sign of a fault of this kind (`model.Fault.kind`)."""
    return f"a fault of {kind}"


def non_trivial_feature(part: str) -> str:
    """Return the sign of a container whose `part` (`non_trivial.Part`) needs a closer look."""
    return f"unusual {part}"


def collect_features(deployment: SeldonDeployment) -> set[str]:
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
    features = {*deployment.spec}
    metadata = get_mapping(deployment.raw, "metadata")
    if "annotations" in metadata:
        features.update(get_mapping(metadata, "annotations"))
    if "annotations" in features:
        features.update(get_mapping(deployment.spec, "annotations"))
    for predictor in deployment.predictors:
        _add_predictor_features(predictor, features)
    for container in deployment.containers:
        features.update(container.raw)
        if container.name:
            features.add(container.name)
    if not deployment.name:
        features.add(NO_OBJECT_NAME)
    if len(deployment.predictors) != 1:
        features.add(MULTIPLE_PREDICTORS if deployment.predictors else NO_PREDICTORS)
    if deployment.non_trivial:
        features.update(map(non_trivial_feature, deployment.non_trivial))
    if deployment.schema_errors:
        features.add(SCHEMA_ERROR)
        features.update(
            {schema_error_feature(schema_error.kind) for schema_error in deployment.schema_errors}
        )
    return features


def _add_predictor_features(predictor: Predictor, features: set[str]) -> None:
    raw = predictor.raw
    features.update(raw)
    for part in ("annotations", "labels", "explainer"):
        if part in raw:
            features.update(get_mapping(raw, part))
    names = set()
    for node in predictor.nodes:
        names.add(node.name)
        _add_node_features(node, features)
    features.update(names)
    if len(names) < len(predictor.nodes):
        features.add(DUPLICATE_NAMES)
    for component in predictor.components:
        _add_component_features(component, features)
    if len(get_list(raw, "componentSpecs")) > 1:
        features.add(MULTIPLE_COMPONENTS)


def _add_node_features(node: Node, features: set[str]) -> None:
    raw = node.raw
    features.update(raw)
    features.add(node.type)
    if node.implementation:
        features.add(node.implementation)
    if len(node.children) > 1:
        features.add(MULTIPLE_CHILDREN)
    if "children" in raw and type(raw["children"]) is dict:
        features.add(CHILDREN_MAPPING)
    if "endpoint" in raw:
        endpoint = get_mapping(raw, "endpoint")
        features.update(endpoint)
        if endpoint_type := get_str(endpoint, "type"):
            features.add(endpoint_type)


def _add_component_features(component: ComponentSpec, features: set[str]) -> None:
    pod = component.pod
    features.update(component.raw)
    features.update(pod)
    if "metadata" in component.raw:
        metadata = get_mapping(component.raw, "metadata")
        features.update(metadata)
        for part in ("annotations", "labels"):
            features.update(get_mapping(metadata, part))
    containers = component.containers + component.init_containers
    if len({container.name for container in containers}) < len(containers):
        features.add(DUPLICATE_NAMES)
    if "securityContext" in pod:
        features.update(get_mapping(pod, "securityContext"))
    if "resources" in pod:
        features.add(POD_RESOURCES)
    if "volumes" in pod:
        _add_volume_features(pod, features)


def _add_volume_features(pod: Mapping[str, Any], features: set[str]) -> None:
    volumes = get_list(pod, "volumes")
    if len(volumes) > 1:
        features.add(MULTIPLE_VOLUMES)
    for volume in volumes:
        if type(volume) is dict:
            features.update(volume)
            if len(volume) > 2:
                features.add(MULTIPLE_VOLUME_SOURCES)
            if "emptyDir" in volume:
                features.update(get_mapping(volume, "emptyDir"))
