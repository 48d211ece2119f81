"""A node has no container

Why: a node that no model server implements is run by the container of the same name in one of the
predictor's componentSpecs. Without it Seldon creates nothing for the node and its requests fail.

Fix: Give node and container the same name. Or add the container to a pod template of the
predictor, or set an implementation that brings its own.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
    graph:
      name: clasifier

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
    graph:
      name: classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment, Node, Predictor
from webhook.graph.words import CERTAIN, dns_label, enumerate_words, is_dns_label, nearest_word
from webhook.rules.pod_out_of_place import pods_are_astray

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each node that needs a container and has none."""
    for predictor in deployment.predictors:
        there = {container.name for container in predictor.containers}
        if "" in there:
            continue  # a container has no name: that is said, and may be the one
        if deployment.faults and not there and _are_elsewhere(deployment, predictor):
            continue  # they stand at the wrong place, or under another name: that is said
        for node in predictor.nodes:
            if not node.name or node.name in there or node.has_server:
                continue
            # Spelt so that it is no DNS label, and its container is not: that is the root cause,
            # and name-not-a-dns-label says it.
            if not is_dns_label(node.name) and dns_label(node.name) in there:
                continue
            yield _finding(node, predictor)


def _are_elsewhere(deployment: Deployment, predictor: Predictor) -> bool:
    if any(type(component.pod.get("containers")) is dict for component in predictor.components):
        return True
    return pods_are_astray(deployment, predictor)


def _finding(node: Node, predictor: Predictor) -> Finding:
    path = node.path / "name"
    fact = f'no container of the predictor is called "{node.name}"'
    nodes = {other.name for other in predictor.nodes}
    names = dict.fromkeys(c.name for c in predictor.containers if c.name)
    unused = [name for name in names if name not in nodes]
    near = nearest_word(node.name, unused)
    if near:
        rename: Operation = {"op": "replace", "path": path.pointer, "value": near}
        alone = sum(other.name == node.name for other in predictor.nodes) == 1
        certain = alone and near == nearest_word(node.name, unused, CERTAIN)
        return Finding(
            path, fact, f'call the node "{near}", as a container is', (rename,) if certain else ()
        )
    if unused:
        shown = enumerate_words([f'"{name}"' for name in unused[:5]], "or")
        return Finding(path, fact, f"call the node {shown}, or add the container")
    return Finding(
        path, fact, f'add a container "{node.name}" to a componentSpec, or set an implementation'
    )
