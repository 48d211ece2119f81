"""Traffic out of range

Why: traffic is a percentage of the requests. Gateways refuse less than 0 and more than 100, and
Seldon does for shadows.

Fix: Use a number from 0 to 100.

Bad:
    predictors:
    - name: main
      traffic: 110
    - name: canary
      traffic: -10

Good:
    predictors:
    - name: main
      traffic: 90
    - name: canary
      traffic: 10
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"traffic"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each traffic below 0 or above 100.

    Source: seldon-checks V19 for shadows; seldon-checks G24.
    """
    traffic = predictor.traffic
    if traffic is None or 0 <= traffic <= 100:
        return
    kind = "shadow" if predictor.is_shadow else "predictor"
    yield Finding(
        predictor.path / "traffic",
        f"traffic of the {kind} must be between 0 and 100, got {traffic}",
    )
