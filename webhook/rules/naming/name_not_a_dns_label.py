"""Name is not a DNS label

Why: the names of predictors, containers and nodes become those of containers, Services and labels
and must be DNS labels (RFC 1123): at most 63 lower-case letters, digits and "-", with a letter or
digit at both ends. Seldon accepts the object; the Deployment or Service is refused later, where the
author does not see it.

Fix: Use only lower-case letters, digits and "-". A node and its container are renamed together, and
with them all references to the container.

Bad:
    graph:
      name: step_one

Good:
    graph:
      name: step-one
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Predictor, SeldonDeployment
from webhook.graph.names import explain_invalid_dns_label, is_dns_label, to_dns_label
from webhook.graph.path import Path
from webhook.rules.naming._rename_fix import ComponentNames, rename_fix_safety

ACTION = "deny"
SINCE = "0.1.0"


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each predictor, node and container whose name Kubernetes would refuse."""
    if type(predictor.raw.get("name")) is str and not is_dns_label(predictor.name):
        yield _check_predictor(predictor, deployment)
    if _are_all_dns_labels(predictor):
        return
    names = ComponentNames(predictor)
    for noun, path, name in _iter_names(predictor):
        if not is_dns_label(name):
            yield _check_component(noun, path, name, names)


def _are_all_dns_labels(predictor: Predictor) -> bool:
    """Return, cheaply, whether all names are valid, as in most objects."""
    names = {node.name for node in predictor.nodes}
    for component in predictor.components:
        names.update([container.name for container in component.containers])
        names.update([container.name for container in component.init_containers])
    return all(map(is_dns_label, names))


def _iter_names(predictor: Predictor) -> Iterator[tuple[str, Path, str]]:
    """Yield noun, path and name of each node that becomes a container, and of each container."""
    built_in = schema.enum_values("builtin-implementations")
    for node in predictor.nodes:
        # A node that the orchestrator implements has no container, and no name in Kubernetes.
        if type(node.raw.get("name")) is str and node.implementation not in built_in[1:]:
            yield "node", node.path / "name", node.name
    for component in predictor.components:
        for container in component.all_containers:
            if type(container.raw.get("name")) is str:
                yield "container", container.path / "name", container.name


def _check_predictor(predictor: Predictor, deployment: SeldonDeployment) -> Finding:
    path, name, new = predictor.path / "name", predictor.name, to_dns_label(predictor.name)
    is_available = new and all(other.name != new for other in deployment.predictors)
    alone = sum(other.name == name for other in deployment.predictors) == 1
    operation: Operation = {"op": "replace", "path": path.pointer, "value": new}
    return Finding(
        path,
        _message("predictor", name),
        f'rename it to "{new}"' if is_available else "",
        (operation,) if is_available and alone else (),
        fix_safety=rename_fix_safety(name),
    )


def _check_component(noun: str, path: Path, name: str, names: ComponentNames) -> Finding:
    new = to_dns_label(name)
    # The node gets the name of its container, which is valid already.
    if noun == "node" and names.is_of_container_only(new) and not names.is_of_container(name):
        operations = names.rename(name, new)
        remediation = f'did you mean the container "{new}"?'
        return Finding(path, _message(noun, name), remediation, operations, fix_safety="safe")
    if noun == "container" and names.is_of_node_only(new) and not names.is_of_node(name):
        remediation = f'rename it to "{new}", like its node'
        operations = names.rename(name, new) if names.is_one_spelling(new) else ()
        return Finding(path, _message(noun, name), remediation, operations, fix_safety="safe")
    if not new or not names.is_free(new):
        return Finding(path, _message(noun, name))
    return Finding(
        path,
        _message(noun, name),
        f'rename it to "{new}"',
        names.rename(name, new),
        fix_safety=rename_fix_safety(name),
    )


def _message(what: str, name: str) -> str:
    return f'{what} name "{name}" is not a valid DNS label: {explain_invalid_dns_label(name)}'
