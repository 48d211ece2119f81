"""What the rules on graphs share: the role of a node towards its children.

The orchestrator calls a node to route or to merge because of its type or of its methods
(executor/predictor/predictor_process.go, v1.17).
"""

from webhook.graph.model import Node, Predictor, get_list

ROUTER_IMPLEMENTATIONS = frozenset({"RANDOM_ABTEST", "SIMPLE_ROUTER"})
COMBINER_IMPLEMENTATIONS = frozenset({"AVERAGE_COMBINER"})
"""Built-in implementations by role."""


def is_router(node: Node) -> bool:
    """Return whether the node chooses one of its children."""
    return (
        node.type == "ROUTER"
        or node.implementation in ROUTER_IMPLEMENTATIONS
        or "ROUTE" in get_list(node.raw, "methods")
    )


def is_combiner(node: Node) -> bool:
    """Return whether the node merges the responses of its children."""
    return (
        node.type == "COMBINER"
        or node.implementation in COMBINER_IMPLEMENTATIONS
        or "AGGREGATE" in get_list(node.raw, "methods")
    )


def has_no_children(node: Node) -> bool:
    """Return whether `children` is absent or empty. A malformed value counts as children."""
    return not node.children and node.raw.get("children") in (None, [])


def index_of_component(predictor: Predictor, node: Node) -> int:
    """Return the index of the component with the node's container; 0 where Seldon injects it."""
    return predictor.component_indices.get(node.name, 0)
