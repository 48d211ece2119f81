"""Orchestrator on the host network

Why: Seldon's orchestrator lists its port 8000 twice, as http and as metrics. With hostNetwork each
container port is a port of the node and can be used once: the API server refuses the Deployment.
graphgate's reconciler lists it once.

Fix: Annotate the predictor with seldon.io/no-engine: "true" if it has one node, run the
orchestrator in its own pod (seldon.io/engine-separate-pod: "true" in spec.annotations), or remove
hostNetwork.

Bad:
    componentSpecs:
    - spec:
        hostNetwork: true
        containers:
        - name: classifier
          image: registry.example/classifier:1

Good:
    annotations:
      seldon.io/no-engine: "true"
    componentSpecs:
    - spec:
        hostNetwork: true
        containers:
        - name: classifier
          image: registry.example/classifier:1
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, Predictor, SeldonDeployment
from webhook.rules.pod._seldon_orchestrator import holds_orchestrator

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"hostNetwork"})


def check(
    pod: ComponentSpec, predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Iterator[Finding]:
    """Yield each such pod (sources: createExecutorContainer, v1.17.1; checkHostPortConflicts)."""
    if facts.operator == "graphgate" or pod.pod.get("hostNetwork") is not True:
        return
    if holds_orchestrator(pod, predictor, deployment):
        yield Finding(
            pod.path.join(("spec", "hostNetwork")),
            "Seldon's orchestrator lists port 8000 twice, which hostNetwork does not allow",
        )
