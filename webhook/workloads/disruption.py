"""Disruption budgets of components.

The budget covers the pods of its own Deployment. (Seldon's covers all pods of the object: two of
them select the same pods, and Kubernetes then refuses to evict any.)
"""

from webhook.graph.model import mapping
from webhook.workloads import metadata, names
from webhook.workloads.origin import Traced, copy, merge, table
from webhook.workloads.placement import Placement, Pod

FIELDS = ("minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy")


def of_pod(placement: Placement, pod: Pod) -> Traced | None:
    """Return the component's PodDisruptionBudget (policy/v1); None if it asks for none."""
    if not pod.has_budget:
        return None
    path = placement.predictor.path
    name = names.of_pod(placement, pod)
    raw = mapping(pod.raw, "pdbSpec")
    wish = copy({key: raw[key] for key in FIELDS if key in raw}, pod.path / "pdbSpec")
    selector = {"matchLabels": metadata.selector(placement, name)}
    return table(
        path,
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata.of_object(
                placement, name, metadata.of_attachment(placement), None
            ),
            "spec": merge(path, wish, table(path, {"selector": selector})),
        },
    )
