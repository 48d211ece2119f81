"""Duplicate container name

Why: containers and init containers of a pod must have different names. Seldon accepts two with the
same name, and the API server refuses the Deployment later.

Fix: Use a different name.

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
    """Yield each container with the name of an earlier one.

    Source: ValidatePodSpec; seldon-checks G20.
    """
    if len(pod.containers_by_name) == len(pod.containers) + len(pod.init_containers):
        return
    first: dict[str, Path] = {}
    for container in (*pod.init_containers, *pod.containers):
        if not container.name:
            continue  # missing-field reports it
        earlier = first.setdefault(container.name, container.path)
        if earlier != container.path:
            yield Finding(
                container.path / "name",
                f"duplicate container name {quote_value(container.name)} (first at {earlier})",
            )
