"""Graph without an orchestrator

Why: the orchestrator passes requests from node to node. With the annotation seldon.io/no-engine
there is none, and only the first node is called. Seldon refuses such an object; its webhook does so
whatever the annotation's value is.

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

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, get_mapping
from webhook.graph.well_known import NO_ENGINE_ANNOTATION
from webhook.rendering.layout import opts_out_of_orchestrator
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"


FIELDS = frozenset({"annotations"})


def check(predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield each predictor of several nodes without orchestrator (source: seldon-checks V8).

    Only "true" has an effect; Seldon's webhook refuses "false" as well (seldon-checks G31): that is
    a warning, since the webhook need not be installed.
    """
    written = get_mapping(predictor.raw, "annotations")
    if len(predictor.nodes) < 2 or type(written.get(NO_ENGINE_ANNOTATION)) is not str:
        return
    path = predictor.path / "annotations" / NO_ENGINE_ANNOTATION
    if opts_out_of_orchestrator(predictor):
        yield Finding(
            path,
            f"the graph has {len(predictor.nodes)} nodes, "
            "and without an orchestrator only the first is called",
        )
    elif facts.operator != "graphgate":
        yield Finding(
            path,
            f"Seldon's webhook refuses the annotation on a graph of {len(predictor.nodes)} nodes, "
            f"also with the value {quote_value(written[NO_ENGINE_ANNOTATION])}",
            "remove the annotation",
            certain=False,
        )
