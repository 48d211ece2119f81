"""What a graph node is to the renderers. Belongs here: questions about one node, answered by it."""

from webhook.graph.model import Deployment, Node, mapping, text

BUILT_IN = frozenset({"SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"})
"""Implementations inside the orchestrator: a node with one of them has no container."""

ROLES = frozenset({"ROUTER", "COMBINER", "MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER"})


def wants_server(node: Node) -> bool:
    """Tell whether a model server runs the node (Seldon: prepackaged)."""
    return node.has_server and node.implementation not in BUILT_IN


def role(node: Node) -> str:
    """Return the node's type as Seldon fills it in; "" where it stays open.

    A model server's node is a MODEL whatever is written; a node with neither type, methods nor
    implementation is one too.
    """
    if wants_server(node):
        return "MODEL"
    if node.type:
        return node.type
    return "" if node.raw.get("methods") is not None or node.implementation else "MODEL"


def speaks_grpc(deployment: Deployment, node: Node) -> bool:
    """Tell whether the node is called by gRPC; everything else is REST."""
    endpoint = text(mapping(node.raw, "endpoint"), "type")
    return endpoint == "GRPC" or text(deployment.spec, "transport") == "grpc"
