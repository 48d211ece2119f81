"""Too many predictors for one route

Why: a rule of an HTTPRoute has 16 backends at most. The API server refuses a route with more, and
no predictor of the object would get requests.

Fix: Use at most 16 non-shadow predictors, or several SeldonDeployments.

Bad:
    # routing.kind: gateway-api
    predictors:
    - name: p1
    # … to p17

Good:
    predictors:
    - name: p1
    # … to p16
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT
from webhook.rendering.routes.gateway_api import MAX_BACKENDS
from webhook.rendering.routes.options import RoutingOptions

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"predictors"})


def check(deployment: SeldonDeployment, facts: Facts, routing: RoutingOptions) -> Iterator[Finding]:
    """Yield a finding where the route would have too many backends.

    Source: sigs.k8s.io/gateway-api v1.6, HTTPRouteRule.backendRefs.
    """
    if facts.operator != "graphgate" or routing.kind != "gateway-api":
        return
    live = sum(not predictor.is_shadow for predictor in deployment.predictors)
    if live > MAX_BACKENDS:
        yield Finding(
            ROOT / "spec" / "predictors",
            f"an HTTPRoute splits between {MAX_BACKENDS} predictors at most, got {live}",
        )
