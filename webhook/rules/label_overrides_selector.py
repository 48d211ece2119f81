"""A label overrides one that Seldon selects by

Why: a Deployment finds its pods by the label seldon-deployment-id. A predictor's or component's
label of that name replaces Seldon's, the pods no longer match, and the Deployment is refused.

Fix: Remove the label, or give it a name of your own.

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
from webhook.graph.model import Deployment, text
from webhook.graph.path import Path
from webhook.rules._text import quoted
from webhook.workloads.metadata import DEPLOYMENT_ID
from webhook.workloads.names import identity

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({DEPLOYMENT_ID})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each label that departs from the selector's.

    Source: controller of v1.17; seldon-checks G17.
    """
    for predictor in deployment.predictors:
        written = predictor.raw.get("labels")
        if written and type(written) is dict and DEPLOYMENT_ID in written:
            yield from _judge(written, predictor.path / "labels", deployment)
    for component in deployment.components:
        metadata = component.raw.get("metadata")
        written = metadata.get("labels") if type(metadata) is dict else None
        if written and type(written) is dict and DEPLOYMENT_ID in written:
            yield from _judge(written, component.path / "metadata" / "labels", deployment)


def _judge(written: Mapping[str, Any], path: Path, deployment: Deployment) -> Iterator[Finding]:
    ours = identity(deployment.name)
    theirs = text(written, DEPLOYMENT_ID)
    if theirs != ours and type(written[DEPLOYMENT_ID]) is str:
        place = path / DEPLOYMENT_ID
        yield Finding(
            place,
            f"{DEPLOYMENT_ID} is {quoted(theirs)} here, and the Deployment selects {quoted(ours)}",
            fix=({"op": "remove", "path": place.pointer},),
        )
