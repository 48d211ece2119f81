"""Node that the orchestrator cannot call over gRPC

Why: Seldon's orchestrator routes and combines over gRPC with the protocol seldon only, and with
protocol v2 it transforms nothing either. It has no code for these calls: the first gRPC request to
such a graph ends the orchestrator's process, and with it all requests that are under way. Over REST
the same graph works.

Fix: Use REST, or the protocol seldon.

Bad:
    spec:
      protocol: v2
      transport: grpc
      predictors:
      - graph:
          name: scale
          type: TRANSFORMER

Good:
    spec:
      protocol: v2
      predictors:
      - graph:
          name: scale
          type: TRANSFORMER
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor, SeldonDeployment, get_list, get_mapping, get_str
from webhook.rendering.layout import opts_out_of_orchestrator
from webhook.rendering.model_servers import V2_PROTOCOLS
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"

_UNCALLABLE = {
    **dict.fromkeys(V2_PROTOCOLS, ("ROUTER", "COMBINER", "TRANSFORMER", "OUTPUT_TRANSFORMER")),
    "tensorflow": ("ROUTER", "COMBINER"),
}
"""By protocol: what the client of the orchestrator has no code for."""

_ROLES = {
    "ROUTE": "ROUTER",
    "AGGREGATE": "COMBINER",
    "TRANSFORM_INPUT": "TRANSFORMER",
    "TRANSFORM_OUTPUT": "OUTPUT_TRANSFORMER",
}
"""The type that a node has by one of its methods."""


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each node that cannot be called (source: executor/api/grpc clients, v1.17, v1.18)."""
    uncallable = _UNCALLABLE.get(get_str(deployment.spec, "protocol"))
    if not uncallable or opts_out_of_orchestrator(predictor):
        return
    is_grpc = get_str(deployment.spec, "transport") == "grpc"
    for node in predictor.nodes:
        if is_grpc or get_str(get_mapping(node.raw, "endpoint"), "type") == "GRPC":
            yield from _check_node(node, uncallable, deployment)


def _check_node(
    node: Node, uncallable: tuple[str, ...], deployment: SeldonDeployment
) -> Iterator[Finding]:
    methods = get_list(node.raw, "methods")
    roles = [node.type, *(role for method, role in _ROLES.items() if method in methods)]
    role = next((role for role in roles if role in uncallable), None)
    if role:
        field = "type" if role == node.type else "methods"
        yield Finding(
            node.path / field,
            f"over gRPC with protocol {deployment.spec['protocol']} the orchestrator has no call "
            f"for the {role} {quote_value(node.name)}: the first request ends it",
            "use REST, or the protocol seldon",
        )
