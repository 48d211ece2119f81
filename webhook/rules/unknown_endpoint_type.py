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

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, text
from webhook.graph.path import Path
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"endpoint"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each unknown endpoint type, of nodes and explainers (source: EndpointType, v1.17)."""
    known = schema.words("endpoint-types")
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            # Seldon reads an empty type as REST.
            if "endpoint" in node.raw and (written := _type(node.raw)) and written not in known:
                yield _finding(node.raw, node.path)
        if "explainer" in predictor.raw:
            explainer = mapping(predictor.raw, "explainer")
            if (written := _type(explainer)) and written not in known:
                yield _finding(explainer, predictor.path / "explainer")


def _type(raw: Mapping[str, Any]) -> str:
    return text(mapping(raw, "endpoint"), "type")


def _finding(raw: Mapping[str, Any], path: Path) -> Finding:
    known = schema.words("endpoint-types")
    return unknown_word(path / "endpoint" / "type", "endpoint type", _type(raw), known)
