"""Invalid autoscaler bounds

Why: both bounds of a HorizontalPodAutoscaler must be at least 1, and the minimum must not exceed
the maximum. From Kubernetes 1.37 on the minimum may be 0 with an Object or External metric. KEDA
scales to 0, requires the same order, and idles below its minimum. Other bounds are refused, and
nothing scales.

Fix: Set both bounds to at least 1, and the minimum to at most the maximum.

Bad:
    hpaSpec:
      minReplicas: 5
      maxReplicas: 3

Good:
    hpaSpec:
      minReplicas: 1
      maxReplicas: 3
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, get_int, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.graph.well_known import KEDA_DEFAULT_MAX_REPLICAS
from webhook.rendering.autoscaler import metrics_field

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"hpaSpec", "kedaSpec"})

_SCALE_TO_ZERO_MINOR = 37
"""The first minor version that scales to 0 by default (HPAScaleToZero, KEP-2021)."""


def check(component: ComponentSpec, facts: Facts) -> Iterator[Finding]:
    """Yield each invalid bound.

    Source: autoscaling/v2 and keda.sh/v1alpha1; seldon-checks G26.
    """
    # Beside kedaSpec, hpaSpec makes no autoscaler: two-autoscalers.
    if "hpaSpec" in component.raw and type(component.raw.get("kedaSpec")) is not dict:
        yield from _check_hpa(
            get_mapping(component.raw, "hpaSpec"), component.path / "hpaSpec", facts
        )
    if "kedaSpec" in component.raw:
        yield from _check_keda(get_mapping(component.raw, "kedaSpec"), component.path / "kedaSpec")


def _check_hpa(raw: Mapping[str, Any], path: Path, facts: Facts) -> Iterator[Finding]:
    min_replicas, max_replicas = get_int(raw, "minReplicas"), get_int(raw, "maxReplicas")
    for bound, value in (("minReplicas", min_replicas), ("maxReplicas", max_replicas)):
        if value is None or value >= 1:
            continue
        can_scale_from_zero = value == 0 and bound == "minReplicas" and _can_scale_from_zero(raw)
        if (
            can_scale_from_zero
            and facts.kubernetes_minor is not None
            and facts.kubernetes_minor >= _SCALE_TO_ZERO_MINOR
        ):
            continue
        is_supported = f" before Kubernetes 1.{_SCALE_TO_ZERO_MINOR}" if can_scale_from_zero else ""
        certain = not can_scale_from_zero or facts.kubernetes_minor is not None
        yield Finding(
            path / bound, f"{bound} must be at least 1{is_supported}, got {value}", certain=certain
        )
    if min_replicas is not None and max_replicas is not None and min_replicas > max_replicas >= 1:
        yield Finding(
            path / "minReplicas",
            f"minReplicas must be at most maxReplicas {max_replicas}, got {min_replicas}",
        )


def _can_scale_from_zero(raw: Mapping[str, Any]) -> bool:
    """Return whether a metric can be measured when there are no pods."""
    return any(
        metric.get("type") in ("Object", "External")
        for _, metric in iter_mappings(raw, metrics_field(raw))
    )


def _check_keda(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    min_replicas, max_replicas = get_int(raw, "minReplicaCount"), get_int(raw, "maxReplicaCount")
    idle = get_int(raw, "idleReplicaCount")
    lowest = {"minReplicaCount": 0, "maxReplicaCount": 1, "idleReplicaCount": 0}
    too_low = [
        (bound, least, value)
        for bound, least in lowest.items()
        if (value := get_int(raw, bound)) is not None and value < least
    ]
    for bound, least, value in too_low:
        yield Finding(path / bound, f"{bound} must be at least {least}, got {value}")
    if too_low:
        return
    # 0 is applied by KEDA itself, and the autoscaler below it gets 1.
    minimum = 0 if min_replicas is None else max(min_replicas, 1)
    maximum = KEDA_DEFAULT_MAX_REPLICAS if max_replicas is None else max_replicas
    if minimum > maximum:
        default = " (KEDA's default)" if max_replicas is None else ""
        yield Finding(
            path
            / (
                "maxReplicaCount" if min_replicas is None or min_replicas < 1 else "minReplicaCount"
            ),
            f"minReplicaCount must be at most maxReplicaCount {maximum}{default}, got {minimum}",
        )
    elif idle is not None and idle >= minimum:
        yield Finding(
            path / "idleReplicaCount",
            f"idleReplicaCount must be less than minReplicaCount {minimum}, got {idle}",
        )
