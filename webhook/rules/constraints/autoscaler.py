"""The rows on metrics of autoscalers, in the shape of autoscaling/v2 that they are rendered in.

Source: k8s.io/kubernetes pkg/apis/autoscaling/validation/validation.go, validateMetricSpec.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_container_resource, is_quantity, parse_quantity
from webhook.graph.model import get_mapping
from webhook.graph.text import join_words
from webhook.graph.well_known import NATIVE_RESOURCES
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.constraints.amounts import describe_invalid_quantity
from webhook.rules.constraints.checks import (
    Check,
    ConstraintRule,
    Location,
    in_range,
    matches,
    not_empty,
    one_of,
    row,
    rows,
)
from webhook.rules.constraints.formats import DNS_LABEL, PATH_SEGMENT
from webhook.rules.constraints.scheduling import selector_rows

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
_TARGET_TYPES = ("Utilization", "Value", "AverageValue")
_V2BETA1_NAMES = {
    "averageUtilization": "targetAverageUtilization",
    "averageValue": "targetAverageValue",
    "value": "targetValue",
}
"""How hpaSpec.metrics, of autoscaling/v2beta1, calls the targets of v2."""


def _check_type(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    kind = value.get("type")
    if kind == "":
        return (Finding(location.at("type"), "type is empty", "set type"),)
    if type(kind) is not str:
        return ()  # missing-field, wrong-type
    if kind not in _SOURCES:
        path = location.at("type")
        return (unknown_value_finding(path, "metric type", kind, tuple(_SOURCES)),)
    source = _SOURCES[kind]
    present = [field for field in _TARGET_FIELDS if type(value.get(field)) is dict]
    if source not in present:
        if value.get(source) is not None:
            return ()
        found = f", got {join_words(present)}" if present else ""
        message = f"type {kind} requires the field {source}{found}"
        return (Finding(location.at(source), message, f"add {source}, or use another type"),)
    if len(present) > 1:
        others = join_words([field for field in present if field != source])
        message = f"a metric of type {kind} has {source} only, got {others}, too"
        return (Finding(location.at(source), message, f"remove {others}"),)
    return ()


def _check_target(kind: str) -> Check:
    allowed = _TARGET_FIELDS[kind]

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict:
            return ()
        target = get_mapping(value, "target")
        present = [field for field in allowed if target.get(field) is not None]
        if not present:
            in_v2 = "metricsv2" in location.subject.trace(())
            if in_v2 and type(value.get("target")) is not dict:
                return ()  # missing-field, wrong-type
            names = allowed if in_v2 else tuple(sorted({_V2BETA1_NAMES[f] for f in allowed}))
            message = f"the metric has no target: {join_words(names, 'or')} is required"
            return (Finding(location.at("target", allowed[-1]), message, f"add {names[0]}"),)
        if len(present) > 1 and kind != "object":
            message = f"the metric has two targets: {join_words(present)}"
            return (Finding(location.at("target", present[1]), message, "keep only one"),)
        return ()

    return check


def _check_amount(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is str and not is_quantity(value):
        return (Finding(location.at(), describe_invalid_quantity(value)),)
    amount = parse_quantity(value)
    if amount is not None and amount <= 0:
        message = f"the target must be more than 0, got {value}"
        return (Finding(location.at(), message, "use an amount above 0"),)
    return ()


def _check_metric_name(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict or type(value.get("metric", {})) is not dict:
        return ()  # wrong-type says so
    if get_mapping(value, "metric").get("name") not in (None, ""):
        return ()
    return (Finding(location.at("metric", "name"), "the metric has no name", "add its name"),)


def _check_container_name(value: Any, location: Location) -> Iterable[Finding]:
    # A name that a container has, too, is evaluated there.
    if any(value == container.name for container in location.subject.component.containers):
        return ()
    return matches(DNS_LABEL, "container name", optional=True)(value, location)


def _check_resource_name(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not str or not value or is_container_resource(value):
        return ()
    finding = unknown_value_finding(location.at(), "container resource", value, NATIVE_RESOURCES)
    remediation = finding.remediation or "use one of these, or a resource of the form DOMAIN/NAME"
    return (replace(finding, remediation=remediation),)


def _check_api_version(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not str or value.count("/") <= 1:
        return ()
    message = f"invalid apiVersion {quote_value(value)}: one slash at most"
    return (Finding(location.at(), message, "use a group and a version, like apps/v1"),)


RULES = (
    ConstraintRule(
        "malformed-hpa-metric",
        """Invalid autoscaling metric

    Why: a metric of an autoscaler has a type, the one source that its type names, and in it what
    is measured and one target above zero. Without any of that the API server refuses the
    autoscaler, and the pods are never scaled. Nor are they with a selector that is not one, which
    the API server takes: the autoscaler cannot read the metric.

    Fix: Use one source field, named like the type in camelCase, and one target.

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
    """,
        (
            row("metric", "", _check_type),
            *(row("metric", kind, _check_target(kind)) for kind in _TARGET_FIELDS),
            *rows("metric", ("pods", "object", "external"), _check_metric_name),
            *rows(
                "metric",
                ("pods.metric.name", "object.metric.name", "external.metric.name"),
                matches(PATH_SEGMENT, "metric name", optional=True),
            ),
            *(
                each
                for kind in ("pods", "object", "external")
                for each in selector_rows("metric", f"{kind}.metric.selector")
            ),
            *rows(
                "metric",
                tuple(f"{kind}.target.type" for kind in _TARGET_FIELDS),
                one_of(*_TARGET_TYPES, what="target type"),
            ),
            *rows(
                "metric",
                tuple(f"{kind}.target.averageUtilization" for kind in _TARGET_FIELDS),
                in_range(1, unit=" %", remediation="use 1 or more"),
            ),
            *rows(
                "metric",
                tuple(
                    f"{kind}.target.{field}"
                    for kind in _TARGET_FIELDS
                    for field in ("value", "averageValue")
                ),
                _check_amount,
            ),
            row("metric", "resource", not_empty("name")),
            row("metric", "containerResource", not_empty("name", "container")),
            row("metric", "containerResource.name", _check_resource_name),
            row("metric", "containerResource.container", _check_container_name),
            row("metric", "object.describedObject", not_empty("kind", "name")),
            *(
                row(
                    "metric",
                    f"object.describedObject.{field}",
                    matches(PATH_SEGMENT, field, optional=True),
                )
                for field in ("kind", "name")
            ),
            row("metric", "object.describedObject.apiVersion", _check_api_version),
        ),
    ),
)
