"""Shadow as the first predictor

Why: status.address is that of the first predictor. Clients that use it would call the shadow.

Fix: List a live predictor first.

Bad:
    predictors:
    - name: candidate
      shadow: true
    - name: main

Good:
    predictors:
    - name: main
    - name: candidate
      shadow: true
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"shadow"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if a shadow is listed before the first live predictor.

    Source: seldon-checks G38.
    """
    predictors = deployment.predictors
    if len(predictors) < 2 or not predictors[0].is_shadow:
        return
    live = next((predictor for predictor in predictors if not predictor.is_shadow), None)
    if live is not None:
        yield Finding(
            predictors[0].path / "shadow",
            f"the first predictor {quote_value(predictors[0].name)} is a shadow, "
            "so status.address points to it",
            f"list {quote_value(live.name)} first",
        )
