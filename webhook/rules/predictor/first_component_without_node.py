"""First component without a node

Why: Seldon adds the orchestrator to the pod of the first componentSpec, beside a container of the
graph. If the first componentSpec has none, Seldon creates nothing. For its operator a container
counts in the last componentSpec that has one of its name, and a node that is built into the
orchestrator takes the place with service_host localhost in its endpoint. A graph of such nodes
alone has no pod at all.

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

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering.layout import opts_out_of_orchestrator, separates_orchestrator
from webhook.rendering.node_kinds import ORCHESTRATOR_IMPLEMENTATIONS, is_prepackaged_server
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"componentSpecs", "endpoint", "implementation"})


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each first componentSpec without a node.

    Sources: seldon-checks G19; DefaultSeldonDeployment and GetEnginePredictiveUnit (v1.17.1).
    """
    if not predictor.graph:
        return
    if _has_no_container(predictor):
        if not separates_orchestrator(deployment) or opts_out_of_orchestrator(predictor):
            yield Finding(
                predictor.graph.path,
                "all nodes of the graph are built into the orchestrator, so there is no pod for it",
                "add a node with a container or a model server",
            )
        return
    built_in = _built_in_at_localhost(predictor) if facts.operator != "graphgate" else None
    if len(predictor.components) < 2 and built_in is None:
        return
    if opts_out_of_orchestrator(predictor) or separates_orchestrator(deployment):
        return
    if built_in is not None:
        yield Finding(
            built_in.path / "endpoint" / "service_host",
            f"Seldon's operator looks for the container of {quote_value(built_in.name)} beside the "
            f"orchestrator because of this address, and {built_in.implementation} has none",
            "remove the address",
        )
        return
    first = predictor.components[0]
    # Were an item before it misshapen, this would not be the first.
    if first.path[-1] != 0:
        return
    if _has_no_nodes(predictor):
        yield Finding(
            first.path,
            "no container of the first componentSpec runs a node of the graph, so there is no "
            "pod for the orchestrator",
            evidence=tuple(container.path / "name" for container in first.containers),
        )
    elif facts.operator != "graphgate" and _are_overtaken(predictor):
        yield Finding(
            first.path,
            "later componentSpecs have containers of the same names, which count for Seldon's "
            "operator, so there is no pod for the orchestrator",
            "rename the containers: each node has one",
            evidence=tuple(container.path / "name" for container in first.containers),
        )


def _has_no_container(predictor: Predictor) -> bool:
    """Return whether the orchestrator runs all nodes itself.

    A node alone, and an A/B test without two children, are errors of their own.
    """
    built_in = [n for n in predictor.nodes if n.implementation in ORCHESTRATOR_IMPLEMENTATIONS]
    return len(built_in) == len(predictor.nodes) > 1 and not any(
        node.name in predictor.containers_by_name
        or (node.implementation == "RANDOM_ABTEST" and len(node.children) < 2)
        for node in built_in
    )


def _built_in_at_localhost(predictor: Predictor) -> Node | None:
    """Return the node without a container that is taken for one beside the orchestrator.

    The first node counts that has the address, which is written into those of the first component.
    """
    # A list, which is made in one call: most predictors have none.
    if not [
        node for node in predictor.nodes if node.implementation in ORCHESTRATOR_IMPLEMENTATIONS
    ]:
        return None
    later = {c.name for component in predictor.components[1:] for c in component.containers}
    for node in predictor.nodes:
        if node.name in predictor.containers_by_name or is_prepackaged_server(node):
            if node.name not in later:
                return None
        elif get_str(get_mapping(node.raw, "endpoint"), "service_host") == "localhost":
            return node if node.implementation in ORCHESTRATOR_IMPLEMENTATIONS else None
    return None


def _are_overtaken(predictor: Predictor) -> bool:
    """Return whether each node of the first component has a container in a later one as well."""
    later = {c.name for component in predictor.components[1:] for c in component.containers}
    first = {container.name for container in predictor.components[0].containers}
    placed = [node for node in predictor.nodes if node.name in first]
    return bool(placed) and all(
        node.name in later and not is_prepackaged_server(node) for node in placed
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
