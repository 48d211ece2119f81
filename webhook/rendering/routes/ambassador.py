"""Ambassador (Emissary): Mappings as Seldon Core v1 makes them, under the same names.

Source: operator/controllers/ambassador/v2.go, v1.17.1, and recorded objects. Four things differ:

* gRPC is matched by the header `namespace` too, as Seldon does for Istio. Ambassador puts Mappings
  of one prefix and the same headers into one group, so that without it objects of the same name in
  two namespaces would share their requests;
* an explainer has no Mapping for gRPC: Seldon's leads to port 0;
* an explainer receives all of its requests: Seldon's receives the predictor's share, or is a
  shadow;
* Seldon refers to a TLSContext by a name that it does not give it, and whose "_" Kubernetes
  refuses; it never creates one.
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.path import Path
from webhook.graph.well_known import (
    AMBASSADOR_API_VERSION,
    AMBASSADOR_PREFIX,
    AMBASSADOR_RETRIES_ANNOTATION,
    REST_TIMEOUT_ANNOTATION,
)
from webhook.rendering.render import Rendered
from webhook.rendering.routes.attachment import parse_whole_number, read_annotation
from webhook.rendering.routes.backends import RouteBackend
from webhook.rendering.routes.manifests import RouteContext, build_route, weight_of

MAPPING = "Mapping"
TLS_CONTEXT = "TLSContext"

GRPC_PATHS = "/(seldon.protos.*|tensorflow.serving.*|inference.*)/.*"
"""The paths of gRPC calls (constants.GRPCRegExMatchAmbassador)."""

CIRCUIT_BREAKERS = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
"""Limits of requests at once; the annotations are called the same."""

_DEFAULT_TIMEOUT_MS = 3_000
_IDLE_TIMEOUT_MS = 300_000
"""Ambassador's own; a request that may take longer needs a longer one (AMBASSADOR_IDLE_TIMEOUT)."""


def circuit_breaker_annotation(limit: str) -> str:
    """Return the annotation of one of the CIRCUIT_BREAKERS."""
    return f"{AMBASSADOR_PREFIX}circuit-breakers-{limit.replace('_', '-')}"


def render_mappings(context: RouteContext) -> Iterator[Rendered]:
    """Yield the Mappings of each predictor, and of those that speak TLS the TLSContext."""
    for backend in context.backends.all:
        rest = {"prefix": context.prefix, "rewrite": "/", "cluster_tag": "seldon_http"}
        yield _mapping(context, backend, "rest", rest, (backend.service, backend.http_port))
        grpc = {
            "prefix": GRPC_PATHS,
            "prefix_regex": True,
            "rewrite": "",
            "grpc": True,
            "cluster_tag": "seldon_grpc",
            "headers": {"seldon": context.deployment.name, "namespace": context.namespace},
        }
        yield _mapping(context, backend, "grpc", grpc, (backend.service, backend.grpc_port))
        if backend.cert_secret:
            yield build_route(
                context,
                AMBASSADOR_API_VERSION,
                TLS_CONTEXT,
                _name(context, backend, "tls"),
                {"secret": backend.cert_secret},
                source=backend.path / "ssl" / "certSecretName",
            )
    for backend in context.backends.explainers:
        spec = {
            "prefix": context.explainer_prefix(backend),
            "rewrite": "/",
            "cluster_tag": "seldon_http",
        }
        service = backend.explainer, backend.explainer_port
        yield _mapping(context, backend, "explainer-rest", spec, service)


def _mapping(
    context: RouteContext,
    backend: RouteBackend,
    suffix: str,
    spec: dict[str, Any],
    service: tuple[str, int],
) -> Rendered:
    name, port = service
    is_explainer = name == backend.explainer
    timeout = _number(context, REST_TIMEOUT_ANNOTATION) or _DEFAULT_TIMEOUT_MS
    retries = _number(context, AMBASSADOR_RETRIES_ANNOTATION)
    limits = {
        limit: found
        for limit in CIRCUIT_BREAKERS
        if (found := _number(context, circuit_breaker_annotation(limit))) > 0
    }
    source: Path = backend.path / "explainer" if is_explainer else backend.path
    whole = {
        **spec,
        "host": next(iter(context.attachment.hosts), None),
        "service": f"{name}.{context.namespace}:{port}",
        "timeout_ms": timeout,
        "idle_timeout_ms": timeout if timeout > _IDLE_TIMEOUT_MS else None,
        "retry_policy": {"retry_on": "gateway-error", "num_retries": retries}
        if retries > 0
        else None,
        "circuit_breakers": [limits] if limits else None,
        "ambassador_id": [context.attachment.gateway] if context.attachment.gateway else None,
        "shadow": True if backend.is_shadow and not is_explainer else None,
        # The first one gets what the others leave.
        "weight": None if is_explainer or _is_first(context, backend) else weight_of(backend),
        "tls": _name(context, backend, "tls") if backend.cert_secret else None,
    }
    return build_route(
        context,
        AMBASSADOR_API_VERSION,
        MAPPING,
        _name(context, backend, suffix),
        whole,
        source=source,
    )


def _is_first(context: RouteContext, backend: RouteBackend) -> bool:
    """Return whether it is the live predictor that Ambassador gives what the others leave."""
    live = context.backends.live
    return bool(live) and backend.predictor == live[0].predictor


def _name(context: RouteContext, backend: RouteBackend, suffix: str) -> str:
    return f"seldon-{context.namespace}-{context.deployment.name}-{backend.predictor}-{suffix}"


def _number(context: RouteContext, annotation: str) -> int:
    found = read_annotation(context.deployment, annotation)
    return parse_whole_number(found[0]) if found else 0
