"""The settings of routes: which gateway splits the requests, and what authors may choose.

One table declares each key, with the field it sets and its schema; reading, writing and the schema
of a settings file derive from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from webhook.graph.issue import Issue
from webhook.graph.path import ROOT
from webhook.rendering.routes.options import RoutingOptions, hosts_overlap
from webhook.settings.rendering import Key

_HOST = r"^(\*|(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$"
_NAME = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_SECTION = {
    "type": "string",
    "pattern": f"^({_NAME})?$",
    "maxLength": 253,
    "examples": ["https"],
}
_GATEWAY = {
    "type": "string",
    "pattern": f"^({_NAME}(/{_NAME})?)?$",
    "maxLength": 317,
    "examples": ["gateways/public"],
}
_HOSTS = {
    "type": "array",
    "items": {
        "type": "string",
        "pattern": _HOST,
        "maxLength": 253,
        "examples": ["models.example.com", "*.example.com"],
    },
    "maxItems": 16,
}

_KIND = "kind"
KINDS = ("none", "gateway-api", "istio", "ambassador")

_KEYS: Mapping[str, Key] = {
    _KIND: (
        "kind",
        {"enum": list(KINDS)},
        "What splits requests between predictors. none: graphgate creates no routes. "
        "(ISTIO_ENABLED, AMBASSADOR_ENABLED)",
    ),
    "gateway": (
        "gateway",
        _GATEWAY,
        "Gateway that routes attach to, as namespace/name; for ambassador, the id of the instance. "
        "Empty: istio-system/seldon-gateway for Istio, the only instance for Ambassador. "
        "(ISTIO_GATEWAY)",
    ),
    "sectionName": (
        "section_name",
        _SECTION,
        "Listener of the Gateway that routes attach to. Empty: all of them.",
    ),
    "hosts": (
        "hosts",
        _HOSTS,
        "Hosts of the routes. Empty: all hosts of the gateway.",
    ),
    "prefix": (
        "prefix",
        {
            "type": "string",
            "pattern": "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$",
            "maxLength": 128,
            "examples": ["/seldon"],
        },
        "Prefix of paths, before /<namespace>/<name>/; it is removed before the predictors see "
        "the path.",
    ),
    "grpcHosts": (
        "grpc_hosts",
        _HOSTS,
        "Hosts for gRPC only. With these or grpcSectionName, gateway-api creates a GRPCRoute.",
    ),
    "grpcSectionName": (
        "grpc_section_name",
        _SECTION,
        "Listener for gRPC only. Empty: gRPC is recognised by the headers seldon and namespace.",
    ),
    "allowedGateways": (
        "allowed_gateways",
        {"type": "array", "items": {**_GATEWAY, "minLength": 1}},
        "Gateways that an object may choose with the annotation seldon.io/istio-gateway, besides "
        "`gateway`.",
    ),
    "allowedHosts": (
        "allowed_hosts",
        {**_HOSTS, "maxItems": 1000},
        "Hosts that an object may choose with the annotation seldon.io/istio-host, besides "
        "`hosts`. "
        "*.example.com allows every host below example.com.",
    ),
    "istioTlsMode": (
        "istio_tls_mode",
        {"enum": ["", "DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"]},
        "TLS mode from Istio to the predictors. Empty: the default of the mesh. (ISTIO_TLS_MODE)",
    ),
}

_CLUSTER_KEYS = frozenset({_KIND, "prefix"})
"""Keys that are the same for all namespaces: the watched types and the path prefix."""


def routing_schema(*, of_namespace: bool = False) -> dict[str, Any]:
    """Return the properties of the section `routing`, as JSON Schema."""
    return {
        key: {**schema, "description": description}
        for key, (_, schema, description) in _KEYS.items()
        if not (of_namespace and key in _CLUSTER_KEYS)
    }


def read_routing(section: Mapping[str, Any] | None, base: RoutingOptions) -> RoutingOptions:
    """Return what a section that its schema admits says, over `base`."""
    changes: dict[str, Any] = {
        _KEYS[key][0]: tuple(value) if isinstance(value, list) else value
        for key, value in (section or {}).items()
    }
    return replace(base, **changes)


def write_routing(options: RoutingOptions, *, of_namespace: bool = False) -> dict[str, Any]:
    """Return the section that has the effect of `options`, with every key."""
    section = {key: getattr(options, name) for key, (name, _, _) in _KEYS.items()}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in section.items()
        if not (of_namespace and key in _CLUSTER_KEYS)
    }


def find_routing_contradictions(options: RoutingOptions) -> Iterator[Issue]:
    """Yield what cannot hold together, by keys of the section."""
    kind = (ROOT / "kind",)
    if options.kind == "gateway-api" and "/" not in options.gateway:
        yield Issue(ROOT / "gateway", "must be namespace/name with kind gateway-api", kind)
    if options.kind == "istio" and options.gateway and "/" not in options.gateway:
        yield Issue(ROOT / "gateway", "must be namespace/name with kind istio", kind)
    if options.kind == "ambassador" and len(options.hosts) > 1:
        yield Issue(ROOT / "hosts", "must have at most one host with kind ambassador", kind)
    if options.kind == "gateway-api":
        for key, hosts in (("hosts", options.hosts), ("grpcHosts", options.grpc_hosts)):
            if "*" in hosts:
                message = 'must not contain "*" with kind gateway-api; leave it empty for all hosts'
                yield Issue(ROOT / key, message, kind)
    if options.kind == "gateway-api" and options.separates_grpc and _share_a_host(options):
        # GEP-1016: a listener refuses one of two routes of different kinds with one hostname.
        yield Issue(
            ROOT / "hosts",
            "and grpcHosts must be different where both use one listener: set grpcHosts to other "
            "hosts, or sectionName and grpcSectionName to two listeners",
            tuple(ROOT / key for key in ("kind", "grpcHosts", "sectionName", "grpcSectionName")),
        )


def _share_a_host(options: RoutingOptions) -> bool:
    """Return whether an HTTPRoute and a GRPCRoute may get the same hostname of one listener."""
    grpc = options.grpc_hosts or options.hosts
    if not options.shares_listener:
        return False
    return not options.hosts or any(hosts_overlap(a, b) for a in options.hosts for b in grpc)
