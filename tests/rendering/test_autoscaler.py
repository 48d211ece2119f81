"""Metrics of hpaSpec: Seldon's shape is autoscaling/v2beta1, and becomes v2."""

from typing import Any

import pytest

from tests.documents_of import minimal
from webhook.graph.parse import parse
from webhook.graph.path import Path
from webhook.rendering.autoscaler import convert_metrics
from webhook.rendering.render import render

HERE = Path(("hpaSpec",))


def converted(*metrics: Any, key: str = "metrics") -> Any:
    found = convert_metrics({key: list(metrics)}, HERE)
    return None if found is None else found.value


LABELS = {"matchLabels": {"a": "b"}}
TARGET = {"apiVersion": "v1", "kind": "Service", "name": "s"}


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        (
            "resource",
            {"name": "cpu", "targetAverageUtilization": 50},
            {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
        ),
        (
            "resource",
            {"name": "cpu", "targetAverageValue": "1"},
            {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "1"}},
        ),
        (
            "resource",
            {"name": "cpu", "targetAverageUtilization": 50, "targetAverageValue": "1"},
            {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
        ),
        (
            "containerResource",
            {"name": "cpu", "container": "c", "targetAverageUtilization": 50},
            {
                "name": "cpu",
                "container": "c",
                "target": {"type": "Utilization", "averageUtilization": 50},
            },
        ),
        (
            "pods",
            {"metricName": "m", "selector": LABELS, "targetAverageValue": "1"},
            {
                "metric": {"name": "m", "selector": LABELS},
                "target": {"type": "AverageValue", "averageValue": "1"},
            },
        ),
        (
            "object",
            {"metricName": "m", "target": TARGET, "targetValue": "1"},
            {
                "metric": {"name": "m"},
                "describedObject": TARGET,
                "target": {"type": "Value", "value": "1"},
            },
        ),
        (
            "object",
            {"metricName": "m", "target": TARGET, "targetValue": "1", "averageValue": "2"},
            {
                "metric": {"name": "m"},
                "describedObject": TARGET,
                "target": {"type": "AverageValue", "averageValue": "2"},
            },
        ),
        (
            "external",
            {"metricName": "m", "metricSelector": LABELS, "targetValue": "1"},
            {
                "metric": {"name": "m", "selector": LABELS},
                "target": {"type": "Value", "value": "1"},
            },
        ),
        (
            "external",
            {"metricName": "m", "targetAverageValue": "2", "targetValue": "1"},
            {"metric": {"name": "m"}, "target": {"type": "Value", "value": "1"}},
        ),
        ("resource", {"name": "cpu"}, {"name": "cpu"}),
        (
            "pods",
            {"targetAverageValue": "1"},
            {"target": {"type": "AverageValue", "averageValue": "1"}},
        ),
    ],
)
def test_a_source_of_the_old_shape_becomes_one_of_the_new(
    kind: str, source: Any, expected: Any
) -> None:
    word = kind[0].upper() + kind[1:]
    assert converted({"type": word, kind: source, "other": 1}) == [{"type": word, kind: expected}]


NEW = [
    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Value", "value": "1"}}},
    {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"averageValue": "1"}}},
    {"type": "Object", "object": {"describedObject": TARGET, "target": {"value": "1"}}},
    {"type": "External", "external": {"metric": {"name": "m"}}},
]


def test_a_source_of_the_new_shape_stays() -> None:
    assert converted(*NEW, key="metricsv2") == NEW


def test_fields_of_the_other_shape_are_not_read() -> None:
    assert converted(NEW[0]) == [{"type": "Resource", "resource": {"name": "cpu"}}]
    old = {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 50}}
    assert converted(old, key="metricsv2") == [old]


def test_metrics_go_before_metricsv2() -> None:
    old = {"type": "Resource", "resource": {"name": "cpu"}}
    raw: dict[str, Any] = {"metrics": [old], "metricsv2": NEW[1:]}
    found = convert_metrics(raw, HERE)
    assert found is not None
    assert found.value == [old]
    found = convert_metrics({**raw, "metrics": None}, HERE)
    assert found is not None
    assert found.value == NEW[1:]


@pytest.mark.parametrize("raw", [{}, {"metrics": []}, {"metrics": {}}, {"metrics": [1]}])
def test_without_metrics_the_default_of_kubernetes_holds(raw: Any) -> None:
    assert convert_metrics(raw, HERE) is None


def autoscaler_of(**fields: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["spec"]["predictors"][0]["componentSpecs"][0].update(fields)

    kinds = ("HorizontalPodAutoscaler", "ScaledObject")
    (found,) = (each for each in render(parse(minimal(change))) if each.kind in kinds)
    return found


def test_a_target_leads_back_to_what_the_author_wrote() -> None:
    metric = {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 50}}
    found = autoscaler_of(hpaSpec={"maxReplicas": 3, "metrics": [metric], "other": 1})
    assert found.object["spec"] == {
        "scaleTargetRef": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "iris-main-0-classifier",
        },
        "maxReplicas": 3,
        "metrics": converted(metric),
    }
    place = ("spec", "metrics", 0, "resource", "target", "averageUtilization")
    assert str(found.trace(place)) == (
        "spec.predictors[0].componentSpecs[0].hpaSpec.metrics[0].resource.targetAverageUtilization"
    )


def test_keda_is_told_all_but_what_it_scales() -> None:
    triggers = [{"type": "cpu", "metadata": {"value": "1"}}]
    found = autoscaler_of(kedaSpec={"scaleTargetRef": {"name": "other"}, "triggers": triggers})
    assert (found.kind, found.object["apiVersion"]) == ("ScaledObject", "keda.sh/v1alpha1")
    assert found.object["spec"]["triggers"] == triggers
    assert found.object["spec"]["scaleTargetRef"]["name"] == "iris-main-0-classifier"
