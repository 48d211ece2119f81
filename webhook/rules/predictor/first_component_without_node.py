"""First component without a node

Why: Seldon adds the orchestrator to the pod of the first componentSpec, beside a container of the
graph. If the first componentSpec has none, Seldon creates nothing.

Fix: Move the componentSpec with a container of the graph to the front.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: cache
    - spec:
        containers:
        - name: classifier
    graph:
      name: classifier

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
    - spec:
        containers:
        - name: cache
    graph:
      name: classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.well_known import SEPARATE_POD_ANNOTATION
from webhook.rendering.layout import opts_out_of_orchestrator
from webhook.rendering.node_kinds import ORCHESTRATOR_IMPLEMENTATIONS

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"componentSpecs"})


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each first componentSpec without a node (source: seldon-checks G19)."""
    if len(predictor.components) < 2 or not predictor.graph:
        return
    first = predictor.components[0]
    # Were an item before it misshapen, this would not be the first.
    if first.path[-1] == 0 and _has_no_nodes(predictor) and not opts_out_of_orchestrator(predictor):
        notes = get_mapping(deployment.spec, "annotations")
        if get_str(notes, SEPARATE_POD_ANNOTATION).lower() == "true":
            return
        yield Finding(
            first.path,
            "no container of the first componentSpec runs a node of the graph, so there is no "
            "pod for the orchestrator",
            evidence=tuple(container.path / "name" for container in first.containers),
        )


def _has_no_nodes(predictor: Predictor) -> bool:
    """Return whether all containers of nodes are in later components."""
    nodes = {node.name for node in predictor.nodes}
    if any(container.name in nodes for container in predictor.components[0].containers):
        return False
    all_containers = {container.name for container in predictor.containers}
    # A server without a container is put into the first component; any other node
    # without one is a separate error, and the first component's container may be meant for it.
    if any(
        node.implementation not in ORCHESTRATOR_IMPLEMENTATIONS and node.name not in all_containers
        for node in predictor.nodes
    ):
        return False
    return not nodes.isdisjoint(all_containers)
