"""Disruption budget without a bound

Why: a PodDisruptionBudget without minAvailable and maxUnavailable protects no pod.

Fix: Set minAvailable or maxUnavailable, or remove pdbSpec.

Bad:
    pdbSpec: {}

Good:
    pdbSpec:
      maxUnavailable: 1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"pdbSpec"})


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield each budget without bounds (source: the disruption controller; seldon-checks G27)."""
    raw = component.raw.get("pdbSpec")
    if type(raw) is dict and all(
        raw.get(bound) is None for bound in ("minAvailable", "maxUnavailable")
    ):
        yield Finding(
            component.path / "pdbSpec",
            "minAvailable or maxUnavailable is required; without it no pod is protected",
        )
