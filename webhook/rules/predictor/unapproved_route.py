"""Route not allowed here

Why: with Ambassador, some annotations are routes themselves, for any host and path: a whole
Mapping, another object's path, a header that goes before it. Ambassador reads them from the
Services of a predictor, and Seldon's operator from the object. Such a route takes the requests of
other objects, and of everything else behind the gateway.

Fix: Remove the annotation. Routes of your own, as objects of their own, are for whoever may create
them.

Bad:
    # routing.kind: ambassador
    predictors:
    - name: main
      annotations:
        getambassador.io/config: |
          kind: Mapping
          host: shop.example.com
          prefix: /

Good:
    # routing.kind: ambassador
    predictors:
    - name: main
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.graph.well_known import (
    AMBASSADOR_CONFIG_ANNOTATION,
    AMBASSADOR_TAKING_ANNOTATIONS,
)
from webhook.rendering.routes.attachment import read_annotation
from webhook.rendering.routes.options import RoutingOptions

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})


def check(deployment: SeldonDeployment, facts: Facts, routing: RoutingOptions) -> Iterator[Finding]:
    """Yield each annotation by which somebody makes a route of it.

    Sources: Emissary, which reads getambassador.io/config of Services; the operator's
    createPredictorService, which gives them a predictor's annotations, and its
    GetAmbassadorConfigs and GetV2AmbassadorConfigs (v1.17.1). graphgate's reconciler reads none.
    """
    if routing.kind != "ambassador":
        return
    for predictor in deployment.predictors:
        if AMBASSADOR_CONFIG_ANNOTATION in get_mapping(predictor.raw, "annotations"):
            path = predictor.path / "annotations" / AMBASSADOR_CONFIG_ANNOTATION
            yield _finding(path, AMBASSADOR_CONFIG_ANNOTATION, "Ambassador")
    if facts.operator == "graphgate":
        return
    for key in AMBASSADOR_TAKING_ANNOTATIONS:
        if found := read_annotation(deployment, key):
            yield _finding(found[1], key, "Seldon's operator")


def _finding(path: Path, key: str, reader: str) -> Finding:
    return Finding(
        path,
        f"{key} is not allowed here: {reader} makes a route of it that may take any request",
        "remove it",
    )
