"""Host not allowed here

Why: a route for a host takes over its requests. Istio prefers the route that names a host to one
for all hosts, so authors who may use any host can take over any service behind the same gateway.
Authors may choose the hosts of the setting routing.hosts and what routing.allowedHosts allows; an
entry *.example.com allows the hosts below example.com.

Fix: Use an allowed host, remove the annotation, or ask the cluster administrator to add the host to
routing.allowedHosts.

Bad:
    annotations:
      seldon.io/istio-host: shop.example.com

Good:
    annotations:
      seldon.io/istio-host: models.example.com
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.operator_types import splits_hosts
from webhook.rendering.routes.options import RoutingOptions
from webhook.rules.predictor._claims import check_claims

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})


def check(deployment: SeldonDeployment, routing: RoutingOptions, facts: Facts) -> Iterator[Finding]:
    """Yield the host that is not allowed, under any operator: Seldon's allows any.

    Source: createIstioResources of v1.17.1; Istio's merging of VirtualServices by host.
    """
    allowed = (*(routing.hosts or ("*",)), *routing.allowed_hosts)
    several = splits_hosts(facts.operator, facts.operator_version)
    yield from check_claims(deployment, routing, "host", allowed, splits_hosts=several)
