"""A node's type contradicts its implementation

Why: a model server predicts, and Seldon makes its node a MODEL whatever is written. RANDOM_ABTEST
is chosen by the implementation alone: with a type, the orchestrator calls the container of the
node, and there is none.

Fix: Leave the type out, or give the node a container in place of the implementation.

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
    """Yield each node whose type is not what its implementation is (source: seldon-checks G8)."""
    if node.implementation and node.type and node.type in ROLES:
        yield from _check_node(node, predictor)


def _check_node(node: Node, predictor: Predictor) -> Iterator[Finding]:
    path = node.path / "type"
    if is_prepackaged_server(node):
        if node.type != "MODEL":
            # A server that is meant to transform runs, though it predicts; nothing can route or
            # merge by predicting.
            yield Finding(
                path,
                f"{node.implementation} runs as a MODEL, not as a {node.type}",
                "write type: MODEL",
                ({"op": "replace", "path": path.pointer, "value": "MODEL"},),
                certain=node.type in ("ROUTER", "COMBINER"),
            )
    elif node.implementation == "RANDOM_ABTEST" and node.name not in predictor.containers_by_name:
        # As a ROUTER it says what it is, and another orchestrator may take it so.
        yield Finding(
            path,
            f"RANDOM_ABTEST takes no type: as a {node.type} its container is called, "
            "and it has none",
            "remove the type",
            ({"op": "remove", "path": path.pointer},),
            certain=node.type != "ROUTER",
            fix_safety="safe" if node.type == "ROUTER" else "unsafe",
        )
