"""Type that contradicts the implementation

Why: a model server only predicts, and Seldon makes its node a MODEL in any case. RANDOM_ABTEST is
built into the orchestrator: with a type, the orchestrator calls the container of the node, which
does not exist.

Fix: Remove the type, or replace the implementation with a container.

Bad:
    graph:
      name: choose
      type: ROUTER
      implementation: SKLEARN_SERVER

Good:
    graph:
      name: classify
      type: MODEL
      implementation: SKLEARN_SERVER
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor
from webhook.rendering.node_kinds import ROLES, is_prepackaged_server

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation"})


def check(node: Node, predictor: Predictor) -> Iterator[Finding]:
    """Yield each node whose type does not fit its implementation (source: seldon-checks G8)."""
    if node.implementation and node.type and node.type in ROLES:
        yield from _check_node(node, predictor)


def _check_node(node: Node, predictor: Predictor) -> Iterator[Finding]:
    path = node.path / "type"
    if is_prepackaged_server(node):
        if node.type != "MODEL":
            # A server as a transformer runs, though it predicts. As a router or combiner it fails.
            yield Finding(
                path,
                f"type of a {node.implementation} node must be MODEL, got {node.type}",
                "use MODEL",
                ({"op": "replace", "path": path.pointer, "value": "MODEL"},),
                certain=node.type in ("ROUTER", "COMBINER"),
            )
    elif node.implementation == "RANDOM_ABTEST" and node.name not in predictor.containers_by_name:
        # ROUTER describes it rightly, and another orchestrator may accept it.
        yield Finding(
            path,
            f"type is not allowed with RANDOM_ABTEST, got {node.type}: the orchestrator would "
            "call a container, and the node has none",
            "remove type: RANDOM_ABTEST is built in",
            ({"op": "remove", "path": path.pointer},),
            certain=node.type != "ROUTER",
            fix_safety="safe" if node.type == "ROUTER" else "unsafe",
        )
