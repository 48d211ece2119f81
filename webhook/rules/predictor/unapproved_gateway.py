"""Gateway not allowed here

Why: a gateway decides who can reach a model: one is public, another internal, and Istio's name mesh
means every pod of the mesh. Authors may choose the gateway of the setting routing.gateway and those
of routing.allowedGateways, however they are spelled.

Fix: Use an allowed gateway, remove the annotation, or ask the cluster administrator to add the
gateway to routing.allowedGateways.

Bad:
    annotations:
      seldon.io/istio-gateway: mesh

Good:
    annotations:
      seldon.io/istio-gateway: istio-system/seldon-gateway
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.rendering.routes.options import RoutingOptions
from webhook.rules.predictor._claims import check_claims

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})


def check(deployment: SeldonDeployment, routing: RoutingOptions) -> Iterator[Finding]:
    """Yield the gateway that is not allowed, under any operator.

    Source: createIstioResources of v1.17.1; Istio's resolution of gateway names.
    """
    allowed = [name for name in (routing.default_gateway, *routing.allowed_gateways) if name]
    yield from check_claims(deployment, routing, "gateway", allowed)
