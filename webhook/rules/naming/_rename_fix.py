"""Renaming a component: its node, its container and everything that refers to them by name."""

import re
from collections.abc import Iterator
from typing import Any

from webhook.graph.finding import FixSafety, Operation
from webhook.graph.model import ComponentSpec, Predictor, get_list, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.graph.well_known import APPARMOR_ANNOTATION_PREFIX

_WORDS = re.compile(r"[A-Za-z0-9]+([-_. ]+[A-Za-z0-9]+)*[-_. ]*", re.ASCII)


def is_name_free(predictor: Predictor, name: str) -> bool:
    """Tell whether no node and no container of any kind in the predictor is called `name`."""
    if any(node.name == name for node in predictor.nodes):
        return False
    return not any(
        container.get("name") == name
        for component in predictor.components
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for _, container in iter_mappings(component.pod, kind)
    )


def rename_fix_safety(name: str) -> FixSafety:
    """Return "safe" if the DNS label made of `name` keeps its letters: step_one is step-one."""
    return "safe" if _WORDS.fullmatch(name) else "unsafe"


def rename_component(predictor: Predictor, old: str, new: str) -> tuple[Operation, ...]:
    """Return the patch that calls the component `new` wherever it is called `old`.

    A node and its container are one component, so both change together, and with them what
    names the container: resourceFieldRef.containerName, an autoscaler's containerResource, and
    the AppArmor annotation of the pod.
    """
    return (
        *(
            _replace_operation(node.path / "name", new)
            for node in predictor.nodes
            if node.name == old
        ),
        *(
            operation
            for component in predictor.components
            for operation in _rename_in_component(component, old, new)
        ),
    )


def _replace_operation(path: Path, value: Any) -> Operation:
    return {"op": "replace", "path": path.pointer, "value": value}


def _rename_in_component(component: ComponentSpec, old: str, new: str) -> Iterator[Operation]:
    for container in (*component.containers, *component.init_containers):
        if container.name == old and container in component.containers:
            yield _replace_operation(container.path / "name", new)
        for variable_index, variable in iter_mappings(container.raw, "env"):
            reference = get_mapping(get_mapping(variable, "valueFrom"), "resourceFieldRef")
            if reference.get("containerName") == old:
                field_path = container.path.join(
                    ("env", variable_index, "valueFrom", "resourceFieldRef")
                )
                yield _replace_operation(field_path / "containerName", new)
    autoscaler = get_mapping(component.raw, "hpaSpec")
    for field in ("metrics", "metricsv2"):
        for index, metric in enumerate(get_list(autoscaler, field)):
            resource = get_mapping(metric, "containerResource") if type(metric) is dict else {}
            if resource.get("container") == old:
                field_path = component.path.join(("hpaSpec", field, index, "containerResource"))
                yield _replace_operation(field_path / "container", new)
    annotations = get_mapping(get_mapping(component.raw, "metadata"), "annotations")
    if APPARMOR_ANNOTATION_PREFIX + old in annotations:
        field_path = component.path.join(("metadata", "annotations"))
        yield {
            "op": "move",
            "from": (field_path / (APPARMOR_ANNOTATION_PREFIX + old)).pointer,
            "path": (field_path / (APPARMOR_ANNOTATION_PREFIX + new)).pointer,
        }
