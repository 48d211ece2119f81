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

from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, mappings, number
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"hpaSpec", "kedaSpec"})

_TO_ZERO = 37
"""The first minor version that scales to 0 by default (HPAScaleToZero, KEP-2021)."""

_KEDA_MAXIMUM = 100
"""KEDA's maxReplicaCount where none is written."""


def check(deployment: Deployment, facts: Facts) -> Iterator[Finding]:
    """Yield each bound that is refused.

    Source: autoscaling/v2 and keda.sh/v1alpha1; seldon-checks G26.
    """
    for component in deployment.components:
        # Beside kedaSpec, hpaSpec makes no autoscaler: two-autoscalers.
        if "hpaSpec" in component.raw and type(component.raw.get("kedaSpec")) is not dict:
            yield from _hpa(mapping(component.raw, "hpaSpec"), component.path / "hpaSpec", facts)
        if "kedaSpec" in component.raw:
            yield from _keda(mapping(component.raw, "kedaSpec"), component.path / "kedaSpec")


def _hpa(raw: Mapping[str, Any], path: Path, facts: Facts) -> Iterator[Finding]:
    low, high = number(raw, "minReplicas"), number(raw, "maxReplicas")
    for bound, value in (("minReplicas", low), ("maxReplicas", high)):
        if value is None or value >= 1:
            continue
        wakes = value == 0 and bound == "minReplicas" and _wakes(raw)
        if wakes and facts.minor is not None and facts.minor >= _TO_ZERO:
            continue
        since = f", which Kubernetes takes from 1.{_TO_ZERO} on only" if wakes else ""
        sure = not wakes or facts.minor is not None
        yield Finding(path / bound, f"{bound} is {value}, less than 1{since}", sure=sure)
    if low is not None and high is not None and low > high >= 1:
        yield Finding(path / "minReplicas", f"minReplicas is {low}, more than maxReplicas {high}")


def _wakes(raw: Mapping[str, Any]) -> bool:
    """Tell whether a metric is left to measure when there is no pod."""
    return any(
        metric.get("type") in ("Object", "External")
        for key in ("metrics", "metricsv2")
        for _, metric in mappings(raw, key)
    )


def _keda(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    low, high = number(raw, "minReplicaCount"), number(raw, "maxReplicaCount")
    idle = number(raw, "idleReplicaCount")
    negative = False
    for bound in ("minReplicaCount", "maxReplicaCount", "idleReplicaCount"):
        value = number(raw, bound)
        if value is not None and value < 0:
            negative = True
            yield Finding(path / bound, f"{bound} is {value}, less than 0")
    if negative:
        return
    # 0 is carried out by KEDA itself, and the autoscaler below it gets 1.
    least = 0 if low is None else max(low, 1)
    most = _KEDA_MAXIMUM if high is None else high
    if least > most:
        default = " (KEDA's own)" if high is None else ""
        yield Finding(
            path / ("maxReplicaCount" if low is None or low < 1 else "minReplicaCount"),
            f"minReplicaCount is {least}, more than maxReplicaCount {most}{default}",
        )
    elif idle is not None and idle >= least:
        yield Finding(
            path / "idleReplicaCount",
            f"idleReplicaCount is {idle}, not less than minReplicaCount {least}",
        )
