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
from webhook.graph.model import SeldonDeployment, get_mapping

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"pdbSpec"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each budget with both bounds (source: policy/v1; seldon-checks G27)."""
    for component in deployment.components:
        if "pdbSpec" not in component.raw:
            continue
        raw = get_mapping(component.raw, "pdbSpec")
        low, high = raw.get("minAvailable"), raw.get("maxUnavailable")
        if low is not None and high is not None:
            yield Finding(
                component.path / "pdbSpec",
                f"minAvailable is {low} and maxUnavailable is {high}; only one can be set",
            )
