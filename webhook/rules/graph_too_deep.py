"""The graph is deeper than 100 nodes

Why: graphgate reads 100 levels of nodes. Seldon Core's own CustomResourceDefinition keeps eleven
and drops the rest in silence; no real graph needs more than ten.

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

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment
from webhook.graph.parse import DEEPEST

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each place at which the graph goes on below the deepest level that is read."""
    for fault in deployment.faults:
        if fault.kind == "depth":
            yield Finding(
                fault.path, f"the graph goes on below {DEEPEST} levels; what is here was not read"
            )
