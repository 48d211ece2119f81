"""Gateway API: an HTTPRoute for each SeldonDeployment, a GRPCRoute where gRPC has its own host.

Source of the bounds: sigs.k8s.io/gateway-api v1.6, apis/v1/httproute_types.go.
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.path import Path
from webhook.graph.well_known import GATEWAY_API_VERSION
from webhook.rendering.render import Rendered
from webhook.rendering.routes.backends import WHOLE, RouteBackend
from webhook.rendering.routes.manifests import OBJECT_NAME, RouteContext, build_route, weight_of
from webhook.rendering.source_map import Sourced, injected, list_of, mapping_of

HTTP_ROUTE = "HTTPRoute"
GRPC_ROUTE = "GRPCRoute"

MAX_RULES = 16
"""Rules of one route."""

MAX_BACKENDS = 16
"""Backends of one rule."""


def render_gateway_routes(context: RouteContext) -> Iterator[Rendered]:
    """Yield the routes of a SeldonDeployment; none where nothing is behind them.

    An explainer has a rule of its own, and those beyond the rules of one route a route of their
    own: a route without rules, or with too many, is refused.
    """
    routing = context.options.routing
    name = context.deployment.name
    rules = list(_http_rules(context))
    explainers = context.backends.explainers
    in_route = explainers[: MAX_RULES - len(rules)]
    rules += [_explainer_rule(context, backend) for backend in in_route]
    if rules:
        yield build_route(
            context,
            GATEWAY_API_VERSION,
            HTTP_ROUTE,
            name,
            _http_spec(context, rules),
            source=OBJECT_NAME,
        )
    for backend in explainers[len(in_route) :]:
        yield build_route(
            context,
            GATEWAY_API_VERSION,
            HTTP_ROUTE,
            backend.explainer,
            _http_spec(context, [_explainer_rule(context, backend)]),
            source=backend.path / "explainer",
        )
    if routing.separates_grpc and context.backends.live:
        hosts = routing.grpc_hosts or context.attachment.hosts
        spec = {
            "parentRefs": [_parent(context, routing.grpc_section_name)],
            "hostnames": [host.lower() for host in hosts] or None,
            "rules": list_of(OBJECT_NAME, [_grpc_rule(context, _header_match(context))]),
        }
        yield build_route(context, GATEWAY_API_VERSION, GRPC_ROUTE, name, spec, source=OBJECT_NAME)


def _http_spec(context: RouteContext, rules: list[Sourced]) -> dict[str, Any]:
    hosts = [host.lower() for host in context.attachment.hosts]
    return {
        "parentRefs": [_parent(context, context.options.routing.section_name)],
        "hostnames": hosts or None,
        "rules": list_of(OBJECT_NAME, rules),
    }


def _parent(context: RouteContext, section_name: str) -> dict[str, str]:
    """Return the reference to the Gateway; one without a namespace is the object's neighbour."""
    namespace, _, name = context.attachment.gateway.rpartition("/")
    reference = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": namespace or context.namespace,
        "name": name,
        "sectionName": section_name,
    }
    return {key: value for key, value in reference.items() if value}


def _http_rules(context: RouteContext) -> Iterator[Sourced]:
    """Yield the rule of the predictors, and that of their gRPC where it shares the listener."""
    backends = context.backends
    if not backends.live:
        return
    yield _rule(
        matches=[_path_match(context.prefix)],
        filters=[_rewrite(), *_mirrors(context, grpc=False)],
        backends=[_reference(b, b.http_port, weight_of(b)) for b in backends.live],
    )
    if not context.options.routing.separates_grpc:
        yield _grpc_rule(context, _path_match("/") | _header_match(context))


def _grpc_rule(context: RouteContext, match: dict[str, Any]) -> Sourced:
    """Return the rule of gRPC: requests say by headers which object they are for."""
    live = context.backends.live
    return _rule(
        matches=[match],
        filters=list(_mirrors(context, grpc=True)),
        backends=[_reference(b, b.grpc_port, weight_of(b)) for b in live],
    )


def _explainer_rule(context: RouteContext, backend: RouteBackend) -> Sourced:
    source = backend.path / "explainer"
    return _rule(
        source,
        matches=[_path_match(context.explainer_prefix(backend))],
        filters=[_rewrite()],
        backends=[mapping_of(source, {"name": backend.explainer, "port": backend.explainer_port})],
    )


def _rule(
    source: Path = OBJECT_NAME,
    *,
    matches: list[dict[str, Any]],
    filters: list[Sourced],
    backends: list[Sourced],
) -> Sourced:
    return mapping_of(
        source,
        {
            "matches": matches,
            "filters": list_of(source, filters) if filters else None,
            "backendRefs": list_of(source, backends),
        },
    )


def _path_match(prefix: str) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": prefix}}


def _header_match(context: RouteContext) -> dict[str, Any]:
    """Return the headers by which Seldon's clients say which object a gRPC request is for."""
    headers = {"seldon": context.deployment.name, "namespace": context.namespace}
    return {
        "headers": [
            {"type": "Exact", "name": name, "value": value} for name, value in headers.items()
        ]
    }


def _rewrite() -> Sourced:
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    return injected({"type": "URLRewrite", "urlRewrite": {"path": path}}, OBJECT_NAME)


def _mirrors(context: RouteContext, *, grpc: bool) -> Iterator[Sourced]:
    """Yield what sends a copy of each request, or of some in a hundred, to a shadow."""
    for shadow in context.backends.shadows:
        port = shadow.grpc_port if grpc else shadow.http_port
        is_part = 0 < shadow.weight < WHOLE and context.mirrors_percent
        mirror = {
            "backendRef": _reference(shadow, port),
            "percent": weight_of(shadow) if is_part else None,
        }
        yield mapping_of(
            shadow.path,
            {"type": "RequestMirror", "requestMirror": mapping_of(shadow.path, mirror)},
        )


def _reference(backend: RouteBackend, port: int, weight: Sourced | None = None) -> Sourced:
    return mapping_of(backend.path, {"name": backend.service, "port": port, "weight": weight})
