"""What a graph node is to the renderers. Belongs here: questions about one node, answered by it."""

from webhook.graph.model import Node, SeldonDeployment, get_mapping, get_str

ORCHESTRATOR_IMPLEMENTATIONS = frozenset(
    {"SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"}
)
"""Implementations inside the orchestrator: a node with one of them has no container."""

ROLES = frozenset({"ROUTER", "COMBINER", "MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER"})


def is_prepackaged_server(node: Node) -> bool:
    """Return whether a model server runs the node (Seldon: prepackaged)."""
    return (
        node.has_builtin_implementation and node.implementation not in ORCHESTRATOR_IMPLEMENTATIONS
    )


def node_role(node: Node) -> str:
    """Return the node's type as Seldon fills it in; "" where it stays open.

    A model server's node is a MODEL whatever is written; a node with neither type, methods nor
    implementation is one too.
    """
    if is_prepackaged_server(node):
        return "MODEL"
    if node.type:
        return node.type
    return "" if node.raw.get("methods") is not None or node.implementation else "MODEL"


def uses_grpc(deployment: SeldonDeployment, node: Node) -> bool:
    """Return whether the node is called by gRPC; everything else is REST."""
    endpoint = get_str(get_mapping(node.raw, "endpoint"), "type")
    return endpoint == "GRPC" or get_str(deployment.spec, "transport") == "grpc"
