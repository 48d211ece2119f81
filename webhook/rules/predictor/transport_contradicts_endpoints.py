"""Transport that contradicts the endpoints

Why: the transport sets how the orchestrator calls all nodes, and an endpoint type how it calls one.
Seldon refuses an object in which they differ.

Fix: Use the transport of the endpoints, or remove their types.

Bad:
    transport: grpc
    predictors:
    - graph:
        name: classifier
        endpoint:
          type: REST

Good:
    transport: grpc
    predictors:
    - graph:
        name: classifier
        endpoint:
          type: GRPC
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.path import ROOT

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"transport"})

_ENDPOINT_TYPES = {"rest": "REST", "grpc": "GRPC"}


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if every endpoint is of the other type (source: seldon-checks V17)."""
    transport = get_str(deployment.spec, "transport")
    if transport not in _ENDPOINT_TYPES:
        return
    written = [
        get_mapping(node.raw, "endpoint").get("type")
        for predictor in deployment.predictors
        for node in predictor.nodes
        if "endpoint" in node.raw
    ]
    known = [word for word in written if word in ("REST", "GRPC")]
    if not known or _ENDPOINT_TYPES[transport] in known:
        return  # where both are, the endpoints contradict each other
    count = f"the {len(known)} endpoints are" if len(known) > 1 else "the endpoint is"
    yield Finding(ROOT / "spec" / "transport", f"transport is {transport}, but {count} {known[0]}")
