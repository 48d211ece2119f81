"""Several TensorFlow servers in one pod

Why: under protocol seldon a TENSORFLOW_SERVER is a proxy beside a container named tfserving, which
loads one model. A second node of the same pod uses the same container, and its model is never
loaded: both nodes answer with the first model.

Fix: Put each server into its own predictor, or use protocol tensorflow or v2.

Bad:
    graph:
      name: first
      implementation: TENSORFLOW_SERVER
      modelUri: gs://models/first
      children:
      - name: second
        implementation: TENSORFLOW_SERVER
        modelUri: gs://models/second

Good:
    graph:
      name: first
      implementation: TENSORFLOW_SERVER
      modelUri: gs://models/first
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor, SeldonDeployment, get_str
from webhook.rules.graph._nodes import index_of_component

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation"})

_SERVER = "TENSORFLOW_SERVER"


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each server after the first of a pod (source: addTFServerContainer)."""
    servers = [node for node in predictor.nodes if node.implementation == _SERVER]
    if len(servers) < 2 or get_str(deployment.spec, "protocol") not in ("", "seldon"):
        return
    first: dict[int, Node] = {}
    for node in servers:
        pod = index_of_component(predictor, node)
        if first.setdefault(pod, node) is not node:
            yield Finding(
                node.path / "implementation",
                "the pod has one tfserving container, which loads only the model of node "
                f'"{first[pod].name}"',
            )
