"""Duplicate node name

Why: a node is identified by its name: its container, Service, port and metrics are looked up by it.
With two nodes of one name the second is never called, or the orchestrator crashes.

Fix: Use a different name for one of the nodes, and for its container.

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
                f'duplicate node name "{node.name}" (first at {first[node.name]})',
            )
        else:
            first[node.name] = node.path
