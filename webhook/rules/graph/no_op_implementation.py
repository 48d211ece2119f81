"""Implementation without effect

Why: SIMPLE_MODEL, SIMPLE_ROUTER and AVERAGE_COMBINER were stubs of an older orchestrator. The
current one implements RANDOM_ABTEST only. It calls the container of such a node, which does not
exist. Without a type it skips the node, and a combiner returns its first child's response.

Fix: Add a container for the node and remove the implementation.

Bad:
    graph:
      name: average
      implementation: AVERAGE_COMBINER

Good:
    graph:
      name: average
      type: COMBINER
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor

ACTION = "deny"
SINCE = "0.1.0"

_STUB_IMPLEMENTATIONS = frozenset({"SIMPLE_MODEL", "SIMPLE_ROUTER", "AVERAGE_COMBINER"})

FIELDS = _STUB_IMPLEMENTATIONS


def check(node: Node, predictor: Predictor) -> Iterator[Finding]:
    """Yield each node with a stub implementation (source: executor of v1.17; seldon-checks G7)."""
    if node.implementation in _STUB_IMPLEMENTATIONS:
        yield from _check_stub(node, predictor)


def _check_stub(node: Node, predictor: Predictor) -> Iterator[Finding]:
    is_called = node.type not in ("", "UNKNOWN_TYPE") or bool(node.raw.get("methods"))
    contained = node.name in predictor.containers_by_name
    if contained and is_called:
        return  # the container does the work, and the implementation is ignored
    is_single = len(predictor.nodes) == 1
    message = f"the orchestrator does not implement {node.implementation}"
    if contained:
        message += ", and without a type it does not call the node's container"
    elif is_called or is_single:
        message += ", and the node has no container"
    else:
        message += " and skips the node"
    # Where the node is skipped, the rest of the graph runs, though not as intended.
    certain = not contained and (is_called or is_single)
    yield Finding(node.path / "implementation", message, certain=certain)
