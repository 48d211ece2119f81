"""Deployments: of components, and of an orchestrator with a pod of its own."""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import get_int, get_mapping
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import APPS_API_VERSION
from webhook.rendering import metadata, names, orchestrator, pods
from webhook.rendering.layout import PodLayout, PredictorLayout
from webhook.rendering.source_map import Sourced, from_user, injected, mapping_of, with_fields
from webhook.rendering.storage_initializer import PodParts

MAX_UNAVAILABLE = 0
"""maxUnavailable of an update: none, as under Seldon's operator, which means 10 % but sets a
value that is read as 0."""


def render_component_deployment(layout: PredictorLayout, pod: PodLayout) -> Sourced:
    """Return the Deployment of one component."""
    name = names.component_name(layout, pod)
    return build_deployment(
        layout,
        name,
        labels=metadata.component_labels(layout, pod, name),
        annotations=(
            metadata.merged_annotations(layout, pod),
            metadata.merged_annotations(layout, pod, metadata.scrape_annotations(layout)),
        ),
        spec=pods.render_pod_spec(layout, pod),
        selector=metadata.deployment_selector(layout, name, pod),
        replicas=None if pod.autoscaler_field else find_replicas(layout, pod.raw, pod.path),
    )


def render_orchestrator_deployment(layout: PredictorLayout) -> Sourced:
    """Return the Deployment of an orchestrator that has a pod of its own."""
    name = names.orchestrator_name(layout)
    path = layout.predictor.path
    container = orchestrator.render_container(layout, None)
    parts = PodParts((container,), injected([], path), injected([], path))
    spec = pods.complete_pod_spec(layout, None, pods.with_certificate(layout, parts))
    orchestrator_options = layout.options.orchestrator
    if orchestrator_options and (
        layout.is_seldon or orchestrator_options.service_account != "default"
    ):
        spec = with_fields(spec, {"serviceAccountName": orchestrator_options.service_account})
    return build_deployment(
        layout,
        name,
        labels=metadata.orchestrator_labels(layout, name),
        annotations=metadata.orchestrator_annotations(layout),
        spec=spec,
        selector=metadata.orchestrator_selector(layout, name),
        replicas=find_replicas(
            layout, get_mapping(layout.predictor.raw, "svcOrchSpec"), path / "svcOrchSpec"
        ),
    )


def build_deployment(
    layout: PredictorLayout,
    name: str,
    *,
    labels: tuple[Sourced, Sourced],
    annotations: tuple[Sourced, Sourced],
    spec: Sourced,
    selector: Mapping[str, str],
    replicas: Sourced | None,
) -> Sourced:
    """Return a Deployment. `labels` and `notes` (annotations) are the object's, and its pods'."""
    path = layout.predictor.path
    pod_metadata = {
        "labels": labels[1],
        "annotations": annotations[1] if annotations[1].value else None,
    }
    deadline = get_int(layout.predictor.raw, "progressDeadlineSeconds")
    if layout.is_seldon and name == names.orchestrator_name(layout):
        deadline = None
    return mapping_of(
        path,
        {
            "apiVersion": APPS_API_VERSION,
            "kind": "Deployment",
            "metadata": metadata.object_metadata(layout, name, labels[0], annotations[0]),
            "spec": mapping_of(
                path,
                {
                    "replicas": replicas,
                    "selector": {"matchLabels": dict(selector)},
                    "strategy": {
                        "type": "RollingUpdate",
                        "rollingUpdate": {"maxUnavailable": MAX_UNAVAILABLE},
                    },
                    "progressDeadlineSeconds": None
                    if deadline is None
                    else from_user(deadline, path / "progressDeadlineSeconds"),
                    "template": mapping_of(
                        path, {"metadata": mapping_of(path, pod_metadata), "spec": spec}
                    ),
                },
            ),
        },
    )


def find_replicas(layout: PredictorLayout, raw: Mapping[str, Any], path: Path) -> Sourced | None:
    """Return the number of pods: of `raw` at `path`, else the predictor, else the spec.

    None where it is not set: Kubernetes then starts one, and keeps what `kubectl scale` sets.
    """
    predictor = layout.predictor
    sources = (
        (raw, path),
        (predictor.raw, predictor.path),
        (layout.deployment.spec, ROOT / "spec"),
    )
    for section, section_path in sources:
        count = get_int(section, "replicas")
        if count is not None:
            return from_user(count, section_path / "replicas")
    return None
