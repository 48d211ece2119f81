"""Labels, selectors and annotations.

The labels are Seldon Core v1's. An author's label overrides an injected one, except where a
rendered selector reads it (`reserved`): the API server rejects a template that its own selector
does not match, and a Service would lose its pods.

A Deployment's selector cannot be changed, so it uses only what cannot change under one name: the
SeldonDeployment's name and the Deployment's own, which Seldon's pods carry as `app`. Seldon's own
selectors are wider: those of explainers and of components without a node match every pod of the
object. Its ReplicaSets match graphgate's selectors, too, so a Deployment that was deleted with
`--cascade=orphan` and rendered again adopts its running pods.
"""

from collections.abc import Callable, Mapping
from typing import Any

from webhook.graph.model import Node, get_mapping
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import (
    AMBASSADOR_CONFIG_ANNOTATION,
    APPARMOR_ANNOTATION_PREFIX,
    EXPLAINER_LABEL,
    MANAGED_BY_LABEL,
    PROMETHEUS_PATH_ANNOTATION,
    PROMETHEUS_SCRAPE_ANNOTATION,
    SELDON_PREFIX,
    SERVICE_LABEL_PREFIX,
)
from webhook.rendering import names
from webhook.rendering.layout import (
    ORCHESTRATOR_CONTAINER,
    ContainerSlot,
    PodLayout,
    PredictorLayout,
)
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
"""Followed by the container's name; the value is its Service's."""

CONTAINS_ORCHESTRATOR = "seldon-deployment-contains-svcorch"


def is_reserved_label(key: str) -> bool:
    """Return whether a rendered selector reads the label, so that an author's value is not used."""
    return key in {APP, DEPLOYMENT_ID, PREDICTOR_SERVICE} or key.startswith(SERVICE_LABEL_PREFIX)


def selector_labels(layout: PredictorLayout, name: str) -> dict[str, str]:
    """Return the labels that the pods of the Deployment `name` have, and no others."""
    return {DEPLOYMENT_ID: names.deployment_id_label(layout.deployment.name), APP: name}


def deployment_selector(
    layout: PredictorLayout, name: str, pod: PodLayout | None = None
) -> dict[str, str]:
    """Return the selector of a component's Deployment, or of an explainer's (without a pod).

    Seldon's operator selects by the object's id and by the Services of the pod; an explainer by the
    id alone (createDeploymentWithoutEngine, createExplainer, v1.17.1).
    """
    if not layout.is_seldon:
        return selector_labels(layout, name)
    owner = names.deployment_id_label(layout.deployment.name)
    return {DEPLOYMENT_ID: owner, **(_service_labels_of_pod(layout, pod) if pod else {})}


def orchestrator_selector(layout: PredictorLayout, name: str) -> dict[str, str]:
    """Return the selector of an orchestrator's own Deployment.

    Seldon's operator has the predictor's Service where the object's id is expected
    (createEngineDeployment, v1.17.1).
    """
    if not layout.is_seldon:
        return selector_labels(layout, name)
    service = names.predictor_service_name(layout)
    return {DEPLOYMENT_ID: service, PREDICTOR_SERVICE: service}


def budget_selector(layout: PredictorLayout, name: str) -> dict[str, str]:
    """Return the selector of a disruption budget: Seldon's selects every pod of the object."""
    if layout.is_seldon:
        return {DEPLOYMENT_ID: names.deployment_id_label(layout.deployment.name)}
    return selector_labels(layout, name)


def component_labels(layout: PredictorLayout, pod: PodLayout, name: str) -> tuple[Sourced, Sourced]:
    """Return the labels of a component's Deployment, and those of its pods.

    Seldon's operator says on the Deployment alone that the orchestrator is in it.
    """
    first = _component_pod_labels(layout, pod, name)
    # Nothing in an object is shared with another place.
    second = first._replace(value=dict(first.value))
    return (_with_orchestrator_label(layout, pod, first) if layout.is_seldon else first), second


def _with_orchestrator_label(layout: PredictorLayout, pod: PodLayout, labels: Sourced) -> Sourced:
    if not _holds_orchestrator(layout, pod):
        return labels
    path = layout.predictor.path
    return merge_mappings(path, labels, mapping_of(path, {CONTAINS_ORCHESTRATOR: "true"}))


def _holds_orchestrator(layout: PredictorLayout, pod: PodLayout) -> bool:
    entrypoint = layout.entrypoint
    return (
        entrypoint is not None
        and entrypoint[0] is pod
        and layout.has_orchestrator
        and not layout.orchestrator_in_own_pod
    )


def _component_pod_labels(layout: PredictorLayout, pod: PodLayout, name: str) -> Sourced:
    services = _service_labels_of_pod(layout, pod)
    fixed: dict[str, str] = {}
    for slot in pod.slots:
        label = SERVICE_LABEL_PREFIX + slot.name
        fixed |= {label: services[label]} if label in services else {}
        fixed |= _kind_label(layout, slot.node)
    fixed |= services
    if PREDICTOR_SERVICE in fixed and layout.has_orchestrator and not layout.is_seldon:
        fixed[CONTAINS_ORCHESTRATOR] = "true"
    return _workload_labels(layout, name, fixed, pod)


def _service_labels_of_pod(layout: PredictorLayout, pod: PodLayout) -> dict[str, str]:
    """Return the labels by which Services find a component's pod."""
    labels = {
        SERVICE_LABEL_PREFIX + slot.name: names.container_service_name(layout, slot)
        for slot, _ in pod.node_slots
        if slot.has_service
    }
    entrypoint = layout.entrypoint
    if entrypoint is not None and entrypoint[0] is pod and not layout.orchestrator_in_own_pod:
        labels[PREDICTOR_SERVICE] = names.predictor_service_name(layout)
    return labels


def _kind_label(layout: PredictorLayout, node: Node | None) -> dict[str, str]:
    """Return the label that says what a container serves.

    Seldon's operator writes that of explainers for a container without a node, or with a node
    without a type, beside an explainer (addLabelsToDeployment, v1.17.1).
    """
    role = _role_label(node_role(node)) if node is not None else {}
    has_type = node is not None and node_role(node) != ""
    if layout.is_seldon and layout.explainer and not has_type:
        return {EXPLAINER_LABEL: "true"}
    return role


def orchestrator_labels(layout: PredictorLayout, name: str) -> tuple[Sourced, Sourced]:
    """Return the labels of an orchestrator's own Deployment, and those of its pods."""
    service = {PREDICTOR_SERVICE: names.predictor_service_name(layout)}
    if not layout.is_seldon:
        fixed = {**service, CONTAINS_ORCHESTRATOR: "true"}
        return _workload_labels(layout, name, fixed), _workload_labels(layout, name, fixed)
    # The predictor's key is where the object's id is expected, and managed-by is missing
    # (createEngineDeployment, v1.17.1).
    path = layout.predictor.path
    pods = merge_mappings(
        path,
        mapping_of(path, {**orchestrator_selector(layout, name), APP: name}),
        predictor_labels(layout),
    )
    more = mapping_of(path, {"fluentd": "true", CONTAINS_ORCHESTRATOR: "true"})
    return merge_mappings(path, more, pods), pods


def explainer_labels(layout: PredictorLayout, name: str) -> Sourced:
    """Return the labels of an explainer's Deployment and of its pods."""
    return _workload_labels(layout, name, {PREDICTOR_SERVICE: name, EXPLAINER_LABEL: "true"})


def predictor_service_labels(layout: PredictorLayout) -> Sourced:
    """Return the labels of a predictor's Service."""
    entrypoint = layout.entrypoint
    is_sole_container = (
        entrypoint is not None and not layout.has_orchestrator and entrypoint[1].node is not None
    )
    kind = _kind_label(layout, entrypoint[1].node) if is_sole_container and entrypoint else {}
    fixed = {PREDICTOR_SERVICE: names.predictor_service_name(layout)} | kind
    is_marked = not layout.is_seldon or is_sole_container
    return _service_labels(layout, fixed, marks_shadow=is_marked)


def container_service_labels(layout: PredictorLayout, slot: ContainerSlot) -> Sourced:
    """Return the labels of the Service of one node's container."""
    fixed = {
        SERVICE_LABEL_PREFIX + slot.name: names.container_service_name(layout, slot),
        PREDICTOR_SERVICE: names.predictor_service_name(layout),
    }
    return _service_labels(layout, fixed | _kind_label(layout, slot.node))


def explainer_service_labels(layout: PredictorLayout) -> Sourced:
    """Return the labels of an explainer's Service: it belongs to the predictor's."""
    fixed = {PREDICTOR_SERVICE: names.predictor_service_name(layout), EXPLAINER_LABEL: "true"}
    return _service_labels(layout, fixed)


def attachment_labels(layout: PredictorLayout) -> Sourced:
    """Return the labels of an autoscaler or a disruption budget."""
    return mapping_of(
        layout.predictor.path,
        {
            DEPLOYMENT_ID: names.deployment_id_label(layout.deployment.name),
            MANAGED_BY_LABEL: None if layout.is_seldon else layout.options.managed_by,
        },
    )


def predictor_labels(layout: PredictorLayout) -> Sourced:
    """Return the predictor's labels; `version`, which traffic splits by, is its name if absent."""

    def build() -> Sourced:
        path = layout.predictor.path
        version = mapping_of(path, {"version": layout.predictor.name or None})
        return merge_mappings(path, version, _string_entries(layout.predictor.raw, "labels", path))

    return _copy_shared(layout, "predictor labels", build)


def _copy_shared(layout: PredictorLayout, name: str, build: Callable[[], Sourced]) -> Sourced:
    """Return a copy of what all pods of a predictor get, which is built once."""
    shared = layout.shared.get(name)
    if shared is None:
        shared = layout.shared[name] = build()
    return shared._replace(value=dict(shared.value))


def merged_annotations(
    layout: PredictorLayout, pod: PodLayout | None = None, fixed: Mapping[str, str] | None = None
) -> Sourced:
    """Return annotations: `fixed`, of the spec, the predictor, the component; later ones win."""
    path = layout.predictor.path
    merged = merge_mappings(
        path,
        mapping_of(path, fixed or {}),
        _inherited_annotations(layout),
        _component_entries(layout, pod, "annotations"),
    )
    if pod is not None and layout.is_seldon and _holds_orchestrator(layout, pod):
        # Written again when the orchestrator is added (addEngineToDeployment, v1.17.1).
        merged = merge_mappings(path, merged, predictor_annotations(layout))
    if pod is not None and not layout.is_seldon and not _holds_orchestrator(layout, pod):
        # For a container that is not there no pod is taken; whether it is, its author cannot tell.
        merged.value.pop(APPARMOR_ANNOTATION_PREFIX + ORCHESTRATOR_CONTAINER, None)
    return merged


def _inherited_annotations(layout: PredictorLayout) -> Sourced:
    def build() -> Sourced:
        return merge_mappings(
            layout.predictor.path,
            _string_entries(layout.deployment.spec, "annotations", ROOT / "spec"),
            predictor_annotations(layout),
        )

    return _copy_shared(layout, "inherited annotations", build)


def scrape_annotations(layout: PredictorLayout) -> dict[str, str]:
    """Return the annotations of a pod that serves metrics."""
    return {
        PROMETHEUS_PATH_ANNOTATION: layout.options.prometheus_path,
        PROMETHEUS_SCRAPE_ANNOTATION: "true",
    }


def orchestrator_annotations(layout: PredictorLayout) -> tuple[Sourced, Sourced]:
    """Return the annotations of an orchestrator's own Deployment, and those of its pods.

    Seldon's operator gives the Deployment the annotations of the spec, and its pods none of them.
    """
    path = layout.predictor.path
    scraped = scrape_annotations(layout)
    if not layout.is_seldon:
        return merged_annotations(layout), merged_annotations(layout, None, scraped)
    written = _string_entries(layout.deployment.spec, "annotations", ROOT / "spec")
    return written, mapping_of(path, scraped)


def predictor_annotations(layout: PredictorLayout) -> Sourced:
    """Return the predictor's annotations, which its Services carry.

    Where routes are Ambassador's, those of graphgate are the only ones: what it would read of a
    Service as routes is left out.
    """

    def build() -> Sourced:
        raw = layout.predictor.raw
        annotations = get_mapping(raw, "annotations")
        makes_routes = layout.options.routing.kind == "ambassador" and not layout.is_seldon
        if makes_routes and AMBASSADOR_CONFIG_ANNOTATION in annotations:
            kept = {k: v for k, v in annotations.items() if k != AMBASSADOR_CONFIG_ANNOTATION}
            raw = {"annotations": kept}
        return _string_entries(raw, "annotations", layout.predictor.path)

    return _copy_shared(layout, "predictor annotations", build)


def object_metadata(
    layout: PredictorLayout, name: str, labels: Sourced, annotations: Sourced | None
) -> Sourced:
    """Return an object's metadata; without a namespace if the document has none."""
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
    return merge_mappings(
        path,
        mapping_of(path, {**selector_labels(layout, name), "fluentd": "true"}),
        _copy_shared(
            layout, "pod labels", lambda: _without_reserved(layout, predictor_labels(layout))
        ),
        _without_reserved(layout, _component_entries(layout, pod, "labels")),
        mapping_of(path, {**fixed, **shadow, MANAGED_BY_LABEL: layout.options.managed_by}),
    )


def _without_reserved(layout: PredictorLayout, labels: Sourced) -> Sourced:
    return mapping_of(
        layout.predictor.path,
        {
            key: get_item(labels, key)
            for key in labels.value
            if layout.is_seldon or not is_reserved_label(key)
        },
    )


def _service_labels(
    layout: PredictorLayout, fixed: Mapping[str, str], *, marks_shadow: bool = True
) -> Sourced:
    is_marked = marks_shadow and layout.predictor.is_shadow
    shadow = {"seldon.io/shadow": "true"} if is_marked else {}
    return mapping_of(
        layout.predictor.path,
        {
            DEPLOYMENT_ID: names.deployment_id_label(layout.deployment.name),
            **fixed,
            **shadow,
            MANAGED_BY_LABEL: layout.options.managed_by,
        },
    )


def _role_label(kind: str) -> dict[str, str]:
    return {f"{SELDON_PREFIX}{kind.lower().replace('_', '-')}": "true"} if kind in ROLES else {}


def _component_entries(layout: PredictorLayout, pod: PodLayout | None, key: str) -> Sourced:
    if pod is None:
        return injected({}, layout.predictor.path)
    return _string_entries(get_mapping(pod.raw, "metadata"), key, pod.path / "metadata")


def _string_entries(raw: Mapping[str, Any], key: str, path: Path) -> Sourced:
    """Return the entries of a labels or annotations mapping that are texts."""
    return from_user({k: v for k, v in get_mapping(raw, key).items() if type(v) is str}, path / key)
