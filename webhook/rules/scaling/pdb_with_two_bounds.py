"""Disruption budget with two bounds

Why: a PodDisruptionBudget limits either how many pods must be available or how many may be
unavailable. The API server refuses both together.

Fix: Keep only one of minAvailable and maxUnavailable.

Bad:
    pdbSpec:
      minAvailable: 1
      maxUnavailable: 1

Good:
    pdbSpec:
      minAvailable: 1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, get_mapping

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"pdbSpec"})


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield each budget with both bounds (source: policy/v1; seldon-checks G27)."""
    raw = get_mapping(component.raw, "pdbSpec")
    low, high = raw.get("minAvailable"), raw.get("maxUnavailable")
    if low is not None and high is not None:
        yield Finding(
            component.path / "pdbSpec",
            f"minAvailable {low} and maxUnavailable {high} exclude each other",
        )
