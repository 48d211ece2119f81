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
from webhook.graph.model import SeldonDeployment, get_int

ACTION = "warn"
SINCE = "0.1.0"
TRIGGERS = frozenset({"priority", "preemptionPolicy"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each value that no class gives (source: the Priority admission plugin)."""
    for component in deployment.components:
        pod = component.pod
        if "priority" not in pod and "preemptionPolicy" not in pod:
            continue
        if pod.get("priorityClassName"):
            continue  # what the class says is not known
        item_path = component.path / "spec"
        if value := get_int(pod, "priority"):
            message = f"the pod has the priority {value}, and no class that gives it"
            yield Finding(item_path / "priority", message)
        if pod.get("preemptionPolicy") == "Never":
            message = "the pod has the preemptionPolicy Never, and no class that gives it"
            yield Finding(item_path / "preemptionPolicy", message)
