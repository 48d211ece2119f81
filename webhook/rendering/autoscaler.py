"""Autoscalers: a HorizontalPodAutoscaler (autoscaling/v2) or KEDA's ScaledObject per component.

Seldon's hpaSpec.metrics has the shape of autoscaling/v2beta1, which Kubernetes no longer serves;
it is turned into v2. hpaSpec.metricsv2 has that shape already; `metrics` goes first, as in Seldon.
A field of the other shape is not read, as in Seldon: the rule metric-of-other-version denies it.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.well_known import APPS_API_VERSION, AUTOSCALING_API_VERSION, KEDA_API_VERSION
from webhook.rendering import metadata, names
from webhook.rendering.layout import PodLayout, PredictorLayout
from webhook.rendering.source_map import (
    Sourced,
    from_user,
    get_item,
    list_of,
    mapping_of,
    merge_mappings,
)

METRIC_SOURCES = ("resource", "containerResource", "pods", "object", "external")
"""Where a metric can come from: fields of a metric in either version, beside its type."""

TARGET_FIELDS = {
    "targetAverageUtilization": ("Utilization", "averageUtilization"),
    "targetAverageValue": ("AverageValue", "averageValue"),
    "averageValue": ("AverageValue", "averageValue"),
    "targetValue": ("Value", "value"),
}
"""v2beta1's fields of what is aimed at → type and field of v2's `target`."""

FIRST_TARGET_FIELDS = {"object": ("averageValue", "targetValue"), "external": ("targetValue",)}
"""Which of them count first, by kind of source, as in Kubernetes' own conversion."""

SELECTOR_FIELDS = ("selector", "metricSelector")
"""How v2beta1 calls the selector of a metric (the second one in external metrics)."""

V2_FIELDS = ("target", "metric", "describedObject")
"""Fields of a source that only v2 has; but "target" of an object is one of v2beta1, too."""
V2BETA1_FIELDS = ("metricName", *TARGET_FIELDS, *SELECTOR_FIELDS)
"""Those that only v2beta1 has."""


def render_autoscaler(layout: PredictorLayout, pod: PodLayout) -> Sourced | None:
    """Return what scales the component; None where its author fixes the number of pods."""
    if not pod.autoscaler_field:
        return None
    name = names.component_name(layout, pod)
    source_path = layout.predictor.path
    target = {"apiVersion": APPS_API_VERSION, "kind": "Deployment", "name": name}
    kind = names.AUTOSCALER_KINDS[pod.autoscaler_field]
    version = KEDA_API_VERSION if pod.autoscaler_field == "kedaSpec" else AUTOSCALING_API_VERSION
    spec = merge_mappings(
        source_path, mapping_of(source_path, {"scaleTargetRef": target}), _autoscaler_spec(pod)
    )
    return mapping_of(
        source_path,
        {
            "apiVersion": version,
            "kind": kind,
            "metadata": metadata.object_metadata(
                layout, name, metadata.attachment_labels(layout), None
            ),
            "spec": spec,
        },
    )


def _autoscaler_spec(pod: PodLayout) -> Sourced:
    path = pod.path / pod.autoscaler_field
    raw = get_mapping(pod.raw, pod.autoscaler_field)
    if pod.autoscaler_field == "kedaSpec":
        return from_user({k: v for k, v in raw.items() if k != "scaleTargetRef"}, path)
    rest = {k: v for k, v in raw.items() if k in ("minReplicas", "maxReplicas")}
    return merge_mappings(
        path, from_user(rest, path), mapping_of(path, {"metrics": convert_metrics(raw, path)})
    )


def metrics_field(raw: Mapping[str, Any]) -> str:
    """Return which list of an hpaSpec counts: metrics, even if it is empty, before metricsv2."""
    return "metrics" if type(raw.get("metrics")) is list else "metricsv2"


def convert_metrics(raw: Mapping[str, Any], path: Path) -> Sourced | None:
    """Return the metrics of the hpaSpec `raw`, which is at `path`, in the shape of v2.

    None: no metrics, so Kubernetes uses its default (80 % of the CPU).
    """
    key = metrics_field(raw)
    converted = [
        _convert_metric(metric, path / key / index, is_v2=key == "metricsv2")
        for index, metric in iter_mappings(raw, key)
    ]
    return list_of(path / key, converted) if converted else None


def _convert_metric(raw: Mapping[str, Any], path: Path, *, is_v2: bool) -> Sourced:
    fields: dict[str, Any] = {}
    copied = from_user(
        {key: raw[key] for key in raw if key in METRIC_SOURCES or key == "type"}, path
    )
    for key in copied.value:
        field_value = get_item(copied, key)
        old = type(field_value.value) is dict and not is_v2
        fields[key] = (
            _convert_source(key, field_value.value, field_value.source_map.path)
            if old
            else field_value
        )
    return mapping_of(path, fields)


def _convert_source(kind: str, raw: Mapping[str, Any], path: Path) -> Sourced:
    """Return one metric source of v2beta1 (resource, containerResource, pods, object, external)."""
    fields: dict[str, Any] = {
        key: from_user(raw[key], path / key) for key in ("name", "container") if key in raw
    }
    if kind == "object" and "target" in raw:
        fields["describedObject"] = from_user(raw["target"], path / "target")
    metric: dict[str, Any] = {}
    if get_str(raw, "metricName"):
        metric["name"] = from_user(raw["metricName"], path / "metricName")
    for key in SELECTOR_FIELDS:
        if key in raw:
            metric["selector"] = from_user(raw[key], path / key)
    if metric:
        fields["metric"] = mapping_of(path, metric)
    for key in (*FIRST_TARGET_FIELDS.get(kind, ()), *TARGET_FIELDS):
        if key in raw:
            target_type, name = TARGET_FIELDS[key]
            value = from_user(raw[key], path / key)
            fields["target"] = mapping_of(path, {"type": target_type, name: value})
            break
    return mapping_of(path, fields)
