"""An autoscaler's bounds cannot be kept

Why: a HorizontalPodAutoscaler needs at least 1 replica at both bounds, and no more at the lower
than at the upper; from Kubernetes 1.37 on the lower may be 0 if a metric of an object or from
outside can wake the pods again. KEDA scales to 0, keeps the same order, and idles below its lower
bound. The autoscaler is refused otherwise, and nothing scales.

Fix: Let the lower bound be no more than the upper, and both at least 1.

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

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"hpaSpec", "kedaSpec"})

_SCALE_TO_ZERO_MINOR = 37
"""The first minor version that scales to 0 by default (HPAScaleToZero, KEP-2021)."""


def check(component: ComponentSpec, facts: Facts) -> Iterator[Finding]:
    """Yield each bound that is refused.

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
        is_supported = (
            f", which Kubernetes takes from 1.{_SCALE_TO_ZERO_MINOR} on only"
            if can_scale_from_zero
            else ""
        )
        certain = not can_scale_from_zero or facts.kubernetes_minor is not None
        yield Finding(
            path / bound, f"{bound} is {value}, less than 1{is_supported}", certain=certain
        )
    if min_replicas is not None and max_replicas is not None and min_replicas > max_replicas >= 1:
        yield Finding(
            path / "minReplicas",
            f"minReplicas is {min_replicas}, more than maxReplicas {max_replicas}",
        )


def _can_scale_from_zero(raw: Mapping[str, Any]) -> bool:
    """Tell whether a metric is left to measure when there is no pod."""
    return any(
        metric.get("type") in ("Object", "External")
        for key in ("metrics", "metricsv2")
        for _, metric in iter_mappings(raw, key)
    )


def _check_keda(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    min_replicas, max_replicas = get_int(raw, "minReplicaCount"), get_int(raw, "maxReplicaCount")
    idle = get_int(raw, "idleReplicaCount")
    negative = False
    for bound in ("minReplicaCount", "maxReplicaCount", "idleReplicaCount"):
        value = get_int(raw, bound)
        if value is not None and value < 0:
            negative = True
            yield Finding(path / bound, f"{bound} is {value}, less than 0")
    if negative:
        return
    # 0 is carried out by KEDA itself, and the autoscaler below it gets 1.
    minimum = 0 if min_replicas is None else max(min_replicas, 1)
    maximum = KEDA_DEFAULT_MAX_REPLICAS if max_replicas is None else max_replicas
    if minimum > maximum:
        default = " (KEDA's own)" if max_replicas is None else ""
        yield Finding(
            path
            / (
                "maxReplicaCount" if min_replicas is None or min_replicas < 1 else "minReplicaCount"
            ),
            f"minReplicaCount is {minimum}, more than maxReplicaCount {maximum}{default}",
        )
    elif idle is not None and idle >= minimum:
        yield Finding(
            path / "idleReplicaCount",
            f"idleReplicaCount is {idle}, not less than minReplicaCount {minimum}",
        )
