"""Duplicate Service name

Why: the annotation seldon.io/svc-name names a predictor's Service. Two predictors with the same
value share a Service, and requests reach either. Seldon refuses it.

Fix: Use a different Service name.

Bad:
    predictors:
    - name: main
      annotations:
        seldon.io/svc-name: iris
    - name: canary
      annotations:
        seldon.io/svc-name: iris

Good:
    predictors:
    - name: main
      annotations:
        seldon.io/svc-name: iris
    - name: canary
      annotations:
        seldon.io/svc-name: iris-canary
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.path import Path
from webhook.graph.well_known import SERVICE_NAME_ANNOTATION
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each Service name that an earlier predictor has (source: seldon-checks V6)."""
    first: dict[str, Path] = {}
    for predictor in deployment.predictors:
        name = get_str(get_mapping(predictor.raw, "annotations"), SERVICE_NAME_ANNOTATION)
        if not name:
            continue
        if name in first:
            yield Finding(
                predictor.path / "annotations" / SERVICE_NAME_ANNOTATION,
                f"duplicate Service name {quote_value(name)} (first at {first[name]})",
            )
        else:
            first[name] = predictor.path
