"""Routing annotation without effect

Why: Seldon's annotations for Istio and Ambassador are read only if routing.kind is that gateway.
The Ambassador annotations that could take requests of other objects (a custom path, header or
configuration) are never read.

Fix: Remove the annotation, or set routing.kind to its gateway.

Bad:
    # routing.kind: gateway-api
    annotations:
      seldon.io/ambassador-retries: "3"

Good:
    # routing.kind: ambassador
    annotations:
      seldon.io/ambassador-retries: "3"
"""

from collections.abc import Iterator, Mapping

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.well_known import (
    AMBASSADOR_ID_ANNOTATION,
    AMBASSADOR_RETRIES_ANNOTATION,
    AMBASSADOR_TAKING_ANNOTATIONS,
    ISTIO_GATEWAY_ANNOTATION,
    ISTIO_HOST_ANNOTATION,
    ISTIO_RETRIES_ANNOTATION,
    ISTIO_RETRIES_TIMEOUT_ANNOTATION,
)
from webhook.rendering.routes.ambassador import CIRCUIT_BREAKERS, circuit_breaker_annotation
from webhook.rendering.routes.attachment import read_annotation
from webhook.rendering.routes.options import RoutingKind, RoutingOptions

ACTION = "warn"
SINCE = "0.1.0"

_ATTACHMENT = frozenset({ISTIO_GATEWAY_ANNOTATION, ISTIO_HOST_ANNOTATION})
_RETRIES = frozenset({ISTIO_RETRIES_ANNOTATION, ISTIO_RETRIES_TIMEOUT_ANNOTATION})
_AMBASSADOR = frozenset(
    {
        AMBASSADOR_ID_ANNOTATION,
        AMBASSADOR_RETRIES_ANNOTATION,
        *map(circuit_breaker_annotation, CIRCUIT_BREAKERS),
    }
)
_TAKING = frozenset(AMBASSADOR_TAKING_ANNOTATIONS)

_READ: Mapping[RoutingKind, frozenset[str]] = {
    "none": frozenset(),
    "gateway-api": _ATTACHMENT,
    "istio": _ATTACHMENT | _RETRIES,
    "ambassador": _AMBASSADOR,
}
"""What is read, by the kind of routing."""

_ALL = _ATTACHMENT | _RETRIES | _AMBASSADOR | _TAKING
FIELDS = frozenset({"annotations"})


def check(deployment: SeldonDeployment, facts: Facts, routing: RoutingOptions) -> Iterator[Finding]:
    """Yield each annotation that graphgate's reconciler does not read."""
    if facts.operator != "graphgate":
        return
    for key in sorted(_ALL - _READ[routing.kind]):
        found = read_annotation(deployment, key)
        if found is None:
            continue
        reason = (
            "it could take requests of other objects"
            if key in _TAKING
            else f"routing.kind is {routing.kind}"
        )
        yield Finding(found[1], f"{key} has no effect: {reason}")
