"""Renaming a component: its node, its container and everything that refers to them by name."""

from collections.abc import Iterator
from typing import Any

from webhook.graph.finding import Operation
from webhook.graph.model import Component, Predictor, items, mapping, mappings
from webhook.graph.path import Path

_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def is_free(predictor: Predictor, name: str) -> bool:
    """Tell whether no node and no container of any kind in the predictor is called `name`."""
    if any(node.name == name for node in predictor.nodes):
        return False
    return not any(
        container.get("name") == name
        for component in predictor.components
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for _, container in mappings(component.pod, kind)
    )


def rename(predictor: Predictor, old: str, new: str) -> tuple[Operation, ...]:
    """Return the patch that calls the component `new` wherever it is called `old`.

    A node and its container are one component, so both change together, and with them what
    names the container: resourceFieldRef.containerName, an autoscaler's containerResource, and
    the AppArmor annotation of the pod.
    """
    return (
        *(_replace(node.path / "name", new) for node in predictor.nodes if node.name == old),
        *(
            operation
            for component in predictor.components
            for operation in _in_component(component, old, new)
        ),
    )


def _replace(path: Path, value: Any) -> Operation:
    return {"op": "replace", "path": path.pointer, "value": value}


def _in_component(component: Component, old: str, new: str) -> Iterator[Operation]:
    for container in (*component.containers, *component.init_containers):
        if container.name == old and container in component.containers:
            yield _replace(container.path / "name", new)
        for number, variable in mappings(container.raw, "env"):
            reference = mapping(mapping(variable, "valueFrom"), "resourceFieldRef")
            if reference.get("containerName") == old:
                place = container.path.join(("env", number, "valueFrom", "resourceFieldRef"))
                yield _replace(place / "containerName", new)
    autoscaler = mapping(component.raw, "hpaSpec")
    for field in ("metrics", "metricsv2"):
        for index, metric in enumerate(items(autoscaler, field)):
            resource = mapping(metric, "containerResource") if type(metric) is dict else {}
            if resource.get("container") == old:
                place = component.path.join(("hpaSpec", field, index, "containerResource"))
                yield _replace(place / "container", new)
    annotations = mapping(mapping(component.raw, "metadata"), "annotations")
    if _APPARMOR + old in annotations:
        place = component.path.join(("metadata", "annotations"))
        yield {
            "op": "move",
            "from": (place / (_APPARMOR + old)).pointer,
            "path": (place / (_APPARMOR + new)).pointer,
        }
