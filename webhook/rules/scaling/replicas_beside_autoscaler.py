"""Replicas set beside an autoscaler

Why: an autoscaler sets the number of pods, and replicas of the same pods has no effect. The
replicas of a predictor still apply to its components without an autoscaler.

Fix: Remove replicas, or the autoscaler.

Bad:
    replicas: 3
    componentSpecs:
    - hpaSpec:
        minReplicas: 1
        maxReplicas: 5

Good:
    componentSpecs:
    - hpaSpec:
        minReplicas: 3
        maxReplicas: 5
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    Predictor,
    SeldonDeployment,
    get_int,
    get_mapping,
)
from webhook.graph.path import Path
from webhook.rendering.layout import separates_orchestrator

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"componentSpecs"})

_BOUND_FIELDS = {
    "kedaSpec": ("minReplicaCount", "maxReplicaCount", 0, 100),
    "hpaSpec": ("minReplicas", "maxReplicas", 1, None),
}
"""By autoscaler, KEDA first as in Seldon: its bounds and their defaults."""


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each replicas without effect, with the effective bounds.

    Source: seldon-checks G26.
    """
    scaled = [
        component
        for component in predictor.components
        if "hpaSpec" in component.raw or "kedaSpec" in component.raw
    ]
    if not scaled:
        return
    for component in scaled:
        bounds = _autoscaler_bounds(component)
        if bounds and get_int(component.raw, "replicas") is not None:
            yield _build_finding(component.path, component.raw["replicas"], bounds)
    if get_int(predictor.raw, "replicas") is not None and _is_component_unread(
        predictor, deployment
    ):
        yield _build_finding(
            predictor.path, predictor.raw["replicas"], _autoscaler_bounds(scaled[0])
        )


def _is_component_unread(predictor: Predictor, deployment: SeldonDeployment) -> bool:
    """Return whether the predictor's replicas apply to no pods."""
    if "explainer" in predictor.raw:  # has none where the predictor has none
        return False
    if separates_orchestrator(deployment):
        return False  # the orchestrator's own pods
    return all(_autoscaler_bounds(component) for component in predictor.components)


def _autoscaler_bounds(component: ComponentSpec) -> str:
    """Return the bounds of the component's autoscaler: "1 to 5, by hpaSpec"; "" without one."""
    for scaler, (min_value, max_value, minimum, maximum) in _BOUND_FIELDS.items():
        raw = get_mapping(component.raw, scaler)
        if raw:
            lower, upper = get_int(raw, min_value), get_int(raw, max_value)
            lower = minimum if lower is None else lower
            upper = maximum if upper is None else upper
            return f"{lower} to {upper}, by {scaler}" if upper is not None else f"set by {scaler}"
    return ""


def _build_finding(path: Path, replicas: int, bounds: str) -> Finding:
    return Finding(
        path / "replicas", f"replicas {replicas} has no effect: the number of pods is {bounds}"
    )
