"""An implementation does nothing

Why: SIMPLE_MODEL, SIMPLE_ROUTER and AVERAGE_COMBINER were stubs of an older orchestrator. The
present one has RANDOM_ABTEST only. It calls such a node's container, which is not there; without a
type it passes the node by: a combiner then returns its first child's answer.

Fix: Give the node a container of its own, and remove the implementation.

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
from webhook.graph.model import Deployment, Node, Predictor

ACTION = "deny"
SINCE = "0.1.0"

_STUBS = frozenset({"SIMPLE_MODEL", "SIMPLE_ROUTER", "AVERAGE_COMBINER"})

NEEDS = _STUBS


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each node that only a stub implements (source: executor of v1.17; seldon-checks G7)."""
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if node.implementation in _STUBS:
                yield from _stub(node, predictor)


def _stub(node: Node, predictor: Predictor) -> Iterator[Finding]:
    called = node.type not in ("", "UNKNOWN_TYPE") or bool(node.raw.get("methods"))
    contained = any(container.name == node.name for container in predictor.containers)
    if contained and called:
        return  # the container does the work, and the word means nothing
    alone = len(predictor.nodes) == 1
    fact = f"the orchestrator does not implement {node.implementation}"
    if contained:
        fact += ", and without a type it does not call the node's container"
    elif called or alone:
        fact += ", and the node has no container"
    else:
        fact += " and passes the node by"
    # Passed by, the rest of the graph runs: not as it was meant, but it runs.
    sure = not contained and (called or alone)
    yield Finding(node.path / "implementation", fact, sure=sure)
