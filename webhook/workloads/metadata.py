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

from webhook.graph.model import mapping
from webhook.graph.path import ROOT, Path
from webhook.workloads import names
from webhook.workloads.nodes import ROLES, role
from webhook.workloads.origin import Traced, copy, merge, ours, pick, table
from webhook.workloads.placement import Placement, Pod, Slot

APP = "app"
DEPLOYMENT_ID = "seldon-deployment-id"
PREDICTOR_SERVICE = "seldon-app"
CONTAINER_SERVICE = "seldon-app-svc-"
"""Followed by the container's name; the value is its Service's."""

MANAGED_BY = "app.kubernetes.io/managed-by"


def reserved(key: str) -> bool:
    """Tell whether a selector of ours reads the label, so that an author's value is not used."""
    return key in {APP, DEPLOYMENT_ID, PREDICTOR_SERVICE} or key.startswith(CONTAINER_SERVICE)


def selector(placement: Placement, name: str) -> dict[str, str]:
    """Return the labels that the pods of the Deployment `name` have, and no others."""
    return {DEPLOYMENT_ID: names.identity(placement.deployment.name), APP: name}


def of_pod(placement: Placement, pod: Pod, name: str) -> Traced:
    """Return the labels of a component's Deployment and of its pods."""
    fixed: dict[str, str] = {}
    for slot, node in pod.serving:
        if slot.has_service:
            fixed[CONTAINER_SERVICE + slot.name] = names.of_slot(placement, slot)
        fixed |= _role(role(node))
    front = placement.front
    if front is not None and front[0] is pod and not placement.engine_apart:
        fixed[PREDICTOR_SERVICE] = names.of_service(placement)
        if placement.has_engine:
            fixed["seldon-deployment-contains-svcorch"] = "true"
    return _labels(placement, name, fixed, pod)


def of_engine(placement: Placement, name: str) -> Traced:
    """Return the labels of an orchestrator's own Deployment and of its pods."""
    fixed = {
        PREDICTOR_SERVICE: names.of_service(placement),
        "seldon-deployment-contains-svcorch": "true",
    }
    return _labels(placement, name, fixed)


def of_explainer(placement: Placement, name: str) -> Traced:
    """Return the labels of an explainer's Deployment and of its pods."""
    return _labels(placement, name, {PREDICTOR_SERVICE: name, "seldon.io/explainer": "true"})


def of_predictor_service(placement: Placement) -> Traced:
    """Return the labels of a predictor's Service."""
    front = placement.front
    alone = front is not None and not placement.has_engine and front[1].node is not None
    kind = _role(role(front[1].node)) if alone and front and front[1].node else {}
    return _service_labels(placement, {PREDICTOR_SERVICE: names.of_service(placement)} | kind)


def of_container_service(placement: Placement, slot: Slot) -> Traced:
    """Return the labels of the Service of one node's container."""
    fixed = {
        CONTAINER_SERVICE + slot.name: names.of_slot(placement, slot),
        PREDICTOR_SERVICE: names.of_service(placement),
    }
    return _service_labels(placement, fixed | (_role(role(slot.node)) if slot.node else {}))


def of_explainer_service(placement: Placement) -> Traced:
    """Return the labels of an explainer's Service: it belongs to the predictor's."""
    fixed = {PREDICTOR_SERVICE: names.of_service(placement), "seldon.io/explainer": "true"}
    return _service_labels(placement, fixed)


def of_attachment(placement: Placement) -> Traced:
    """Return the labels of an autoscaler or a disruption budget."""
    return table(
        placement.predictor.path,
        {
            DEPLOYMENT_ID: names.identity(placement.deployment.name),
            MANAGED_BY: placement.options.managed_by,
        },
    )


def predictor_labels(placement: Placement) -> Traced:
    """Return the predictor's labels; `version`, which traffic splits by, is its name if absent."""
    path = placement.predictor.path
    version = table(path, {"version": placement.predictor.name or None})
    return merge(path, version, _texts(placement.predictor.raw, "labels", path))


def annotations(
    placement: Placement, pod: Pod | None = None, fixed: Mapping[str, str] | None = None
) -> Traced:
    """Return annotations: `fixed`, of the spec, the predictor, the component; later ones win."""
    path = placement.predictor.path
    return merge(
        path,
        table(path, fixed or {}),
        _texts(placement.deployment.spec, "annotations", ROOT / "spec"),
        predictor_annotations(placement),
        _of_component(placement, pod, "annotations"),
    )


def scraped(placement: Placement) -> dict[str, str]:
    """Return the annotations of a pod that serves metrics."""
    return {
        "prometheus.io/path": placement.options.prometheus_path,
        "prometheus.io/scrape": "true",
    }


def predictor_annotations(placement: Placement) -> Traced:
    """Return the predictor's annotations, which its Services carry."""
    return _texts(placement.predictor.raw, "annotations", placement.predictor.path)


def of_object(placement: Placement, name: str, labels: Traced, notes: Traced | None) -> Traced:
    """Return an object's metadata. Without a namespace in the document there is none here."""
    namespace = placement.deployment.namespace
    return table(
        placement.predictor.path,
        {
            "name": name,
            "namespace": copy(namespace, ROOT / "metadata" / "namespace") if namespace else None,
            "labels": labels,
            "annotations": notes if notes and notes.value else None,
        },
    )


def _labels(
    placement: Placement, name: str, fixed: Mapping[str, str], pod: Pod | None = None
) -> Traced:
    path = placement.predictor.path
    shadow = {"seldon.io/shadow": "true"} if placement.predictor.shadow else {}
    authors = merge(path, predictor_labels(placement), _of_component(placement, pod, "labels"))
    return merge(
        path,
        table(path, {**selector(placement, name), "fluentd": "true"}),
        table(path, {k: pick(authors, k) for k in authors.value if not reserved(k)}),
        table(path, {**fixed, **shadow, MANAGED_BY: placement.options.managed_by}),
    )


def _service_labels(placement: Placement, fixed: Mapping[str, str]) -> Traced:
    shadow = {"seldon.io/shadow": "true"} if placement.predictor.shadow else {}
    return table(
        placement.predictor.path,
        {
            DEPLOYMENT_ID: names.identity(placement.deployment.name),
            **fixed,
            **shadow,
            MANAGED_BY: placement.options.managed_by,
        },
    )


def _role(kind: str) -> dict[str, str]:
    return {f"seldon.io/{kind.lower().replace('_', '-')}": "true"} if kind in ROLES else {}


def _of_component(placement: Placement, pod: Pod | None, key: str) -> Traced:
    if pod is None:
        return ours({}, placement.predictor.path)
    return _texts(mapping(pod.raw, "metadata"), key, pod.path / "metadata")


def _texts(raw: Mapping[str, Any], key: str, path: Path) -> Traced:
    """Return the entries of a labels or annotations mapping that are texts."""
    return copy({k: v for k, v in mapping(raw, key).items() if type(v) is str}, path / key)
