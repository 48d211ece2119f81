"""Istio gateway mesh without a host

Why: Istio's gateway mesh means every pod of the mesh. Istio's webhook refuses a route of it for all
hosts, because it would take over all requests, so the route is never created.

Fix: Name a host with seldon.io/istio-host, or use another gateway.

Bad:
    annotations:
      seldon.io/istio-gateway: mesh

Good:
    annotations:
      seldon.io/istio-gateway: mesh
      seldon.io/istio-host: models.example.com
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.rendering.routes.attachment import read_claims, resolve_attachment
from webhook.rendering.routes.options import MESH_GATEWAY, RoutingOptions

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})


def check(deployment: SeldonDeployment, routing: RoutingOptions) -> Iterator[Finding]:
    """Yield the allowed gateway mesh where routes are for all hosts.

    Source: ValidateVirtualService of Istio's webhook (pkg/config/validation).
    """
    if routing.kind != "istio" or MESH_GATEWAY not in routing.allowed_gateways:
        return
    if resolve_attachment(deployment, routing).hosts:
        return
    for claim in read_claims(deployment, routing):
        if claim.noun == "gateway" and claim.allowed and claim.value == MESH_GATEWAY:
            yield Finding(claim.path, "Istio refuses a route of the gateway mesh for all hosts")
