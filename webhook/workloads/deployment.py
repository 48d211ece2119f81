"""Deployments: of components, and of an orchestrator with a pod of its own."""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import mapping, number
from webhook.graph.path import ROOT, Path
from webhook.workloads import metadata, names, orchestrator, pods
from webhook.workloads.initializer import Parts
from webhook.workloads.origin import Traced, copy, ours, put, table
from webhook.workloads.placement import Placement, Pod

UNAVAILABLE = "10%"
"""Of the pods at most so many are missing during an update. Seldon means the same, but writes it
in a way that reads as 0."""


def of_pod(placement: Placement, pod: Pod) -> Traced:
    """Return the Deployment of one component."""
    name = names.of_pod(placement, pod)
    return build(
        placement,
        name,
        labels=(metadata.of_pod(placement, pod, name), metadata.of_pod(placement, pod, name)),
        notes=(
            metadata.annotations(placement, pod),
            metadata.annotations(placement, pod, metadata.scraped(placement)),
        ),
        spec=pods.of_pod(placement, pod),
        replicas=None if pod.scaler else replicas(placement, pod.raw, pod.path),
    )


def of_engine(placement: Placement) -> Traced:
    """Return the Deployment of an orchestrator that has a pod of its own."""
    name = names.of_orchestrator(placement)
    path = placement.predictor.path
    container = orchestrator.container(placement, None)
    parts = Parts((container,), ours([], path), ours([], path))
    spec = pods.complete(placement, None, pods.secured(placement, parts))
    engine = placement.options.engine
    if engine and engine.service_account != "default":
        spec = put(spec, {"serviceAccountName": engine.service_account})
    return build(
        placement,
        name,
        labels=(metadata.of_engine(placement, name), metadata.of_engine(placement, name)),
        notes=(
            metadata.annotations(placement),
            metadata.annotations(placement, None, metadata.scraped(placement)),
        ),
        spec=spec,
        replicas=replicas(
            placement, mapping(placement.predictor.raw, "svcOrchSpec"), path / "svcOrchSpec"
        ),
    )


def build(
    placement: Placement,
    name: str,
    *,
    labels: tuple[Traced, Traced],
    notes: tuple[Traced, Traced],
    spec: Traced,
    replicas: Traced | None,
) -> Traced:
    """Return a Deployment. `labels` and `notes` (annotations) are the object's, and its pods'."""
    path = placement.predictor.path
    pod_metadata = {"labels": labels[1], "annotations": notes[1] if notes[1].value else None}
    deadline = number(placement.predictor.raw, "progressDeadlineSeconds")
    return table(
        path,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata.of_object(placement, name, labels[0], notes[0]),
            "spec": table(
                path,
                {
                    "replicas": replicas,
                    "selector": {"matchLabels": metadata.selector(placement, name)},
                    "strategy": {
                        "type": "RollingUpdate",
                        "rollingUpdate": {"maxUnavailable": UNAVAILABLE},
                    },
                    "progressDeadlineSeconds": None
                    if deadline is None
                    else copy(deadline, path / "progressDeadlineSeconds"),
                    "template": table(path, {"metadata": table(path, pod_metadata), "spec": spec}),
                },
            ),
        },
    )


def replicas(placement: Placement, raw: Mapping[str, Any], path: Path) -> Traced | None:
    """Return the number of pods: of `raw` at `path`, else the predictor, else the spec.

    None where nobody says: Kubernetes then starts one, and keeps what `kubectl scale` sets.
    """
    predictor = placement.predictor
    said = (
        (raw, path),
        (predictor.raw, predictor.path),
        (placement.deployment.spec, ROOT / "spec"),
    )
    for where, at in said:
        count = number(where, "replicas")
        if count is not None:
            return copy(count, at / "replicas")
    return None
