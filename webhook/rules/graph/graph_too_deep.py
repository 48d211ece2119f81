"""The graph is deeper than is kept

Why: the CustomResourceDefinition of SeldonDeployments in a cluster may spell out so many levels of
children and no more (Seldon Core's own: eleven). The API server drops deeper ones in silence,
before any webhook sees them. graphgate itself reads 100 levels; no real graph needs more than ten.

Fix: Make the graph flatter, for example by merging steps into one container.

Bad:
    graph:
      name: n1
      children:
      - name: n2
        # … and so on, down to n101

Good:
    graph:
      name: n1
      children:
      - name: n2
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.parse import MAX_GRAPH_DEPTH

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each place at which the graph goes on below the deepest level.

    Source: seldon-checks G32.
    """
    for schema_error in deployment.schema_errors:
        if schema_error.kind == "depth":
            yield Finding(
                schema_error.path,
                f"the graph goes on below {MAX_GRAPH_DEPTH} levels; what is here was not read",
            )
    if facts.max_graph_depth is None:
        return
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if node.children and 1 + node.path.count("children") == facts.max_graph_depth:
                yield Finding(
                    node.path / "children",
                    f"the cluster keeps {facts.max_graph_depth} levels of nodes, and would drop "
                    "these children",
                )
