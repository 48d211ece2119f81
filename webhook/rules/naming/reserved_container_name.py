"""Reserved container name

Why: seldon-container-engine is the name of the orchestrator. If the pod has a container of that
name, Seldon adds no orchestrator, and the graph is not executed. A node named tfserving gets no
Service, so it is reachable only from within its own pod.

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

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.well_known import SEPARATE_POD_ANNOTATION
from webhook.rendering.layout import ORCHESTRATOR_CONTAINER, TENSORFLOW_CONTAINER

ACTION = "deny"
SINCE = "0.1.0"


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each container and node with a reserved name (source: seldon-checks G21)."""
    for container in predictor.containers_by_name.get(ORCHESTRATOR_CONTAINER, ()):
        yield Finding(
            container.path / "name",
            f'container name "{ORCHESTRATOR_CONTAINER}" is reserved for the orchestrator',
        )
    for node in predictor.nodes_by_name.get(TENSORFLOW_CONTAINER, ()):
        notes = get_mapping(deployment.spec, "annotations")
        in_own_pod = get_str(notes, SEPARATE_POD_ANNOTATION).lower() == "true"
        first = predictor.components[0] if predictor.components else None
        nearest = not first or node.name in first.containers_by_name
        yield Finding(
            node.path / "name",
            f'node name "{TENSORFLOW_CONTAINER}" is reserved: the node would get no Service',
            "use a different name for node and container",
            # In the pod of the orchestrator it is called without a Service.
            certain=in_own_pod or not nearest,
        )
