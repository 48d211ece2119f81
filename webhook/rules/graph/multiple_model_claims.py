"""Several models from PVCs in one pod

Why: Seldon's operator mounts the PVC of a pvc:// model as a volume with a fixed name. A pod with
two servers that load from PVCs gets two volumes of that name, and the API server refuses the
Deployment. graphgate's reconciler gives each PVC its own volume.

Fix: Put each server into its own componentSpec, or load the models from a bucket.

Bad:
    graph:
      name: first
      implementation: SKLEARN_SERVER
      modelUri: pvc://models/first
      children:
      - name: second
        implementation: SKLEARN_SERVER
        modelUri: pvc://models/second

Good:
    componentSpecs:
    - spec:
        containers:
        - name: first
    - spec:
        containers:
        - name: second
    graph:
      name: first
      implementation: SKLEARN_SERVER
      modelUri: pvc://models/first
      children:
      - name: second
        implementation: SKLEARN_SERVER
        modelUri: pvc://models/second
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor, get_str
from webhook.graph.well_known import MODEL_CLAIM_VOLUME
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rendering.storage_initializer import CLAIM_SCHEME
from webhook.rules.graph._nodes import index_of_component

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"modelUri"})


def check(predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield each such server after the first of a pod (source: InjectModelInitializer, v1.17.1)."""
    if facts.operator == "graphgate":
        return
    first: dict[int, Node] = {}
    for node in predictor.nodes:
        if not get_str(node.raw, "modelUri").startswith(CLAIM_SCHEME):
            continue
        if not is_prepackaged_server(node) and node.name not in predictor.containers_by_name:
            continue  # nothing is fetched for a container that is not there
        pod = index_of_component(predictor, node)
        if first.setdefault(pod, node) is not node:
            yield Finding(
                node.path / "modelUri",
                f"Seldon's operator mounts this PVC as {MODEL_CLAIM_VOLUME}, and also that of node "
                f'"{first[pod].name}" in the same pod',
            )
