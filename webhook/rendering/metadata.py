"""Labels, selectors and annotations.

The labels are Seldon Core v1's. An author's label wins over one of ours, except where a selector
of ours reads it (`reserved`): there ours stays, because a template that its own selector does not
match is refused, and a Service would lose its pods.

A Deployment's selector cannot be changed, so it is made of what cannot change under one name: the
SeldonDeployment's name and the Deployment's own, which Seldon's pods carry as `app`. Seldon's own
selectors are wider: those of explainers and of components without a node match every pod of the
object. Its ReplicaSets match ours, too, so a Deployment that was deleted with `--cascade=orphan`
and rendered again takes its running pods over.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import get_mapping
from webhook.graph.path import ROOT, Path
from webhook.rendering import names
from webhook.rendering.layout import ContainerSlot, PodLayout, PredictorLayout
from webhook.rendering.node_kinds import ROLES, node_role
from webhook.rendering.source_map import (
    Sourced,
    from_user,
    get_item,
    injected,
    mapping_of,
    merge_mappings,
)

APP = "app"
DEPLOYMENT_ID = "seldon-deployment-id"
PREDICTOR_SERVICE = "seldon-app"
CONTAINER_SERVICE = "seldon-app-svc-"
"""Followed by the container's name; the value is its Service's."""

MANAGED_BY = "app.kubernetes.io/managed-by"


def is_reserved_label(key: str) -> bool:
    """Tell whether a selector of ours reads the label, so that an author's value is not used."""
    return key in {APP, DEPLOYMENT_ID, PREDICTOR_SERVICE} or key.startswith(CONTAINER_SERVICE)


def selector_labels(layout: PredictorLayout, name: str) -> dict[str, str]:
    """Return the labels that the pods of the Deployment `name` have, and no others."""
    return {DEPLOYMENT_ID: names.deployment_id_label(layout.deployment.name), APP: name}


def pod_labels(layout: PredictorLayout, pod: PodLayout, name: str) -> Sourced:
    """Return the labels of a component's Deployment and of its pods."""
    fixed: dict[str, str] = {}
    for slot, node in pod.node_slots:
        if slot.has_service:
            fixed[CONTAINER_SERVICE + slot.name] = names.container_service_name(layout, slot)
        fixed |= _role_label(node_role(node))
    entrypoint = layout.entrypoint
    if entrypoint is not None and entrypoint[0] is pod and not layout.orchestrator_in_own_pod:
        fixed[PREDICTOR_SERVICE] = names.predictor_service_name(layout)
        if layout.has_orchestrator:
            fixed["seldon-deployment-contains-svcorch"] = "true"
    return _workload_labels(layout, name, fixed, pod)


def orchestrator_labels(layout: PredictorLayout, name: str) -> Sourced:
    """Return the labels of an orchestrator's own Deployment and of its pods."""
    fixed = {
        PREDICTOR_SERVICE: names.predictor_service_name(layout),
        "seldon-deployment-contains-svcorch": "true",
    }
    return _workload_labels(layout, name, fixed)


def explainer_labels(layout: PredictorLayout, name: str) -> Sourced:
    """Return the labels of an explainer's Deployment and of its pods."""
    return _workload_labels(layout, name, {PREDICTOR_SERVICE: name, "seldon.io/explainer": "true"})


def predictor_service_labels(layout: PredictorLayout) -> Sourced:
    """Return the labels of a predictor's Service."""
    entrypoint = layout.entrypoint
    is_sole_container = (
        entrypoint is not None and not layout.has_orchestrator and entrypoint[1].node is not None
    )
    kind = (
        _role_label(node_role(entrypoint[1].node))
        if is_sole_container and entrypoint and entrypoint[1].node
        else {}
    )
    return _service_labels(layout, {PREDICTOR_SERVICE: names.predictor_service_name(layout)} | kind)


def container_service_labels(layout: PredictorLayout, slot: ContainerSlot) -> Sourced:
    """Return the labels of the Service of one node's container."""
    fixed = {
        CONTAINER_SERVICE + slot.name: names.container_service_name(layout, slot),
        PREDICTOR_SERVICE: names.predictor_service_name(layout),
    }
    return _service_labels(layout, fixed | (_role_label(node_role(slot.node)) if slot.node else {}))


def explainer_service_labels(layout: PredictorLayout) -> Sourced:
    """Return the labels of an explainer's Service: it belongs to the predictor's."""
    fixed = {PREDICTOR_SERVICE: names.predictor_service_name(layout), "seldon.io/explainer": "true"}
    return _service_labels(layout, fixed)


def attachment_labels(layout: PredictorLayout) -> Sourced:
    """Return the labels of an autoscaler or a disruption budget."""
    return mapping_of(
        layout.predictor.path,
        {
            DEPLOYMENT_ID: names.deployment_id_label(layout.deployment.name),
            MANAGED_BY: layout.options.managed_by,
        },
    )


def predictor_labels(layout: PredictorLayout) -> Sourced:
    """Return the predictor's labels; `version`, which traffic splits by, is its name if absent."""
    path = layout.predictor.path
    version = mapping_of(path, {"version": layout.predictor.name or None})
    return merge_mappings(path, version, _string_entries(layout.predictor.raw, "labels", path))


def merged_annotations(
    layout: PredictorLayout, pod: PodLayout | None = None, fixed: Mapping[str, str] | None = None
) -> Sourced:
    """Return annotations: `fixed`, of the spec, the predictor, the component; later ones win."""
    path = layout.predictor.path
    return merge_mappings(
        path,
        mapping_of(path, fixed or {}),
        _string_entries(layout.deployment.spec, "annotations", ROOT / "spec"),
        predictor_annotations(layout),
        _component_entries(layout, pod, "annotations"),
    )


def scrape_annotations(layout: PredictorLayout) -> dict[str, str]:
    """Return the annotations of a pod that serves metrics."""
    return {
        "prometheus.io/path": layout.options.prometheus_path,
        "prometheus.io/scrape": "true",
    }


def predictor_annotations(layout: PredictorLayout) -> Sourced:
    """Return the predictor's annotations, which its Services carry."""
    return _string_entries(layout.predictor.raw, "annotations", layout.predictor.path)


def object_metadata(
    layout: PredictorLayout, name: str, labels: Sourced, annotations: Sourced | None
) -> Sourced:
    """Return an object's metadata. Without a namespace in the document there is none here."""
    namespace = layout.deployment.namespace
    return mapping_of(
        layout.predictor.path,
        {
            "name": name,
            "namespace": from_user(namespace, ROOT / "metadata" / "namespace")
            if namespace
            else None,
            "labels": labels,
            "annotations": annotations if annotations and annotations.value else None,
        },
    )


def _workload_labels(
    layout: PredictorLayout, name: str, fixed: Mapping[str, str], pod: PodLayout | None = None
) -> Sourced:
    path = layout.predictor.path
    shadow = {"seldon.io/shadow": "true"} if layout.predictor.is_shadow else {}
    user_labels = merge_mappings(
        path, predictor_labels(layout), _component_entries(layout, pod, "labels")
    )
    return merge_mappings(
        path,
        mapping_of(path, {**selector_labels(layout, name), "fluentd": "true"}),
        mapping_of(
            path,
            {k: get_item(user_labels, k) for k in user_labels.value if not is_reserved_label(k)},
        ),
        mapping_of(path, {**fixed, **shadow, MANAGED_BY: layout.options.managed_by}),
    )


def _service_labels(layout: PredictorLayout, fixed: Mapping[str, str]) -> Sourced:
    shadow = {"seldon.io/shadow": "true"} if layout.predictor.is_shadow else {}
    return mapping_of(
        layout.predictor.path,
        {
            DEPLOYMENT_ID: names.deployment_id_label(layout.deployment.name),
            **fixed,
            **shadow,
            MANAGED_BY: layout.options.managed_by,
        },
    )


def _role_label(kind: str) -> dict[str, str]:
    return {f"seldon.io/{kind.lower().replace('_', '-')}": "true"} if kind in ROLES else {}


def _component_entries(layout: PredictorLayout, pod: PodLayout | None, key: str) -> Sourced:
    if pod is None:
        return injected({}, layout.predictor.path)
    return _string_entries(get_mapping(pod.raw, "metadata"), key, pod.path / "metadata")


def _string_entries(raw: Mapping[str, Any], key: str, path: Path) -> Sourced:
    """Return the entries of a labels or annotations mapping that are texts."""
    return from_user({k: v for k, v in get_mapping(raw, key).items() if type(v) is str}, path / key)
