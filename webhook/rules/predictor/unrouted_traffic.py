"""Traffic without a route

Why: the traffic of several predictors, or a shadow, needs a gateway that splits or copies the
requests. graphgate's reconciler creates the routes for the gateway in the setting routing.kind. It
is none in this case, so each predictor receives only what is sent to its own Service.

Fix: Set routing.kind, or disable this rule if your own routes split the traffic.

Bad:
    # routing.kind: none
    predictors:
    - name: main
      traffic: 75
    - name: canary
      traffic: 25

Good:
    # routing.kind: gateway-api
    predictors:
    - name: main
      traffic: 75
    - name: canary
      traffic: 25
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT
from webhook.rendering.routes.options import RoutingOptions
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"shadow", "traffic"})


def check(deployment: SeldonDeployment, facts: Facts, routing: RoutingOptions) -> Iterator[Finding]:
    """Yield traffic and shadow settings without a route.

    Under graphgate's reconciler alone: what Seldon's operator routes is in its own
    configuration, which is not known here.
    """
    if facts.operator != "graphgate" or routing.kind != "none":
        return
    live = [predictor for predictor in deployment.predictors if not predictor.is_shadow]
    shares = [predictor.traffic for predictor in live]
    if len(live) > 1 and any(shares):
        split = "/".join(str(share or 0) for share in shares)
        yield Finding(
            ROOT / "spec" / "predictors",
            f"{split} is not enforced: routing.kind is none",
            evidence=tuple(predictor.path / "traffic" for predictor in live),
        )
    for predictor in deployment.predictors:
        if predictor.is_shadow and live:
            yield Finding(
                predictor.path / "shadow",
                f"the shadow {quote_value(predictor.name)} gets no requests: routing.kind is none",
            )
