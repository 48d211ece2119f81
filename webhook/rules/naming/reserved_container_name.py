"""Reserved container name

Why: seldon-container-engine is the name of the orchestrator. If the pod has a container of that
name, Seldon adds no orchestrator, and the graph is not executed. With an init container of that
name, or of tfserving beside a TENSORFLOW_SERVER, the pod has two containers of one name, and the
API server refuses it. A node named tfserving gets no Service, so it is reachable only from within
its own pod.

Fix: Use a different container name.

Bad:
    containers:
    - name: seldon-container-engine
      image: registry.example/classifier:1

Good:
    containers:
    - name: classifier
      image: registry.example/classifier:1
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    Predictor,
    SeldonDeployment,
    get_str,
    iter_mappings,
)
from webhook.rendering.layout import (
    INJECTED_CONTAINERS,
    ORCHESTRATOR_CONTAINER,
    TENSORFLOW_CONTAINER,
    separates_orchestrator,
)
from webhook.rules._rendered import rendered_pods

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each container and node with a reserved name (source: seldon-checks G21)."""
    for predictor in deployment.predictors:
        yield from _check_predictor(predictor, deployment)
    yield from _check_init_containers(deployment, facts)


def _check_predictor(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    for container in predictor.containers_by_name.get(ORCHESTRATOR_CONTAINER, ()):
        yield Finding(
            container.path / "name",
            f'container name "{ORCHESTRATOR_CONTAINER}" is reserved for the orchestrator',
        )
    for node in predictor.nodes_by_name.get(TENSORFLOW_CONTAINER, ()):
        in_own_pod = separates_orchestrator(deployment)
        first = predictor.components[0] if predictor.components else None
        nearest = not first or node.name in first.containers_by_name
        yield Finding(
            node.path / "name",
            f'node name "{TENSORFLOW_CONTAINER}" is reserved: the node would get no Service',
            "use a different name for node and container",
            # In the pod of the orchestrator it is called without a Service.
            certain=in_own_pod or not nearest,
        )


def _check_init_containers(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each init container with the name of one that is added to its pod."""
    taken = {
        container.path: container.name
        for predictor in deployment.predictors
        for component in predictor.components
        for container in component.init_containers
        if container.name in INJECTED_CONTAINERS
    }
    if not taken:
        return
    for rendered, template in rendered_pods(deployment, facts):
        spec = template["spec"]
        names = {get_str(container, "name") for _, container in iter_mappings(spec, "containers")}
        for index, _ in iter_mappings(spec, "initContainers"):
            path = rendered.trace(("spec", "template", "spec", "initContainers", index))
            if taken.get(path) in names:
                message = f'name "{taken[path]}" is reserved: a container of it is added to the pod'
                yield Finding(path / "name", message, "use a different name")
