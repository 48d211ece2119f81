"""A pod has an overhead without a runtime class

Why: overhead is what the pod's runtime needs for itself. It is known by the runtime class, and
written into pods by the API server; a pod that brings its own is refused. The Deployment is
accepted, and never gets a pod.

Fix: Remove overhead; with a runtimeClassName the API server writes it.

Bad:
    spec:
      overhead:
        cpu: 100m

Good:
    spec:
      runtimeClassName: gvisor
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"overhead"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each overhead of a pod without a class (source: the RuntimeClass admission plugin)."""
    for component in deployment.components:
        pod = component.pod
        if "overhead" in pod and type(pod["overhead"]) is dict and not pod.get("runtimeClassName"):
            path = component.path.join(("spec", "overhead"))
            fix: Operation = {"op": "remove", "path": path.pointer}
            yield Finding(path, "the pod has an overhead and no runtimeClassName", fix=(fix,))
