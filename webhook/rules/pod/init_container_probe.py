"""An init container has a probe

Why: an init container runs once and ends before the others start. Probes and lifecycle hooks are
for containers that stay, and the API server refuses the Deployment.

Fix: Remove it. Or let the init container stay beside the others, with restartPolicy Always.

Bad:
    initContainers:
    - name: fetch
      image: registry.example/fetch:1
      readinessProbe:
        tcpSocket:
          port: 8080

Good:
    initContainers:
    - name: fetch
      image: registry.example/fetch:1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.rules.pod._pods import PROBES, is_run_to_completion, list_set_fields

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"initContainers"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each probe and lifecycle of an init container that ends (validateInitContainers)."""
    for component in deployment.components:
        for container in component.init_containers:
            if not is_run_to_completion(container):
                continue
            for field in list_set_fields(container.raw, (*PROBES, "lifecycle")):
                yield Finding(
                    container.path / field,
                    f"an init container that runs once has no {field}",
                    "remove it, or set restartPolicy to Always",
                )
