"""Headless Service switched on by an update

Why: seldon.io/headless-svc makes the predictors' Services headless, and the clusterIP of a Service
cannot be changed once it has one. An update that switches it on is taken, and can never be applied;
one that switches it off leaves the Services headless.

Fix: Leave the annotation as it is, or delete the object and create it anew.

Bad:
    # before: no annotation
    spec:
      annotations:
        seldon.io/headless-svc: "true"

Good:
    # before: seldon.io/headless-svc: "true"
    spec:
      annotations:
        seldon.io/headless-svc: "true"
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.graph.well_known import HEADLESS_SERVICE_ANNOTATION

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, old: SeldonDeployment) -> Iterator[Finding]:
    """Yield the switch where an update turns it and a predictor stays (ValidateServiceUpdate)."""
    before, after = _setting(old), _setting(deployment)
    kept = {p.name for p in old.predictors} & {p.name for p in deployment.predictors}
    if _is_on(before) == _is_on(after) or not kept:
        return
    path = _place(deployment)
    if _is_on(after):
        message = "the clusterIP of a Service cannot change: it cannot become headless"
        yield Finding(path, message, "remove it, or delete the object and create it anew")
    else:
        message = "the Services stay headless: their clusterIP cannot change"
        yield Finding(path, message, "delete the object and create it anew", certain=False)


def _setting(deployment: SeldonDeployment) -> object:
    """Return the annotation: of the spec, or else of the object, as rendering reads it."""
    for part in (deployment.spec, get_mapping(deployment.raw, "metadata")):
        value = get_mapping(part, "annotations").get(HEADLESS_SERVICE_ANNOTATION)
        if value is not None:
            return value
    return None


def _is_on(value: object) -> bool:
    return type(value) is str and value not in ("", "false")


def _place(deployment: SeldonDeployment) -> Path:
    metadata = get_mapping(deployment.raw, "metadata")
    in_spec = (
        get_mapping(deployment.spec, "annotations").get(HEADLESS_SERVICE_ANNOTATION) is not None
    )
    in_metadata = get_mapping(metadata, "annotations").get(HEADLESS_SERVICE_ANNOTATION) is not None
    holder = "metadata" if in_metadata and not in_spec else "spec"
    return Path((holder, "annotations", HEADLESS_SERVICE_ANNOTATION))
