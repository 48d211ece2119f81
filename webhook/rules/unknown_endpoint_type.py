"""An endpoint's type is unknown

Why: a node is spoken to by REST or by GRPC. With another word the orchestrator cannot call it.

Fix: Write REST or GRPC.

Bad:
    endpoint:
      type: HTTP

Good:
    endpoint:
      type: REST
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, text
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each unknown endpoint type, of nodes and explainers (source: EndpointType, v1.17)."""
    known = schema.words("endpoint-types")
    for predictor in deployment.predictors:
        explainer = mapping(predictor.raw, "explainer")
        places = [(node.raw, node.path) for node in predictor.nodes if "endpoint" in node.raw]
        if "endpoint" in explainer:
            places.append((explainer, predictor.path / "explainer"))
        for raw, path in places:
            written = text(mapping(raw, "endpoint"), "type")
            # Seldon reads an empty type as REST.
            if written and written not in known:
                yield unknown_word(path / "endpoint" / "type", "endpoint type", written, known)
