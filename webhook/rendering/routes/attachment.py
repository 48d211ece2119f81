"""Which gateway and hosts a SeldonDeployment's routes attach to.

An author may choose both by annotation, within what the operator allows: a route for a host takes
requests from its previous owner. Istio routes a host to the VirtualService that names it, not
to one for all hosts, so a narrower host is not allowed by a wider one that is only configured.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import (
    AMBASSADOR_ID_ANNOTATION,
    ISTIO_GATEWAY_ANNOTATION,
    ISTIO_HOST_ANNOTATION,
)
from webhook.rendering.routes.options import (
    MESH_GATEWAY,
    RoutingKind,
    RoutingOptions,
    hosts_overlap,
)

GATEWAY_ANNOTATIONS: Mapping[RoutingKind, str] = {
    "gateway-api": ISTIO_GATEWAY_ANNOTATION,
    "istio": ISTIO_GATEWAY_ANNOTATION,
    "ambassador": AMBASSADOR_ID_ANNOTATION,
}
"""The annotation by which an object chooses a gateway, by the kind of routing."""

HOST_ANNOTATIONS: Mapping[RoutingKind, str] = {
    "gateway-api": ISTIO_HOST_ANNOTATION,
    "istio": ISTIO_HOST_ANNOTATION,
}
"""Likewise a host; Seldon has none for Ambassador."""

_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*")
"""A host, or the hosts below one."""


class Attachment(NamedTuple):
    """Where routes are attached; no hosts: all of the gateway's."""

    gateway: str
    hosts: tuple[str, ...]


class Claim(NamedTuple):
    """A gateway or a host that an author requests.

    noun     "gateway" or "host"
    path     of the annotation that is read
    allowed  whether they may have it
    """

    noun: Literal["gateway", "host"]
    path: Path
    value: str
    allowed: bool


def read_annotation(deployment: SeldonDeployment, key: str) -> tuple[str, Path] | None:
    """Return an annotation and where it is: of the spec, else of the object, as Seldon does."""
    for section, path in (
        (deployment.spec, ROOT / "spec"),
        (get_mapping(deployment.raw, "metadata"), ROOT / "metadata"),
    ):
        value = get_mapping(section, "annotations").get(key)
        if type(value) is str:
            return value, path / "annotations" / key
    return None


def parse_whole_number(text: str) -> int:
    """Return a number as Go's strconv.Atoi reads it; 0 for what a rule denies."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    # int32 at most
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def read_claims(
    deployment: SeldonDeployment, options: RoutingOptions, *, splits_hosts: bool = False
) -> Iterator[Claim]:
    """Yield the gateway and the host that an object requests.

    splits_hosts  whether the annotation may hold several hosts: each of them is a claim

    An empty annotation is read as Seldon reads it: as the value "", which is never allowed.
    """
    if found := read_annotation(deployment, GATEWAY_ANNOTATIONS.get(options.kind, "")):
        value, path = found
        allowed = allows_gateway(options, value, deployment.namespace)
        yield Claim("gateway", path, value, allowed)
    if found := read_annotation(deployment, HOST_ANNOTATIONS.get(options.kind, "")):
        value, path = found
        for host in map(str.strip, value.split(",")) if splits_hosts else (value,):
            yield Claim("host", path, host, allows_host(options, host))


def resolve_attachment(
    deployment: SeldonDeployment,
    options: RoutingOptions,
    *,
    grants_all: bool = False,
    splits_hosts: bool = False,
) -> Attachment:
    """Return where the object's routes attach: what it requests and is allowed, else the default.

    grants_all    whether it may have anything, as with Seldon's operator
    splits_hosts  as in `read_claims`
    """
    chosen = [
        claim
        for claim in read_claims(deployment, options, splits_hosts=splits_hosts)
        if claim.allowed or grants_all
    ]
    gateway = next((claim.value for claim in chosen if claim.noun == "gateway"), None)
    hosts = tuple(claim.value for claim in chosen if claim.noun == "host") or options.hosts
    return Attachment(
        options.default_gateway if gateway is None else gateway,
        () if hosts == ("*",) else hosts,
    )


def allows_gateway(options: RoutingOptions, gateway: str, namespace: str) -> bool:
    """Return whether an object in a namespace may attach its routes to a gateway."""
    wanted = normalize_gateway(options, gateway, namespace)
    return bool(gateway) and wanted in {
        normalize_gateway(options, name, namespace)
        for name in (options.default_gateway, *options.allowed_gateways)
        if name
    }


def normalize_gateway(options: RoutingOptions, gateway: str, namespace: str) -> str:
    """Return a gateway as "namespace/name", whichever way it is spelled.

    Source: istio pkg/model ResolveGatewayName: "name", "./name" and "name.namespace.svc…" are
    gateways too. A Gateway's name may contain dots. The id of an Ambassador has no namespace.
    """
    if options.kind == "istio" and gateway == MESH_GATEWAY:
        return gateway
    if options.kind == "ambassador":
        return gateway
    before, slash, after = gateway.partition("/")
    if slash:
        is_own = options.kind == "istio" and before == "."
        return f"{namespace}/{after}" if is_own else gateway
    if options.kind == "istio" and "." in gateway:
        name, place, *_ = gateway.split(".")
        return f"{place}/{name}"
    return f"{namespace}/{gateway}"


def allows_host(options: RoutingOptions, host: str) -> bool:
    """Return whether an object may use a host: a configured one, or one that is allowed.

    Never one of gRPC's on the same listener: it refuses HTTPRoutes and GRPCRoutes of one host, also
    those of other objects (GEP-1016).
    """
    wanted = host.lower()
    is_split = options.kind == "gateway-api" and options.shares_listener
    if is_split and any(hosts_overlap(wanted, name) for name in options.grpc_hosts):
        return False
    if wanted in {name.lower() for name in options.hosts or ("*",)}:
        return True
    return _HOST.fullmatch(wanted) is not None and any(
        _covers(pattern.lower(), wanted) for pattern in options.allowed_hosts
    )


def _covers(pattern: str, host: str) -> bool:
    """Return whether `pattern` covers every name that `host` matches."""
    if pattern in ("*", host):
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:])
