"""Graph too deep

Why: the CustomResourceDefinition of SeldonDeployments defines a fixed number of levels of children
(Seldon Core's own: eleven). The API server drops deeper ones silently, before any webhook sees
them. graphgate itself reads 100 levels; no real graph needs more than ten. Settings cannot raise
this limit.

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
from webhook.graph.limits import MAX_GRAPH_DEPTH
from webhook.graph.model import Node, SeldonDeployment

ACTION = "deny"
SINCE = "0.1.0"
BOUND = True


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each path at which the graph continues below the deepest level.

    Source: seldon-checks G32.
    """
    for schema_error in deployment.schema_errors_by_kind.get("depth", ()):
        yield Finding(
            schema_error.path,
            f"the graph has more than {MAX_GRAPH_DEPTH} levels; the rest was not checked",
            incomplete=True,
        )
    if facts.max_graph_depth is None:
        return
    for predictor in deployment.predictors:
        for node in _nodes_at_level(predictor.graph, facts.max_graph_depth):
            if node.children:
                yield Finding(
                    node.path / "children",
                    f"the cluster keeps {facts.max_graph_depth} levels of nodes "
                    "and drops these children",
                )


def _nodes_at_level(root: Node | None, level: int) -> list[Node]:
    nodes = [] if root is None else [root]
    for _ in range(level - 1):
        nodes = [child for node in nodes for child in node.children]
    return nodes
