"""A node's method is unknown

Why: `methods` lists what a node of no fixed type is called for. An unknown word is never called.

Fix: Write one of the known methods, in upper case.

Bad:
    graph:
      name: classifier
      methods: [PREDICT]

Good:
    graph:
      name: classifier
      methods: [TRANSFORM_INPUT]
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, items
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"methods"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each unknown method (source: PredictiveUnitMethod, v1.17)."""
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if "methods" not in node.raw:
                continue
            known = schema.words("methods")
            for index, method in enumerate(items(node.raw, "methods")):
                if type(method) is str and method not in known:
                    yield unknown_word(node.path / "methods" / index, "method", method, known)
