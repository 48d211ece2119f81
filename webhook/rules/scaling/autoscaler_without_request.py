"""Utilization metric without a resource request

Why: utilization is a percentage of what the containers request. If one container of the pod has no
request, the autoscaler cannot compute it and never scales. KEDA's webhook requires the request for
every cpu and memory trigger, unless a LimitRange of the namespace sets it.

Fix: Set a request of the resource in every container of the pod, or scale by an average value.

Bad:
    componentSpecs:
    - hpaSpec:
        maxReplicas: 3
        metrics:
        - type: Resource
          resource:
            name: cpu
            targetAverageUtilization: 70
      spec:
        containers:
        - name: classifier

Good:
    componentSpecs:
    - hpaSpec:
        maxReplicas: 3
        metrics:
        - type: Resource
          resource:
            name: cpu
            targetAverageUtilization: 70
      spec:
        containers:
        - name: classifier
          resources:
            requests:
              cpu: 500m
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, Container, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rendering.autoscaler import convert_metrics

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"hpaSpec", "kedaSpec"})

_TRIGGER_TYPES = ("cpu", "memory")
"""KEDA's triggers that become a Resource or ContainerResource metric."""


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield each utilization metric without a request (source: GetResourceUtilizationRatio)."""
    what = "{} utilization"
    if type(keda := component.raw.get("kedaSpec")) is dict:  # goes first
        metrics = _resource_triggers(keda, component.path / "kedaSpec")
        what = "KEDA's {} trigger"
    elif type(hpa := component.raw.get("hpaSpec")) is dict:
        if get_mapping(component.pod, "resources"):
            return  # a pod with resources of its own is divided by those
        metrics = _utilization_metrics(hpa, component.path / "hpaSpec")
    else:
        return
    for place, name, only in metrics:
        lacking = [
            container.name or "a container without a name"
            for container in component.containers
            if (not only or container.name == only) and not _has_request(container, name)
        ]
        if lacking:
            yield Finding(
                place,
                f"{what.format(name)} requires a {name} request, which {join_words(lacking[:5])} "
                f"{'lacks' if len(lacking) == 1 else 'lack'}",
                f"set resources.requests.{name}",
            )


def _utilization_metrics(raw: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield path, resource and container ("" for all) of each utilization metric."""
    metrics = convert_metrics(raw, path)
    if metrics is None:
        yield path, "cpu", ""  # the default is 80 %
        return
    for index, metric in enumerate(metrics.value):
        for kind in ("resource", "containerResource"):
            source = get_mapping(metric, kind)
            if get_mapping(source, "target").get("averageUtilization") is not None:
                name = get_str(source, "name")
                place = metrics.source_map.trace((index, kind))
                if name:
                    yield place, name, get_str(source, "container")


def _resource_triggers(raw: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield the same of KEDA's triggers (source: verifyCPUMemoryScalers of its webhook)."""
    for index, trigger in iter_mappings(raw, "triggers"):
        name, metadata = get_str(trigger, "type"), get_mapping(trigger, "metadata")
        if name in _TRIGGER_TYPES:
            yield path / "triggers" / index, name, get_str(metadata, "containerName")


def _has_request(container: Container, name: str) -> bool:
    resources = get_mapping(container.raw, "resources")
    # A limit without a request is the request, too.
    return any(name in get_mapping(resources, field) for field in ("requests", "limits"))
