"""Istio: VirtualServices and DestinationRules as Seldon Core v1 makes them, under the same names.

Source: createIstioResources and the explainer's, operator v1.17.1, and recorded objects.
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.path import Path
from webhook.graph.well_known import (
    CLUSTER_DOMAIN,
    ISTIO_API_VERSION,
    ISTIO_RETRIES_ANNOTATION,
    ISTIO_RETRIES_TIMEOUT_ANNOTATION,
)
from webhook.rendering import names
from webhook.rendering.render import Rendered
from webhook.rendering.routes.attachment import parse_whole_number, read_annotation
from webhook.rendering.routes.backends import WHOLE, RouteBackend
from webhook.rendering.routes.manifests import OBJECT_NAME, RouteContext, build_route, weight_of
from webhook.rendering.source_map import Sourced, from_user, list_of, mapping_of

VIRTUAL_SERVICE = "VirtualService"
DESTINATION_RULE = "DestinationRule"

GRPC_PATHS = ".*tensorflow.*|.*seldon.protos.*|.*inference.*"
"""The paths of gRPC calls (constants.GRPCRegExMatchIstio)."""

_RETRY_ON = "gateway-error,connect-failure,refused-stream"
_IDLE_TIMEOUT = "60s"


def render_istio_routes(context: RouteContext) -> Iterator[Rendered]:
    """Yield the VirtualServices and DestinationRules of a SeldonDeployment."""
    if context.backends.live:
        name = context.deployment.name
        if context.options.operator == "seldon":
            name = names.deployment_id_label(name)
        yield _build(context, VIRTUAL_SERVICE, name, _routes(context), OBJECT_NAME)
    for backend in context.backends.all:
        spec = {
            "host": _host(context, backend),
            "trafficPolicy": _traffic_policy(context)
            or {"connectionPool": {"http": {"idleTimeout": _IDLE_TIMEOUT}}},
            "subsets": [_subset(backend)],
        }
        yield _build(context, DESTINATION_RULE, backend.service, spec, backend.path)
    for backend in context.backends.explainers:
        yield from _render_explainer(context, backend)


def _render_explainer(context: RouteContext, backend: RouteBackend) -> Iterator[Rendered]:
    source = backend.path / "explainer"
    # The Service's short name: Istio completes it with the namespace of the route.
    destination = _destination(backend.explainer, backend, backend.explainer_port, source)
    route = mapping_of(source, {"destination": destination, "weight": WHOLE})
    http = {
        "match": [{"uri": {"prefix": context.explainer_prefix(backend)}}],
        "route": list_of(source, [route]),
        "rewrite": {"uri": "/"},
    }
    spec = {
        "hosts": list(context.attachment.hosts) or ["*"],
        "gateways": [context.attachment.gateway],
        "http": list_of(source, [mapping_of(source, http)]),
    }
    name = f"{backend.explainer}-http"
    if context.options.operator == "seldon":
        name = name[: names.MAX_NAME_LENGTH].removesuffix("-")
    yield _build(context, VIRTUAL_SERVICE, name, spec, source)
    rule = {
        "host": backend.explainer,
        "trafficPolicy": _traffic_policy(context),
        "subsets": [_subset(backend)],
    }
    yield _build(context, DESTINATION_RULE, backend.explainer, rule, source)


def _build(
    context: RouteContext, kind: str, name: str, spec: dict[str, Any], source: Path
) -> Rendered:
    # Seldon's have no labels.
    labels: dict[str, str] | None = {} if context.options.operator == "seldon" else None
    return build_route(context, ISTIO_API_VERSION, kind, name, spec, labels=labels, source=source)


def _routes(context: RouteContext) -> dict[str, Any]:
    name, namespace = context.deployment.name, context.namespace
    grpc_match = {
        "uri": {"regex": GRPC_PATHS},
        "headers": {"seldon": {"exact": name}, "namespace": {"exact": namespace}},
    }
    rest = {
        "match": [{"uri": {"prefix": context.prefix}}],
        **_split(context, grpc=False),
        "rewrite": {"uri": "/"},
    }
    grpc = {"match": [grpc_match], **_split(context, grpc=True)}
    routes = [mapping_of(OBJECT_NAME, rest), mapping_of(OBJECT_NAME, grpc)]
    return {
        "hosts": list(context.attachment.hosts) or ["*"],
        "gateways": [context.attachment.gateway],
        "http": list_of(OBJECT_NAME, routes),
    }


def _split(context: RouteContext, *, grpc: bool) -> dict[str, Any]:
    """Return destinations, mirrors and retries of the requests.

    Istio knows one mirror; where there are several shadows, the last one is it, as in Seldon.
    """
    live = context.backends.live
    routes = [
        mapping_of(
            backend.path,
            {
                "destination": _destination(
                    _host(context, backend),
                    backend,
                    backend.grpc_port if grpc else backend.http_port,
                    backend.path,
                ),
                "weight": None if _is_alone(live) else weight_of(backend),
            },
        )
        for backend in live
    ]
    split: dict[str, Any] = {"route": list_of(OBJECT_NAME, routes)}
    for shadow in context.backends.shadows[-1:]:
        port = shadow.grpc_port if grpc else shadow.http_port
        split["mirror"] = _destination(_host(context, shadow), shadow, port, shadow.path)
        if shadow.weight > 0:
            split["mirrorPercentage"] = mapping_of(shadow.path, {"value": weight_of(shadow)})
    return split | _retries(context)


def _is_alone(live: tuple[RouteBackend, ...]) -> bool:
    """Return whether there is one backend without a weight: Istio sends it everything."""
    return len(live) == 1 and live[0].weight == WHOLE and not live[0].is_written


def _retries(context: RouteContext) -> dict[str, Any]:
    found = read_annotation(context.deployment, ISTIO_RETRIES_ANNOTATION)
    attempts = parse_whole_number(found[0]) if found else 0
    if not found or attempts <= 0:
        return {}
    timeout = read_annotation(context.deployment, ISTIO_RETRIES_TIMEOUT_ANNOTATION)
    seconds = parse_whole_number(timeout[0]) if timeout else 1
    return {
        "retries": mapping_of(
            found[1],
            {
                "attempts": from_user(attempts, found[1]),
                "perTryTimeout": from_user(f"{seconds}s", timeout[1]) if timeout else f"{seconds}s",
                "retryOn": _RETRY_ON,
            },
        )
    }


def _destination(host: str, backend: RouteBackend, port: int, source: Path) -> Sourced:
    return mapping_of(source, {"host": host, "subset": backend.predictor, "port": {"number": port}})


def _host(context: RouteContext, backend: RouteBackend) -> str:
    return f"{backend.service}.{context.namespace}.{CLUSTER_DOMAIN}"


def _subset(backend: RouteBackend) -> dict[str, Any]:
    return {"name": backend.predictor, "labels": {"version": backend.version}}


def _traffic_policy(context: RouteContext) -> dict[str, Any] | None:
    mode = context.options.routing.istio_tls_mode
    return {"tls": {"mode": mode}} if mode else None
