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
from webhook.graph.k8s_syntax import is_quantity, parse_quantity
from webhook.graph.model import ComponentSpec, SeldonDeployment, get_int, get_mapping, get_str
from webhook.graph.names import explain_invalid_dns_label, is_dns_label
from webhook.graph.path import Segment
from webhook.graph.text import join_words
from webhook.rendering.autoscaler import convert_metrics
from webhook.rendering.source_map import Sourced
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"hpaSpec"})

_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_TARGET_FIELDS = {
    "containerResource": ("averageUtilization", "averageValue"),
    "external": ("value", "averageValue"),
    "object": ("value", "averageValue"),
    "pods": ("averageValue",),
    "resource": ("averageUtilization", "averageValue"),
}
"""By source: the targets of which it needs one. Only `object` may have both."""
_TARGETS_BY_SOURCE = ("Utilization", "Value", "AverageValue")
_V2BETA1_NAMES = {
    "averageUtilization": "targetAverageUtilization",
    "averageValue": "targetAverageValue",
    "value": "targetValue",
}
"""How hpaSpec.metrics, of autoscaling/v2beta1, calls the targets of v2."""

_Report = Callable[[tuple[str, ...], str], Finding]


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield what is wrong with each metric as it is rendered (source: validateMetricSpec)."""
    for component in deployment.components:
        if "hpaSpec" not in component.raw or type(component.raw.get("kedaSpec")) is dict:
            continue
        raw, path = get_mapping(component.raw, "hpaSpec"), component.path / "hpaSpec"
        entries = raw.get("metrics") or raw.get("metricsv2")
        if type(entries) is not list or all(map(_is_trivial_metric, entries)):
            continue
        if api_version := convert_metrics(raw, path):
            # A container's own name is judged where it stands.
            reported = {
                api_version.source_map.trace(field_path)
                for field_path in _duplicate_container_metrics(api_version.value, component)
            }
            for index, metric in enumerate(api_version.value):
                for finding in _check_metric(metric, api_version, index):
                    # Of one metric of v2beta1 many places of v2 come from the same one.
                    if finding.path not in reported:
                        reported.add(finding.path)
                        yield finding


def _is_trivial_metric(metric: Any) -> bool:
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


def _duplicate_container_metrics(
    listed: list[Any], component: ComponentSpec
) -> Iterator[tuple[Segment, ...]]:
    """Yield the places of container names that a container of the component has."""
    names = {container.name for container in component.containers}
    for index, metric in enumerate(listed):
        if get_str(get_mapping(metric, "containerResource"), "container") in names:
            yield index, "containerResource", "container"


def _check_metric(metric: Mapping[str, Any], api_version: Sourced, index: int) -> Iterator[Finding]:
    def report(place: tuple[str, ...], message: str) -> Finding:
        return Finding(api_version.source_map.trace((index, *place)), message)

    kind = get_str(metric, "type")
    present = [source for source in _TARGET_FIELDS if type(metric.get(source)) is dict]
    if not kind:
        if metric.get("type") == "":
            yield report(("type",), "the type of the metric is empty")
        return  # missing-field, wrong-type
    if kind not in _SOURCES:
        path = api_version.source_map.trace((index, "type"))
        yield unknown_value_finding(path, "type of a metric", kind, tuple(_SOURCES))
    elif _SOURCES[kind] not in present:
        if metric.get(_SOURCES[kind]) is None:
            named = f", and there is {join_words(present)}" if present else ""
            message = f"the metric is of type {kind} without {_SOURCES[kind]}{named}"
            yield report((_SOURCES[kind],), message)
    elif len(present) > 1:
        more = join_words([source for source in present if source != _SOURCES[kind]])
        yield report((_SOURCES[kind],), f"the metric of type {kind} has a second source: {more}")
    for source in present:
        yield from _check_source(source, metric[source], report)


def _check_source(kind: str, raw: Mapping[str, Any], report: _Report) -> Iterator[Finding]:
    for path in (("name",), ("container",), ("metric", "name"), ("describedObject", "name")):
        parent = get_mapping(raw, path[0]) if len(path) > 1 else raw
        name = parent.get(path[-1])
        if name == "":
            yield report((kind, *path), f"the {path[-1]} of what is measured is empty")
        elif type(name) is str and len(path) > 1 and ("/" in name or "%" in name):
            unknown = "/" if "/" in name else "%"
            yield report(
                (kind, *path), f'the name {quote_value(name)} has the character "{unknown}"'
            )
        elif path == ("container",) and type(name) is str and not is_dns_label(name):
            message = (
                f"the name of a container {quote_value(name)} {explain_invalid_dns_label(name)}"
            )
            yield report((kind, *path), message)
    described = get_mapping(raw, "describedObject")
    if described.get("kind") == "":
        yield report((kind, "describedObject", "kind"), "the kind of what is measured is empty")
    version = get_str(described, "apiVersion")
    if version.count("/") > 1:
        message = f"the apiVersion {quote_value(version)} has more than one slash"
        yield report((kind, "describedObject", "apiVersion"), message)
    yield from _check_target(kind, get_mapping(raw, "target"), report)


def _check_target(kind: str, raw: Mapping[str, Any], report: _Report) -> Iterator[Finding]:
    item_path = (kind, "target")
    target_fields = _TARGET_FIELDS[kind]
    called = get_str(raw, "type")
    if raw.get("type") == "":
        yield report((*item_path, "type"), "the type of the target is empty")
    elif called and called not in _TARGETS_BY_SOURCE:
        message = (
            f"{quote_value(called)} is no type of a target; known are "
            f"{join_words(_TARGETS_BY_SOURCE)}"
        )
        yield report((*item_path, "type"), message)
    present = [target_value for target_value in target_fields if raw.get(target_value) is not None]
    if not present:
        expected_field = join_words(
            sorted({_V2BETA1_NAMES[a] for a in target_fields}) if not called else target_fields,
            "or",
        )
        yield report((*item_path, target_fields[-1]), f"the metric has no target: {expected_field}")
    elif len(present) > 1 and kind != "object":
        yield report((*item_path, present[1]), f"the metric has two targets: {join_words(present)}")
    percent = get_int(raw, "averageUtilization")
    if percent is not None and percent < 1:
        yield report((*item_path, "averageUtilization"), f"the target is {percent} %, not above 0")
    for target_value in ("value", "averageValue"):
        value = raw.get(target_value)
        if type(value) is str and not is_quantity(value):
            yield report(
                (*item_path, target_value), f"the target {quote_value(value)} is no quantity"
            )
        elif (
            value is not None
            and (amount_value := parse_quantity(value)) is not None
            and amount_value <= 0
        ):
            yield report((*item_path, target_value), f"the target is {value}, not above 0")
