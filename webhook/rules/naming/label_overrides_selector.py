"""Label that breaks the selector

Why: a Deployment finds its pods by the label seldon-deployment-id. A predictor's or component's
label of that name replaces Seldon's: the pods no longer match, and the Deployment is refused.

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

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.path import Path
from webhook.rendering.metadata import DEPLOYMENT_ID
from webhook.rendering.names import deployment_id_label
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"componentSpecs", "labels"})


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each label that differs from the selector's.

    Source: controller of v1.17; seldon-checks G17.
    """
    labels = get_mapping(predictor.raw, "labels")
    if DEPLOYMENT_ID in labels:
        yield from _check_labels(labels, predictor.path / "labels", deployment)
    for component in predictor.components:
        labels = get_mapping(get_mapping(component.raw, "metadata"), "labels")
        if DEPLOYMENT_ID in labels:
            yield from _check_labels(labels, component.path / "metadata" / "labels", deployment)


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
