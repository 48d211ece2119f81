"""Autoscalers: a HorizontalPodAutoscaler (autoscaling/v2) or KEDA's ScaledObject per component.

Seldon's hpaSpec.metrics has the shape of autoscaling/v2beta1, which Kubernetes no longer serves;
it is turned into v2. hpaSpec.metricsv2 has that shape already; `metrics` goes first, as in Seldon.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import mapping, mappings, text
from webhook.graph.path import Path
from webhook.workloads import metadata, names
from webhook.workloads.origin import Traced, copy, listing, merge, pick, table
from webhook.workloads.placement import Placement, Pod

SOURCES = ("resource", "containerResource", "pods", "object", "external")
"""Where a metric can come from: fields of a metric in either version, beside its type."""

TARGETS = {
    "targetAverageUtilization": ("Utilization", "averageUtilization"),
    "targetAverageValue": ("AverageValue", "averageValue"),
    "averageValue": ("AverageValue", "averageValue"),
    "targetValue": ("Value", "value"),
}
"""v2beta1's fields of what is aimed at → type and field of v2's `target`."""

FIRST = {"object": ("averageValue", "targetValue"), "external": ("targetValue",)}
"""Which of them count first, by kind of source, as in Kubernetes' own conversion."""

SELECTORS = ("selector", "metricSelector")
"""How v2beta1 calls the selector of a metric (the second one in external metrics)."""


def of_pod(placement: Placement, pod: Pod) -> Traced | None:
    """Return what scales the component; None where its author fixes the number of pods."""
    if not pod.scaler:
        return None
    name = names.of_pod(placement, pod)
    called_for = placement.predictor.path
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    kind = names.SCALERS[pod.scaler]
    version = "keda.sh/v1alpha1" if pod.scaler == "kedaSpec" else "autoscaling/v2"
    spec = merge(called_for, table(called_for, {"scaleTargetRef": target}), _wish(pod))
    return table(
        called_for,
        {
            "apiVersion": version,
            "kind": kind,
            "metadata": metadata.of_object(
                placement, name, metadata.of_attachment(placement), None
            ),
            "spec": spec,
        },
    )


def _wish(pod: Pod) -> Traced:
    path = pod.path / pod.scaler
    raw = mapping(pod.raw, pod.scaler)
    if pod.scaler == "kedaSpec":
        return copy({k: v for k, v in raw.items() if k != "scaleTargetRef"}, path)
    rest = {k: v for k, v in raw.items() if k in ("minReplicas", "maxReplicas")}
    return merge(path, copy(rest, path), table(path, {"metrics": metrics(raw, path)}))


def metrics(raw: Mapping[str, Any], path: Path) -> Traced | None:
    """Return the metrics of the hpaSpec `raw`, which is at `path`, in the shape of v2.

    None: there are none, and Kubernetes chooses (80 % of the CPU).
    """
    key = "metrics" if type(raw.get("metrics")) is list else "metricsv2"
    converted = [_metric(metric, path / key / index) for index, metric in mappings(raw, key)]
    return listing(path / key, converted) if converted else None


def _metric(raw: Mapping[str, Any], path: Path) -> Traced:
    fields: dict[str, Any] = {}
    whole = copy({key: raw[key] for key in raw if key in SOURCES or key == "type"}, path)
    for key in whole.value:
        part = pick(whole, key)
        old = type(part.value) is dict and not _is_v2(key, part.value)
        fields[key] = _source(key, part.value, part.origin.path) if old else part
    return table(path, fields)


def _is_v2(kind: str, source: Mapping[str, Any]) -> bool:
    target = mapping(source, "target")
    return (
        "metric" in source or "describedObject" in source or (kind != "object" and "type" in target)
    )


def _source(kind: str, raw: Mapping[str, Any], path: Path) -> Traced:
    """Return one metric source of v2beta1 (resource, containerResource, pods, object, external)."""
    fields: dict[str, Any] = {
        key: copy(raw[key], path / key) for key in ("name", "container") if key in raw
    }
    if kind == "object" and "target" in raw:
        fields["describedObject"] = copy(raw["target"], path / "target")
    metric: dict[str, Any] = {}
    if text(raw, "metricName"):
        metric["name"] = copy(raw["metricName"], path / "metricName")
    for key in SELECTORS:
        if key in raw:
            metric["selector"] = copy(raw[key], path / key)
    if metric:
        fields["metric"] = table(path, metric)
    for key in (*FIRST.get(kind, ()), *TARGETS):
        if key in raw:
            target_type, name = TARGETS[key]
            value = copy(raw[key], path / key)
            fields["target"] = table(path, {"type": target_type, name: value})
            break
    return table(path, fields)
