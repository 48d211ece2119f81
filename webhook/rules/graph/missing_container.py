"""Node without a container

Why: a node that no model server implements is run by the container of the same name in one of the
predictor's componentSpecs. Without it Seldon creates nothing for the node, and requests fail.

Fix: Use the same name for node and container. Or add the container to a pod template of the
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
from webhook.graph.model import Node, Predictor, SeldonDeployment, get_str
from webhook.graph.names import is_dns_label, to_dns_label
from webhook.graph.suggest import nearest_word
from webhook.graph.templates import find_unrendered
from webhook.graph.text import join_words
from webhook.rules.naming._rename_fix import ComponentNames
from webhook.rules.predictor.misplaced_pod_spec import has_misplaced_pods

ACTION = "deny"
SINCE = "0.1.0"


_MAX_OFFERED = 100
"""Names of containers that are compared with that of a node."""


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each node that needs a container and has none."""
    containers = predictor.containers_by_name
    if any(not container.name for container in predictor.containers):
        return  # reported as a missing name, and it may be this container
    if (
        deployment.schema_errors
        and not containers
        and _are_containers_misplaced(deployment, predictor)
    ):
        return  # reported as misplaced or misspelled
    names: ComponentNames | None = None
    unused: list[str] = []
    misspelled: set[str] = set()
    for node in predictor.nodes:
        if not node.name or node.name in containers or node.has_builtin_implementation:
            continue
        # Only the node's spelling is not a DNS label: name-not-a-dns-label reports the root cause.
        if not is_dns_label(node.name) and to_dns_label(node.name) in containers:
            continue
        if names is None:
            if any(map(find_unrendered, containers)):
                return  # likewise: the name comes from a template
            names = ComponentNames(predictor)
            misspelled = {to_dns_label(name) for name in containers if not is_dns_label(name)}
            unused = [name for name in containers if name not in predictor.nodes_by_name]
            del unused[_MAX_OFFERED:]
        if node.name not in misspelled:  # likewise: only the container's spelling is not one
            yield _build_finding(node, predictor, names, unused)


def _are_containers_misplaced(deployment: SeldonDeployment, predictor: Predictor) -> bool:
    if any(type(component.pod.get("containers")) is dict for component in predictor.components):
        return True
    return has_misplaced_pods(deployment, predictor)


def _build_finding(
    node: Node, predictor: Predictor, names: ComponentNames, unused: list[str]
) -> Finding:
    path = node.path / "name"
    message = f'no container named "{node.name}" in this predictor'
    nearest = nearest_word(node.name, unused) or _with_suffix(node.name, unused)
    if nearest:
        quoted = f'rename the container "{nearest}" to "{node.name}", or the node to "{nearest}"'
        return Finding(path, message, quoted, _rename_patch(node, predictor, names, nearest))
    if unused:
        quoted = join_words([f'"{name}"' for name in unused[:5]], "or")
        return Finding(path, message, f"did you mean the container {quoted}?")
    return Finding(
        path, message, f'add a container "{node.name}" to a componentSpec, or set an implementation'
    )


def _with_suffix(name: str, others: list[str]) -> str:
    """Return the only name that is a prefix of `name`, or has it as a prefix: test22 for test."""
    similar = [o for o in others if o.startswith(name) or name.startswith(o)]
    return similar[0] if len(similar) == 1 else ""


def _rename_patch(
    node: Node, predictor: Predictor, names: ComponentNames, container_name: str
) -> tuple[Operation, ...]:
    """Return the patch that gives node and container the same name; which is misspelled is a guess.

    The container is renamed if its image has the name of the node in it, else the node.
    """
    if len(predictor.nodes_by_name[node.name]) > 1:
        return ()
    image = get_str(predictor.containers_by_name[container_name][0].raw, "image")
    if is_dns_label(node.name) and node.name in image and container_name not in image:
        return names.rename(container_name, node.name)
    return ({"op": "replace", "path": (node.path / "name").pointer, "value": container_name},)
