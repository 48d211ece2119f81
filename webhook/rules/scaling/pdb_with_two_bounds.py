"""A disruption budget has two bounds

Why: a PodDisruptionBudget says either how many pods must stay or how many may go. Kubernetes
refuses one that says both.

Fix: Keep minAvailable or maxUnavailable, not both.

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
    if "pdbSpec" not in component.raw:
        return
    raw = get_mapping(component.raw, "pdbSpec")
    low, high = raw.get("minAvailable"), raw.get("maxUnavailable")
    if low is not None and high is not None:
        yield Finding(
            component.path / "pdbSpec",
            f"minAvailable is {low} and maxUnavailable is {high}; only one can be set",
        )
