"""From a SeldonDeployment to the routes that split its requests."""

from collections.abc import Callable, Iterator, Mapping

from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.model import SeldonDeployment
from webhook.graph.operator_types import splits_hosts
from webhook.rendering.options import DEFAULT_OPTIONS, RenderOptions
from webhook.rendering.prune_unknown_fields import prune_unknown_fields
from webhook.rendering.render import Rendered
from webhook.rendering.routes.ambassador import render_mappings
from webhook.rendering.routes.attachment import resolve_attachment
from webhook.rendering.routes.backends import find_backends
from webhook.rendering.routes.gateway_api import render_gateway_routes
from webhook.rendering.routes.istio import render_istio_routes
from webhook.rendering.routes.manifests import DEFAULT_NAMESPACE, RouteContext

_RENDERERS: Mapping[str, Callable[[RouteContext], Iterator[Rendered]]] = {
    "gateway-api": render_gateway_routes,
    "istio": render_istio_routes,
    "ambassador": render_mappings,
}


def render_routes(
    deployment: SeldonDeployment,
    options: RenderOptions = DEFAULT_OPTIONS,
    facts: Facts = NO_FACTS,
    *,
    namespace: str = "",
) -> tuple[Rendered, ...]:
    """Return the routes of a SeldonDeployment, always in the same order.

    Their weights are those of the document; when they are applied is the reconciler's matter.

    namespace  where the object is, if it does not say so itself

    Total, as `render` is: what an author may not have is not rendered, and a rule denies it. With
    the options of Seldon's operator they are those that it makes for Istio; of others there are
    none: it knows no Gateway API, and of what it makes for Ambassador Kubernetes refuses a part.
    """
    is_seldon = options.operator == "seldon"
    renderer = _RENDERERS.get(options.routing.kind)
    if renderer is None or not deployment.name or (is_seldon and options.routing.kind != "istio"):
        return ()
    deployment = prune_unknown_fields(deployment, facts, options.operator)
    context = RouteContext(
        deployment,
        options,
        resolve_attachment(
            deployment,
            options.routing,
            grants_all=is_seldon,
            splits_hosts=splits_hosts(options.operator, facts.operator_version),
        ),
        find_backends(deployment, options, facts),
        deployment.namespace or namespace or DEFAULT_NAMESPACE,
        facts.mirrors_percent is not False,
    )
    return tuple(renderer(context))
