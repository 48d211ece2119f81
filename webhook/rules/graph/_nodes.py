"""What the rules on graphs share: what a node does with its children.

The orchestrator asks a node to route or to merge for its type and for its methods alike
(executor/predictor/predictor_process.go, v1.17).
"""

from webhook.graph.model import Node, Predictor, get_list

ROUTER_IMPLEMENTATIONS = frozenset({"RANDOM_ABTEST", "SIMPLE_ROUTER"})
COMBINER_IMPLEMENTATIONS = frozenset({"AVERAGE_COMBINER"})
"""Built-in implementations by what they are for."""


def is_router(node: Node) -> bool:
    """Tell whether the node is meant to choose one of its children."""
    return (
        node.type == "ROUTER"
        or node.implementation in ROUTER_IMPLEMENTATIONS
        or "ROUTE" in get_list(node.raw, "methods")
    )


def is_combiner(node: Node) -> bool:
    """Tell whether the node is meant to make one answer of its children's."""
    return (
        node.type == "COMBINER"
        or node.implementation in COMBINER_IMPLEMENTATIONS
        or "AGGREGATE" in get_list(node.raw, "methods")
    )


def has_no_children(node: Node) -> bool:
    """Tell whether none are written; those that are misshapen are reported as such."""
    return not node.children and node.raw.get("children") in (None, [])


def index_of_component(predictor: Predictor, node: Node) -> int:
    """Return the index of the component with a node's container; that of injected ones is 0."""
    for index, component in enumerate(predictor.components):
        if any(container.name == node.name for container in component.containers):
            return index
    return 0
