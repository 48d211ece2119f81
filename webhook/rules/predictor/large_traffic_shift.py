"""Large traffic shift in one update

Why: a canary shows its errors on a small share of the requests. An update that moves more than half
of all traffic at once defeats that, and is often a typing error.

Fix: Move the traffic in smaller steps, or ignore this if it is intended.

Bad:
    # before: main 100, canary 0
    predictors:
    - name: main
      traffic: 0
    - name: canary
      traffic: 100

Good:
    # before: main 100, canary 0
    predictors:
    - name: main
      traffic: 90
    - name: canary
      traffic: 10
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment

ACTION = "warn"
SINCE = "0.1.0"


def check(
    deployment: SeldonDeployment, old: SeldonDeployment, *, max_shift_percent: int = 50
) -> Iterator[Finding]:
    """Yield each predictor whose traffic an update changes by more than `max_shift_percent`."""
    before = {p.name: p.traffic or 0 for p in old.predictors if p.name and not p.is_shadow}
    if len(before) < 2 and len(deployment.predictors) < 2:
        return  # one predictor before and after: it gets everything, whatever is written
    for predictor in deployment.predictors:
        previous, current = before.get(predictor.name), predictor.traffic
        if previous is None or current is None or predictor.is_shadow:
            continue
        if abs(current - previous) > max_shift_percent:
            yield Finding(
                predictor.path / "traffic",
                f"this update moves the traffic of the predictor from {previous} to {current} at "
                "once",
            )
