"""Mirror percentage not supported

Why: HTTPRoutes before Gateway API v1.3 do not support a mirror percentage. The shadow gets a copy
of every request, which may be too much for it.

Fix: Install Gateway API v1.3 or later, or size the shadow for all requests and remove its traffic.

Bad:
    predictors:
    - name: main
      traffic: 100
    - name: next
      shadow: true
      traffic: 10

Good:
    predictors:
    - name: main
      traffic: 100
    - name: next
      shadow: true
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor
from webhook.rendering.routes.backends import WHOLE
from webhook.rendering.routes.options import RoutingOptions

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"shadow"})


def check(predictor: Predictor, facts: Facts, routing: RoutingOptions) -> Iterator[Finding]:
    """Yield a shadow that would get more copies than its traffic says."""
    if (
        facts.operator != "graphgate"
        or facts.mirrors_percent is not False
        or routing.kind != "gateway-api"
    ):
        return
    percent = predictor.traffic or 0
    if predictor.is_shadow and 0 < percent < WHOLE:
        yield Finding(
            predictor.path / "traffic",
            f"the shadow gets a copy of every request, not of {percent} %: the cluster's Gateway "
            "API does not support a mirror percentage",
        )
