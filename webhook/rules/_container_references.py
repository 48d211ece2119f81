"""Where an object refers to a container by its name, other than by the name of a node."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.model import (
    ComponentSpec,
    Predictor,
    as_mapping,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.path import Path


def resource_fields(component: ComponentSpec) -> Iterator[tuple[str, Path]]:
    """Yield container ("": not said) and path of each resourceFieldRef.containerName of a pod."""
    for container, _, index, variable in component.env_sources:
        yield from _of_variable(variable, container.path.join(("env", index)))
    for index, volume in iter_mappings(component.pod, "volumes"):
        path = component.path.join(("spec", "volumes", index))
        if "downwardAPI" in volume:
            yield from _of_files(get_mapping(volume, "downwardAPI"), path / "downwardAPI")
        if "projected" not in volume:
            continue
        for number, source in iter_mappings(get_mapping(volume, "projected"), "sources"):
            below = path.join(("projected", "sources", number, "downwardAPI"))
            yield from _of_files(get_mapping(source, "downwardAPI"), below)


def resource_fields_beside(predictor: Predictor, *parts: str) -> Iterator[tuple[str, Path]]:
    """Yield the same of the variables below a field of a predictor: svcOrchSpec."""
    raw: Any = predictor.raw
    for part in parts:
        raw = as_mapping(raw).get(part)
    for index, variable in iter_mappings(as_mapping(raw), "env"):
        yield from _of_variable(variable, predictor.path.join((*parts, "env", index)))


def scaled_containers(component: ComponentSpec) -> Iterator[tuple[str, Path]]:
    """Yield container ("": all) and path of each metric of the autoscaler that is in force."""
    if type(keda := component.raw.get("kedaSpec")) is dict:  # goes first
        for index, trigger in iter_mappings(keda, "triggers"):
            place = ("kedaSpec", "triggers", index, "metadata", "containerName")
            yield get_str(get_mapping(trigger, "metadata"), place[-1]), component.path.join(place)
        return
    autoscaler = get_mapping(component.raw, "hpaSpec")
    for field in ("metrics", "metricsv2"):
        for index, metric in iter_mappings(autoscaler, field):
            way = ("hpaSpec", field, index, "containerResource", "container")
            name = get_str(get_mapping(metric, "containerResource"), "container")
            yield name, component.path.join(way)


def _of_variable(variable: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Path]]:
    if "valueFrom" in variable:
        yield from _of_source(get_mapping(variable, "valueFrom"), path / "valueFrom")


def _of_files(downward: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Path]]:
    for index, item in iter_mappings(downward, "items"):
        yield from _of_source(item, path.join(("items", index)))


def _of_source(source: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Path]]:
    if "resourceFieldRef" in source:
        reference = get_mapping(source, "resourceFieldRef")
        yield get_str(reference, "containerName"), path.join(("resourceFieldRef", "containerName"))
