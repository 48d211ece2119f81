"""All predictors are shadows

Why: a shadow only receives copies of the requests to other predictors. Without another one there is
nothing to copy, and requests fail. Seldon refuses a lone shadow.

Fix: Add a predictor that is not a shadow, or remove shadow from one.

Bad:
    predictors:
    - name: main
      shadow: true

Good:
    predictors:
    - name: main
      traffic: 100
    - name: candidate
      shadow: true
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"shadow"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding, at the first shadow.

    Source: seldon-checks V5, for any number of shadows.
    """
    predictors = deployment.predictors
    if not predictors or not predictors[0].is_shadow:
        return
    if not all(predictor.is_shadow for predictor in predictors):
        return
    path = predictors[0].path / "shadow"
    yield Finding(
        path,
        "the only predictor is a shadow"
        if len(predictors) == 1
        else f"all {len(predictors)} predictors are shadows",
        fix=({"op": "remove", "path": path.pointer},) if len(predictors) == 1 else (),
    )
