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
from webhook.graph.model import SeldonDeployment, get_int, get_mapping
from webhook.graph.path import ROOT

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"replicas"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each negative number of replicas, at all five levels (source: seldon-checks G25)."""
    replica_fields = [(ROOT / "spec", deployment.spec)] if "replicas" in deployment.spec else []
    for predictor in deployment.predictors:
        raw = predictor.raw
        if "replicas" in raw:
            replica_fields.append((predictor.path, raw))
        for field_path in ("svcOrchSpec", "explainer"):
            if field_path in raw:
                replica_fields.append((predictor.path / field_path, get_mapping(raw, field_path)))
        for component in predictor.components:
            if "replicas" in component.raw:
                replica_fields.append((component.path, component.raw))
    for path, raw in replica_fields:
        replicas = get_int(raw, "replicas")
        if replicas is not None and replicas < 0:
            yield Finding(path / "replicas", f"{replicas} replicas are less than 0")
