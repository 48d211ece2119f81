"""Update of a model in place

Why: a new modelUri under the same predictor rolls its pods to the new model without a canary, and
rolling back is another update. It is often intended, so this is only a warning.

Fix: Add a predictor with the new model and move traffic to it, or ignore this if it is intended.

Bad:
    # before: gs://models.example/iris-1
    graph:
      name: classifier
      modelUri: gs://models.example/iris-2

Good:
    # a second predictor with gs://models.example/iris-2 and traffic 10
    graph:
      name: classifier
      modelUri: gs://models.example/iris-1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_str

ACTION = "warn"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, old: SeldonDeployment) -> Iterator[Finding]:
    """Yield each node whose model an update replaces, in a predictor that stays."""
    before = {
        (predictor.name, node.name): get_str(node.raw, "modelUri")
        for predictor in old.predictors
        for node in predictor.nodes
    }
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            previous, current = (
                before.get((predictor.name, node.name)),
                get_str(node.raw, "modelUri"),
            )
            if previous and current and previous != current:
                yield Finding(
                    node.path / "modelUri",
                    f'this update replaces the model "{previous}" with "{current}" in place',
                )
