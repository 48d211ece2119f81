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
from webhook.graph.model import Deployment

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"restartPolicy", "activeDeadlineSeconds"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield what makes a pod end (source: ValidatePodTemplateSpecForReplicaSet)."""
    for component in deployment.components:
        pod = component.pod
        policy = pod.get("restartPolicy")
        if policy in ("OnFailure", "Never"):
            path = component.path.join(("spec", "restartPolicy"))
            always: Operation = {"op": "replace", "path": path.pointer, "value": "Always"}
            fact = f"a Deployment's pods have the restartPolicy Always, not {policy}"
            yield Finding(path, fact, "leave it out or write Always", (always,))
        if pod.get("activeDeadlineSeconds") is not None:
            path = component.path.join(("spec", "activeDeadlineSeconds"))
            remove: Operation = {"op": "remove", "path": path.pointer}
            fact = "a Deployment's pods have no activeDeadlineSeconds"
            yield Finding(path, fact, "leave it out", (remove,))
