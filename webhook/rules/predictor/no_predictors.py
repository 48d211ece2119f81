"""No predictor

Why: a SeldonDeployment without predictors serves nothing, and Seldon refuses it.

Fix: Add a predictor with a name and a graph.

Bad:
    spec:
      predictors: []

Good:
    spec:
      predictors:
      - name: main
        graph:
          name: classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"predictors"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if the list of predictors is empty (source: seldon-checks V7)."""
    if deployment.spec.get("predictors") == []:
        yield Finding(ROOT / "spec" / "predictors", "predictors is empty; at least one is required")
