"""A container has a name of Seldon's own

Why: seldon-container-engine is the orchestrator. Where a container of that name is in the pod,
Seldon puts no orchestrator there, and nobody walks the graph. A node called tfserving gets no
Service, so it is found only from within its own pod.

Fix: Give the container a name of its own.

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
            f'"{ORCHESTRATOR_CONTAINER}" is the orchestrator\'s own name',
        )
    for node in predictor.nodes_by_name.get(TENSORFLOW_CONTAINER, ()):
        notes = get_mapping(deployment.spec, "annotations")
        in_own_pod = get_str(notes, SEPARATE_POD_ANNOTATION).lower() == "true"
        first = predictor.components[0] if predictor.components else None
        nearest = not first or node.name in first.containers_by_name
        yield Finding(
            node.path / "name",
            f'a node called "{TENSORFLOW_CONTAINER}" gets no Service',
            "give node and container another name",
            # In the orchestrator's own pod it is called without one.
            certain=in_own_pod or not nearest,
        )
