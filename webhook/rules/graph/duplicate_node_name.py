"""Two nodes of a predictor have one name

Why: a node's name is its identity: container, Service, port and metrics are found by it. With two
nodes of one name the second is never called, or the request crashes the orchestrator.

Fix: Give each node of the predictor a name of its own, and each its container.

Bad:
    graph:
      name: scale
      children:
      - name: scale

Good:
    graph:
      name: scale
      children:
      - name: classify
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each node whose name an earlier node of the same predictor has."""
    if len(predictor.nodes_by_name) == len(predictor.nodes):
        return
    first: dict[str, Path] = {}
    for node in predictor.nodes:
        if not node.name:
            continue
        if node.name in first:
            yield Finding(
                node.path / "name",
                f'the name "{node.name}" is already that of the node at {first[node.name]}',
            )
        else:
            first[node.name] = node.path
