"""A metric is none that scales

Why: a metric of an autoscaler has a type, the one source that its type names, and in it what is
measured and one target above zero. Without any of that the API server refuses the autoscaler, and
the pods are never scaled.

Fix: Give each metric one source, called as its type with a small first letter, and one target.

Bad:
    hpaSpec:
      maxReplicas: 4
      metrics:
      - type: Resource
        resource:
          name: cpu

Good:
    hpaSpec:
      maxReplicas: 4
      metrics:
      - type: Resource
        resource:
          name: cpu
          targetAverageUtilization: 70
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import amount, is_quantity
from webhook.graph.model import Component, Deployment, mapping, number, text
from webhook.graph.path import Segment
from webhook.graph.words import enumerate_words, is_dns_label, why_not_dns_label
from webhook.rules._text import quoted
from webhook.rules._words import unknown_word
from webhook.workloads.autoscaler import metrics
from webhook.workloads.origin import Traced

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"hpaSpec"})

_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_AIMS = {
    "containerResource": ("averageUtilization", "averageValue"),
    "external": ("value", "averageValue"),
    "object": ("value", "averageValue"),
    "pods": ("averageValue",),
    "resource": ("averageUtilization", "averageValue"),
}
"""By source: the targets of which it needs one. Only `object` may have both."""
_TARGETS = ("Utilization", "Value", "AverageValue")
_OLD = {
    "averageUtilization": "targetAverageUtilization",
    "averageValue": "targetAverageValue",
    "value": "targetValue",
}
"""How hpaSpec.metrics, of autoscaling/v2beta1, calls the targets of v2."""

_Say = Callable[[tuple[str, ...], str], Finding]


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with each metric as it is rendered (source: validateMetricSpec)."""
    for component in deployment.components:
        if "hpaSpec" not in component.raw or type(component.raw.get("kedaSpec")) is dict:
            continue
        raw, path = mapping(component.raw, "hpaSpec"), component.path / "hpaSpec"
        listed = raw.get("metrics") or raw.get("metricsv2")
        if type(listed) is not list or all(map(_is_usual, listed)):
            continue
        if made := metrics(raw, path):
            # A container's own name is judged where it stands.
            told = {made.origin.trace(place) for place in _named_alike(made.value, component)}
            for index, metric in enumerate(made.value):
                for finding in _judge(metric, made, index):
                    # Of one metric of v2beta1 many places of v2 come from the same one.
                    if finding.path not in told:
                        told.add(finding.path)
                        yield finding


def _is_usual(metric: Any) -> bool:
    """Tell at little cost that a metric is written as nearly all are: a share of a resource."""
    if type(metric) is not dict or len(metric) != 2 or metric.get("type") != "Resource":
        return False
    source = metric.get("resource")
    if type(source) is not dict or len(source) != 2:
        return False
    percent = source.get("targetAverageUtilization")
    target = source.get("target")
    if type(target) is dict and len(target) == 2 and target.get("type") == "Utilization":
        percent = target.get("averageUtilization")
    return type(percent) is int and percent > 0 and source.get("name") in ("cpu", "memory")


def _named_alike(listed: list[Any], component: Component) -> Iterator[tuple[Segment, ...]]:
    """Yield the places of container names that a container of the component has."""
    names = {container.name for container in component.containers}
    for index, metric in enumerate(listed):
        if text(mapping(metric, "containerResource"), "container") in names:
            yield index, "containerResource", "container"


def _judge(metric: Mapping[str, Any], made: Traced, index: int) -> Iterator[Finding]:
    def say(place: tuple[str, ...], fact: str) -> Finding:
        return Finding(made.origin.trace((index, *place)), fact)

    kind = text(metric, "type")
    there = [source for source in _AIMS if type(metric.get(source)) is dict]
    if not kind:
        if metric.get("type") == "":
            yield say(("type",), "the type of the metric is empty")
        return  # missing-field, wrong-type
    if kind not in _SOURCES:
        path = made.origin.trace((index, "type"))
        yield unknown_word(path, "type of a metric", kind, tuple(_SOURCES))
    elif _SOURCES[kind] not in there:
        if metric.get(_SOURCES[kind]) is None:
            named = f", and there is {enumerate_words(there)}" if there else ""
            fact = f"the metric is of type {kind} without {_SOURCES[kind]}{named}"
            yield say((_SOURCES[kind],), fact)
    elif len(there) > 1:
        more = enumerate_words([source for source in there if source != _SOURCES[kind]])
        yield say((_SOURCES[kind],), f"the metric of type {kind} has a second source: {more}")
    for source in there:
        yield from _source(source, metric[source], say)


def _source(kind: str, raw: Mapping[str, Any], say: _Say) -> Iterator[Finding]:
    for place in (("name",), ("container",), ("metric", "name"), ("describedObject", "name")):
        holder = mapping(raw, place[0]) if len(place) > 1 else raw
        name = holder.get(place[-1])
        if name == "":
            yield say((kind, *place), f"the {place[-1]} of what is measured is empty")
        elif type(name) is str and len(place) > 1 and ("/" in name or "%" in name):
            strange = "/" if "/" in name else "%"
            yield say((kind, *place), f'the name {quoted(name)} has the character "{strange}"')
        elif place == ("container",) and type(name) is str and not is_dns_label(name):
            fact = f"the name of a container {quoted(name)} {why_not_dns_label(name)}"
            yield say((kind, *place), fact)
    described = mapping(raw, "describedObject")
    if described.get("kind") == "":
        yield say((kind, "describedObject", "kind"), "the kind of what is measured is empty")
    version = text(described, "apiVersion")
    if version.count("/") > 1:
        fact = f"the apiVersion {quoted(version)} has more than one slash"
        yield say((kind, "describedObject", "apiVersion"), fact)
    yield from _target(kind, mapping(raw, "target"), say)


def _target(kind: str, raw: Mapping[str, Any], say: _Say) -> Iterator[Finding]:
    where = (kind, "target")
    aims = _AIMS[kind]
    called = text(raw, "type")
    if raw.get("type") == "":
        yield say((*where, "type"), "the type of the target is empty")
    elif called and called not in _TARGETS:
        fact = f"{quoted(called)} is no type of a target; known are {enumerate_words(_TARGETS)}"
        yield say((*where, "type"), fact)
    there = [aim for aim in aims if raw.get(aim) is not None]
    if not there:
        wanted = enumerate_words(sorted({_OLD[a] for a in aims}) if not called else aims, "or")
        yield say((*where, aims[-1]), f"the metric has no target: {wanted}")
    elif len(there) > 1 and kind != "object":
        yield say((*where, there[1]), f"the metric has two targets: {enumerate_words(there)}")
    percent = number(raw, "averageUtilization")
    if percent is not None and percent < 1:
        yield say((*where, "averageUtilization"), f"the target is {percent} %, not above 0")
    for aim in ("value", "averageValue"):
        value = raw.get(aim)
        if type(value) is str and not is_quantity(value):
            yield say((*where, aim), f"the target {quoted(value)} is no quantity")
        elif value is not None and (size := amount(value)) is not None and size <= 0:
            yield say((*where, aim), f"the target is {value}, not above 0")
