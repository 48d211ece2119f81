"""Several shadow predictors

Why: gateways mirror requests to one predictor only. Seldon refuses a second shadow.

Fix: Keep one shadow, and run the other candidates one after another.

Bad:
    predictors:
    - name: main
    - name: first
      shadow: true
    - name: second
      shadow: true

Good:
    predictors:
    - name: main
    - name: first
      shadow: true
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"shadow"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield the second and every later shadow (source: seldon-checks V18)."""
    shadows = [predictor for predictor in deployment.predictors if predictor.is_shadow]
    for predictor in shadows[1:]:
        yield Finding(
            predictor.path / "shadow",
            f"only one shadow is allowed, and {quote_value(shadows[0].name)} is a shadow already",
        )
