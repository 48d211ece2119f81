"""A number of replicas is negative

Why: a Deployment cannot have fewer than 0 replicas. Seldon accepts the number, and the API server
refuses the Deployment later.

Fix: Write 0 or more.

Bad:
    replicas: -1

Good:
    replicas: 1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, number
from webhook.graph.path import ROOT

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"replicas"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each negative number of replicas, at all five levels (source: seldon-checks G25)."""
    places = [(ROOT / "spec", deployment.spec)] if "replicas" in deployment.spec else []
    for predictor in deployment.predictors:
        raw = predictor.raw
        if "replicas" in raw:
            places.append((predictor.path, raw))
        for part in ("svcOrchSpec", "explainer"):
            if part in raw:
                places.append((predictor.path / part, mapping(raw, part)))
        for component in predictor.components:
            if "replicas" in component.raw:
                places.append((component.path, component.raw))
    for path, raw in places:
        replicas = number(raw, "replicas")
        if replicas is not None and replicas < 0:
            yield Finding(path / "replicas", f"{replicas} replicas are less than 0")
