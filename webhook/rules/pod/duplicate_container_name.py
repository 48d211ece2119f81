"""Two containers of a pod have one name

Why: a container's name is its identity in the pod, for init containers as for others. Kubernetes
refuses a pod in which two have the same; Seldon accepts it, and the Deployment is refused later.

Fix: Give each container of the pod a name of its own.

Bad:
    containers:
    - name: classifier
      image: registry.example/classifier:1
    - name: classifier
      image: registry.example/cache:1

Good:
    containers:
    - name: classifier
      image: registry.example/classifier:1
    - name: cache
      image: registry.example/cache:1
"""

from collections.abc import Iterator

from webhook.graph.features import DUPLICATE_NAMES
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, SeldonDeployment
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({DUPLICATE_NAMES})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each container whose name an earlier one has.

    Source: ValidatePodSpec; seldon-checks G20.
    """
    for component in deployment.components:
        containers = (*component.containers, *component.init_containers)
        if len({container.name for container in containers}) < len(containers):
            yield from _check_component(component)


def _check_component(component: ComponentSpec) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for container in (*component.init_containers, *component.containers):
        if not container.name:
            continue  # that it is missing is said
        earlier = first.setdefault(container.name, container.path)
        if earlier != container.path:
            yield Finding(
                container.path / "name",
                f"the name {quote_value(container.name)} is already that of the container at "
                f"{earlier}",
            )
