"""A resource has two answers to a resize

Why: resizePolicy says for each resource whether a container is started again when it is resized.
The API server refuses a Deployment that says so twice.

Fix: Leave one of them.

Bad:
    resizePolicy:
    - resourceName: cpu
      restartPolicy: NotRequired
    - resourceName: cpu
      restartPolicy: RestartContainer

Good:
    resizePolicy:
    - resourceName: cpu
      restartPolicy: NotRequired
    - resourceName: memory
      restartPolicy: RestartContainer
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_str, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"resizePolicy"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each further answer (source: validateResizePolicy)."""
    for container in deployment.containers_with("words"):
        seen: set[str] = set()
        for index, policy in iter_mappings(container.raw, "resizePolicy"):
            name = get_str(policy, "resourceName")
            if name in seen:
                path = container.path.join(("resizePolicy", index, "resourceName"))
                yield Finding(path, f"{name} has an answer already")
            seen.add(name)
