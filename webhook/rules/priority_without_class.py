"""A pod has a priority that its class does not give

Why: priority and preemptionPolicy of a pod are computed by the API server from its priority class.
It refuses pods that bring other values: the Deployment is accepted, and never gets a pod. Without
a class the priority is 0 and the policy PreemptLowerPriority, unless the cluster has a default
class that says the same as the pod; hence a warning.

Fix: Remove priority and preemptionPolicy, and name a class with priorityClassName.

Bad:
    spec:
      priority: 1000

Good:
    spec:
      priorityClassName: serving
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, number

ACTION = "warn"
SINCE = "0.1.0"
NEEDS = frozenset({"priority", "preemptionPolicy"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each value that no class gives (source: the Priority admission plugin)."""
    for component in deployment.components:
        pod = component.pod
        if "priority" not in pod and "preemptionPolicy" not in pod:
            continue
        if pod.get("priorityClassName"):
            continue  # what the class says is not known
        where = component.path / "spec"
        if value := number(pod, "priority"):
            fact = f"the pod has the priority {value}, and no class that gives it"
            yield Finding(where / "priority", fact)
        if pod.get("preemptionPolicy") == "Never":
            fact = "the pod has the preemptionPolicy Never, and no class that gives it"
            yield Finding(where / "preemptionPolicy", fact)
