"""Removal of a predictor with traffic

Why: the Deployments and Services of a removed predictor are deleted. Requests of clients that still
use its Service, or of open connections, fail. Renaming is a removal, too.

Fix: Set its traffic to 0 first, and remove it in a later update.

Bad:
    # before: main 50, canary 50
    predictors:
    - name: main
      traffic: 100

Good:
    # before: main 100, canary 0
    predictors:
    - name: main
      traffic: 100
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT

ACTION = "warn"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, old: SeldonDeployment) -> Iterator[Finding]:
    """Yield each predictor with traffic that an update removes."""
    remaining_names = {predictor.name for predictor in deployment.predictors}
    for predictor in old.predictors:
        if not predictor.name or predictor.name in remaining_names or predictor.is_shadow:
            continue
        traffic = 100 if len(old.predictors) == 1 else predictor.traffic or 0
        if traffic:
            yield Finding(
                ROOT / "spec" / "predictors",
                f'this update removes the predictor "{predictor.name}", which has '
                f"{traffic} % of the traffic",
            )
