"""A pod is meant to end

Why: a SeldonDeployment's pods serve until they are replaced. They are made by Deployments, and the
API server refuses a Deployment whose pods end by themselves: with a restartPolicy other than
Always, or with a deadline.

Fix: Leave restartPolicy and activeDeadlineSeconds out.

Bad:
    componentSpecs:
    - spec:
        restartPolicy: Never
        containers:
        - name: classifier

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"restartPolicy", "activeDeadlineSeconds"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield what makes a pod end (source: ValidatePodTemplateSpecForReplicaSet)."""
    for component in deployment.components:
        pod = component.pod
        policy = pod.get("restartPolicy")
        if policy in ("OnFailure", "Never"):
            path = component.path.join(("spec", "restartPolicy"))
            always_message: Operation = {"op": "replace", "path": path.pointer, "value": "Always"}
            message = f"a Deployment's pods have the restartPolicy Always, not {policy}"
            yield Finding(path, message, "leave it out or write Always", (always_message,))
        if pod.get("activeDeadlineSeconds") is not None:
            path = component.path.join(("spec", "activeDeadlineSeconds"))
            remove: Operation = {"op": "remove", "path": path.pointer}
            message = "a Deployment's pods have no activeDeadlineSeconds"
            yield Finding(path, message, "leave it out", (remove,))
