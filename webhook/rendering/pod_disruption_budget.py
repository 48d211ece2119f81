"""Disruption budgets of components.

The budget covers the pods of its own Deployment. (Seldon's covers all pods of the object: two of
them select the same pods, and Kubernetes then refuses to evict any.)
"""

from webhook.graph.model import get_mapping
from webhook.graph.well_known import POLICY_API_VERSION
from webhook.rendering import metadata, names
from webhook.rendering.layout import PodLayout, PredictorLayout
from webhook.rendering.source_map import Sourced, from_user, mapping_of, merge_mappings

BUDGET_FIELDS = ("minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy")


def render_pdb(layout: PredictorLayout, pod: PodLayout) -> Sourced | None:
    """Return the component's PodDisruptionBudget (policy/v1); None if it has none."""
    if not pod.has_pdb:
        return None
    path = layout.predictor.path
    name = names.component_name(layout, pod)
    raw = get_mapping(pod.raw, "pdbSpec")
    budget_spec = from_user(
        {key: raw[key] for key in BUDGET_FIELDS if key in raw}, pod.path / "pdbSpec"
    )
    selector = {"matchLabels": metadata.budget_selector(layout, name)}
    return mapping_of(
        path,
        {
            "apiVersion": POLICY_API_VERSION,
            "kind": "PodDisruptionBudget",
            "metadata": metadata.object_metadata(
                layout, name, metadata.attachment_labels(layout), None
            ),
            "spec": merge_mappings(path, budget_spec, mapping_of(path, {"selector": selector})),
        },
    )
