"""Unknown endpoint type

Why: the orchestrator calls a node by REST or by GRPC. With another value it cannot call it.

Fix: Use REST or GRPC.

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
from webhook.graph.model import Predictor, get_mapping, get_str
from webhook.graph.path import Path
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"endpoint", "explainer"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each unknown endpoint type, of nodes and explainers (source: EndpointType, v1.17)."""
    known = schema.enum_values("endpoint-types")
    for node in predictor.nodes:
        # Seldon reads an empty type as REST.
        if (
            "endpoint" in node.raw
            and (written := _endpoint_type(node.raw))
            and written not in known
        ):
            yield _build_finding(node.raw, node.path)
    if "explainer" in predictor.raw:
        explainer = get_mapping(predictor.raw, "explainer")
        if (written := _endpoint_type(explainer)) and written not in known:
            yield _build_finding(explainer, predictor.path / "explainer")


def _endpoint_type(raw: Mapping[str, Any]) -> str:
    return get_str(get_mapping(raw, "endpoint"), "type")


def _build_finding(raw: Mapping[str, Any], path: Path) -> Finding:
    known = schema.enum_values("endpoint-types")
    return unknown_value_finding(
        path / "endpoint" / "type", "endpoint type", _endpoint_type(raw), known
    )
