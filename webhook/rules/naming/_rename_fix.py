"""Renaming a component: its node, its container and everything that refers to them by name."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from webhook.graph.finding import FixSafety, Operation
from webhook.graph.model import ComponentSpec, Predictor, get_list, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.graph.well_known import APPARMOR_ANNOTATION_PREFIX

_WORDS = re.compile(r"[A-Za-z0-9]+([-_. ]+[A-Za-z0-9]+)*[-_. ]*", re.ASCII)

_MAX_NAMESAKES = 20
"""Nodes, and containers, of one name that are renamed together. More are no component but a list
that a program wrote wrongly, and each of their findings would hold a patch of them all."""


def rename_fix_safety(name: str) -> FixSafety:
    """Return "safe" if the DNS label made of `name` keeps its letters: step_one is step-one."""
    return "safe" if _WORDS.fullmatch(name) else "unsafe"


class ComponentNames:
    """The names of one predictor's components, each with what refers to it. Made in one walk."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._taken = {
            *predictor.nodes_by_name,
            *(name for c in predictor.components for name in _container_names(c)),
        }
        self._references: dict[str, list[Path]] = {}
        self._annotated = [c for c in predictor.components if _apparmor_annotations(c)]
        for component in predictor.components:
            for name, path in _iter_references(component):
                self._references.setdefault(name, []).append(path)

    def is_free(self, name: str) -> bool:
        """Tell whether no node and no container of any kind is called `name`."""
        return name not in self._taken

    def is_of_container(self, name: str) -> bool:
        """Tell whether an application container is called `name`."""
        return name in self._predictor.containers_by_name

    def is_of_container_only(self, name: str) -> bool:
        """Tell whether an application container is called `name`, and no node."""
        return self.is_of_container(name) and name not in self._predictor.nodes_by_name

    def rename(self, old: str, new: str) -> tuple[Operation, ...]:
        """Return the patch that calls the component `new` wherever it is called `old`.

        A node and its container are one component, so both change together, and with them what
        names the container: resourceFieldRef.containerName, an autoscaler's containerResource, and
        the AppArmor annotation of the pod. Empty where too many have that name.
        """
        nodes = self._predictor.nodes_by_name.get(old, ())
        containers = self._predictor.containers_by_name.get(old, ())
        if max(len(nodes), len(containers)) > _MAX_NAMESAKES:
            return ()
        return (
            *(_replace_operation(node.path / "name", new) for node in nodes),
            *(_replace_operation(container.path / "name", new) for container in containers),
            *(_replace_operation(path, new) for path in self._references.get(old, ())),
            *_move_annotations(self._annotated, old, new),
        )


def _container_names(component: ComponentSpec) -> Iterator[str]:
    yield from component.containers_by_name
    for _, container in iter_mappings(component.pod, "ephemeralContainers"):
        if type(name := container.get("name")) is str:
            yield name


def _replace_operation(path: Path, value: Any) -> Operation:
    return {"op": "replace", "path": path.pointer, "value": value}


def _iter_references(component: ComponentSpec) -> Iterator[tuple[str, Path]]:
    """Yield each name of a container that something of the component gives, and where."""
    for container in component.all_containers:
        for index, variable in iter_mappings(container.raw, "env"):
            if "valueFrom" not in variable:
                continue
            reference = get_mapping(get_mapping(variable, "valueFrom"), "resourceFieldRef")
            if type(name := reference.get("containerName")) is str:
                way = ("env", index, "valueFrom", "resourceFieldRef", "containerName")
                yield name, container.path.join(way)
    autoscaler = get_mapping(component.raw, "hpaSpec")
    for field in ("metrics", "metricsv2"):
        for index, metric in enumerate(get_list(autoscaler, field)):
            resource = get_mapping(metric, "containerResource") if type(metric) is dict else {}
            if type(name := resource.get("container")) is str:
                place = ("hpaSpec", field, index, "containerResource", "container")
                yield name, component.path.join(place)


def _apparmor_annotations(component: ComponentSpec) -> list[str]:
    if "metadata" not in component.raw:
        return []
    annotations = get_mapping(get_mapping(component.raw, "metadata"), "annotations")
    return [key for key in annotations if key.startswith(APPARMOR_ANNOTATION_PREFIX)]


def _move_annotations(
    annotated: Iterable[ComponentSpec], old: str, new: str
) -> Iterator[Operation]:
    for component in annotated:
        if old in component.containers_by_name:
            annotations = get_mapping(get_mapping(component.raw, "metadata"), "annotations")
            if APPARMOR_ANNOTATION_PREFIX + old in annotations:
                path = component.path.join(("metadata", "annotations"))
                yield {
                    "op": "move",
                    "from": (path / (APPARMOR_ANNOTATION_PREFIX + old)).pointer,
                    "path": (path / (APPARMOR_ANNOTATION_PREFIX + new)).pointer,
                }
