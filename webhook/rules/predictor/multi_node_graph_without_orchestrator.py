"""Graph without an orchestrator

Why: the orchestrator passes requests from node to node. With the annotation seldon.io/no-engine
there is none, and only the first node is called. Seldon refuses such an object.

Fix: Remove the annotation, or reduce the graph to one node.

Bad:
    annotations:
      seldon.io/no-engine: "true"
    graph:
      name: scale
      children:
      - name: classify

Good:
    annotations:
      seldon.io/no-engine: "true"
    graph:
      name: classify
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor
from webhook.graph.well_known import NO_ENGINE_ANNOTATION
from webhook.rendering.layout import opts_out_of_orchestrator

ACTION = "deny"
SINCE = "0.1.0"


FIELDS = frozenset({"annotations"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each predictor of several nodes without orchestrator (source: seldon-checks V8).

    Only "true" has an effect; Seldon's webhook refuses "false" as well (seldon-checks G31).
    """
    if len(predictor.nodes) > 1 and opts_out_of_orchestrator(predictor):
        yield Finding(
            predictor.path / "annotations" / NO_ENGINE_ANNOTATION,
            f"the graph has {len(predictor.nodes)} nodes, "
            "and without an orchestrator only the first is called",
        )
