"""Label that breaks the selector

Why: a Deployment finds its pods by the label seldon-deployment-id. A predictor's or component's
label of that name replaces Seldon's: the pods no longer match, and the Deployment is refused. An
orchestrator with its own pod (seldon.io/engine-separate-pod) is found by that label and by
seldon-app, both with the name of the predictor's Service, under Seldon's operator.

Fix: Remove the label, or rename it.

Bad:
    predictors:
    - name: main
      labels:
        seldon-deployment-id: my-model

Good:
    predictors:
    - name: main
      labels:
        model-id: my-model
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.path import Path
from webhook.graph.well_known import (
    SERVICE_NAME_ANNOTATION,
)
from webhook.rendering.layout import opts_out_of_orchestrator, separates_orchestrator
from webhook.rendering.metadata import DEPLOYMENT_ID, PREDICTOR_SERVICE
from webhook.rendering.names import build_predictor_service_name, deployment_id_label
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"componentSpecs", "labels"})

_ORCHESTRATOR_LABELS = frozenset({DEPLOYMENT_ID, PREDICTOR_SERVICE})


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each label that differs from the selector's.

    Source: controller of v1.17; seldon-checks G17; createEngineDeployment, v1.17.1.
    """
    labels = get_mapping(predictor.raw, "labels")
    if not _ORCHESTRATOR_LABELS.isdisjoint(labels) and facts.operator != "graphgate":
        yield from _check_orchestrator(labels, predictor, deployment)
    if DEPLOYMENT_ID in labels:
        yield from _check_labels(labels, predictor.path / "labels", deployment)
    for component in predictor.components:
        labels = get_mapping(get_mapping(component.raw, "metadata"), "labels")
        if DEPLOYMENT_ID in labels:
            yield from _check_labels(labels, component.path / "metadata" / "labels", deployment)


def _check_orchestrator(
    written: Mapping[str, Any], predictor: Predictor, deployment: SeldonDeployment
) -> Iterator[Finding]:
    """Yield the predictor's labels that the selector of its orchestrator's own pod contradicts."""
    if not separates_orchestrator(deployment) or opts_out_of_orchestrator(predictor):
        return
    annotations = get_mapping(predictor.raw, "annotations")
    service = get_str(annotations, SERVICE_NAME_ANNOTATION) or build_predictor_service_name(
        deployment.name, predictor.name
    )
    own = deployment_id_label(deployment.name)
    for label in sorted(_ORCHESTRATOR_LABELS.intersection(written)):
        value = written[label]
        # One that the components' Deployments contradict is found below.
        is_found = label == DEPLOYMENT_ID and value != own
        if type(value) is str and value != service and not is_found:
            field_path = predictor.path / "labels" / label
            yield Finding(
                field_path,
                f"label {label} must be {quote_value(service)} on the orchestrator's pod, which "
                f"its Deployment selects, got {quote_value(value)}",
                fix=({"op": "remove", "path": field_path.pointer},),
            )


def _check_labels(
    written: Mapping[str, Any], path: Path, deployment: SeldonDeployment
) -> Iterator[Finding]:
    selector_label = deployment_id_label(deployment.name)
    user_label = get_str(written, DEPLOYMENT_ID)
    if user_label != selector_label and type(written[DEPLOYMENT_ID]) is str:
        field_path = path / DEPLOYMENT_ID
        yield Finding(
            field_path,
            f"label {DEPLOYMENT_ID} must be {quote_value(selector_label)}, which the Deployment "
            f"selects, got {quote_value(user_label)}",
            fix=({"op": "remove", "path": field_path.pointer},),
        )
