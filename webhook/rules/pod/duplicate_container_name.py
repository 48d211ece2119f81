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

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"


def check(pod: ComponentSpec) -> Iterator[Finding]:
    """Yield each container whose name an earlier one has.

    Source: ValidatePodSpec; seldon-checks G20.
    """
    if len(pod.containers_by_name) == len(pod.containers) + len(pod.init_containers):
        return
    first: dict[str, Path] = {}
    for container in (*pod.init_containers, *pod.containers):
        if not container.name:
            continue  # that it is missing is said
        earlier = first.setdefault(container.name, container.path)
        if earlier != container.path:
            yield Finding(
                container.path / "name",
                f"the name {quote_value(container.name)} is already that of the container at "
                f"{earlier}",
            )
