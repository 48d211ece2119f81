"""The Services that a route refers to, and its status from the gateway. Pure.

    HTTPRoute, GRPCRoute (Gateway API)      spec.rules[].backendRefs[], filters[].requestMirror
    VirtualService (Istio)                  spec.http[].route[], .mirror, .mirrors[]; tcp[], tls[]
    Mapping (Ambassador, Emissary)          spec.service, .weight, .shadow; one destination each
    Ingress (Kubernetes)                    spec.rules[].http.paths[].backend, .defaultBackend

A destination is a Service by name, or by host: <service>, <service>.<namespace>[.svc…]. A route
that sends to another route (`delegate`) is not followed.

Belongs here: reading. Does not belong here: what it means for the object (`traffic`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from webhook.graph.model import get_int, get_list, get_mapping, get_str, iter_mappings

ServiceName = tuple[str, str]
"""Namespace and name of a Service."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A Service that a rule sends requests to.

    weight     its share, beside those of the others of the rule; None: what the others leave of 100
    is_mirror  whether it receives mirrored requests
    raw        the entry of the route that says so, as JSON, for a managed route that keeps it
    """

    service: ServiceName
    weight: float | None
    is_mirror: bool = False
    raw: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RouteRule:
    """Where requests go that match.

    match  the condition as a comparable value
    whole  what the weights are parts of; 0: of their sum
    """

    match: str
    destinations: tuple[Destination, ...]
    whole: float = 0.0


@dataclass(frozen=True, slots=True)
class GatewayCondition:
    """What one gateway says of a route.

    parent  the gateway: "infra/public"
    status  "True", "False", "Unknown"
    """

    parent: str
    type: str
    status: str
    reason: str
    message: str


ROUTE_FAMILIES: Mapping[str, str] = {
    "HTTPRoute": "gateway-api",
    "GRPCRoute": "gateway-api",
    "VirtualService": "istio",
    "DestinationRule": "istio",
    "Mapping": "ambassador",
    "TLSContext": "ambassador",
}
"""The setting `routing.kind` with which graphgate makes objects of a kind."""


@dataclass(frozen=True, slots=True)
class ObservedRoute:
    """What is kept of a route that is there.

    owner_uid   uid of its controller, of whatever kind; "": none
    parents     its parent gateways, and whether each has observed the current generation
    conditions  of those that have
    """

    kind: str
    namespace: str
    name: str
    uid: str
    owner_uid: str
    generation: int
    rules: tuple[RouteRule, ...]
    parents: tuple[tuple[str, bool], ...] = ()
    conditions: tuple[GatewayCondition, ...] = ()

    @property
    def services(self) -> frozenset[ServiceName]:
        """The Services that it names."""
        return frozenset(d.service for rule in self.rules for d in rule.destinations)

    @property
    def refusal(self) -> str:
        """Why a gateway does not accept it; "": none says so."""
        return next(
            (
                f"Gateway {each.parent} does not accept {self}: {each.reason}"
                for each in self.conditions
                if each.type == "Accepted" and each.status == "False"
            ),
            "",
        )

    def __str__(self) -> str:
        """Return how people name it: "VirtualService models/iris"."""
        return f"{self.kind} {self.namespace}/{self.name}"


def read_route(obj: Mapping[str, Any], kind: str) -> ObservedRoute:
    """Return the summary of a raw route; what cannot be read leads nowhere."""
    metadata = get_mapping(obj, "metadata")
    namespace = get_str(metadata, "namespace")
    spec = get_mapping(obj, "spec")
    generation = get_int(metadata, "generation") or 0
    owner = next(
        (o for _, o in iter_mappings(metadata, "ownerReferences") if o.get("controller") is True),
        {},
    )
    has_parents = kind in ("HTTPRoute", "GRPCRoute")
    answers = list(_answers(obj, generation)) if has_parents else []
    return ObservedRoute(
        kind=kind,
        namespace=namespace,
        name=get_str(metadata, "name"),
        uid=get_str(metadata, "uid"),
        owner_uid=get_str(owner, "uid"),
        generation=generation,
        rules=tuple(READERS[kind](spec, namespace)),
        parents=tuple(_parents(spec, namespace, answers)) if has_parents else (),
        conditions=tuple(c for _, _, conditions in answers for c in conditions),
    )


def _gateway_rules(spec: Mapping[str, Any], namespace: str) -> Iterator[RouteRule]:
    for _, rule in iter_mappings(spec, "rules"):
        matches = [_with_defaults(match) for _, match in iter_mappings(rule, "matches")]
        yield RouteRule(_encode(matches), tuple(_gateway_destinations(rule, namespace)))


_MATCH_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "path": {"type": "PathPrefix"},
    "method": {"type": "Exact"},
    "headers": {"type": "Exact"},
    "queryParams": {"type": "Exact"},
}
"""What the definitions of HTTPRoute and GRPCRoute fill in when a route is stored."""

_ANY_PATH = {"type": "PathPrefix", "value": "/"}
"""The path that a match of an HTTPRoute gets if it says none."""


def _with_defaults(match: Mapping[str, Any]) -> dict[str, Any]:
    """Return a match as it is stored, so that one that was only rendered is equal to it."""
    result = dict(match)
    for key, defaults in _MATCH_DEFAULTS.items():
        if type(match.get(key)) is dict:
            result[key] = {**defaults, **match[key]}
        elif type(match.get(key)) is list:
            result[key] = [{**defaults, **item} for _, item in iter_mappings(match, key)]
    if result.get("path") == _ANY_PATH:
        del result["path"]
    return result


def _gateway_destinations(rule: Mapping[str, Any], namespace: str) -> Iterator[Destination]:
    for _, backend in iter_mappings(rule, "backendRefs"):
        yield from _backend(backend, namespace, _weight(backend, 1))
    for _, owner in [("", rule), *iter_mappings(rule, "backendRefs")]:
        for _, one in iter_mappings(owner, "filters"):
            mirror = get_mapping(get_mapping(one, "requestMirror"), "backendRef")
            yield from _backend(mirror, namespace, 0.0, is_mirror=True)


def _backend(
    backend: Mapping[str, Any], namespace: str, weight: float, *, is_mirror: bool = False
) -> Iterator[Destination]:
    is_service = backend.get("kind", "Service") == "Service" and not backend.get("group")
    if is_service and get_str(backend, "name"):
        service = get_str(backend, "namespace") or namespace, get_str(backend, "name")
        # What the definition fills in is left out: sent again, it would be a change.
        raw = {key: backend[key] for key in ("name", "namespace", "port") if key in backend}
        yield Destination(service, weight, is_mirror, _encode(raw))


def _istio_rules(spec: Mapping[str, Any], namespace: str) -> Iterator[RouteRule]:
    for protocol in ("http", "tcp", "tls"):
        for _, rule in iter_mappings(spec, protocol):
            match = _encode([protocol, get_list(spec, "hosts"), get_list(rule, "match")])
            yield RouteRule(match, tuple(_istio_destinations(rule, namespace)))


def _istio_destinations(rule: Mapping[str, Any], namespace: str) -> Iterator[Destination]:
    routes = [route for _, route in iter_mappings(rule, "route")]
    for route in routes:
        # A sole destination gets all; beside others, none without a weight (Istio, HTTPRoute).
        weight = _weight(route, 100 if len(routes) == 1 else 0)
        destination = get_mapping(route, "destination")
        yield from _istio_host(destination, namespace, weight, raw=_encode(route))
    yield from _istio_host(get_mapping(rule, "mirror"), namespace, 0.0, is_mirror=True)
    for _, mirror in iter_mappings(rule, "mirrors"):
        destination = get_mapping(mirror, "destination")
        yield from _istio_host(destination, namespace, 0.0, is_mirror=True)


def _istio_host(
    destination: Mapping[str, Any],
    namespace: str,
    weight: float,
    *,
    is_mirror: bool = False,
    raw: str = "",
) -> Iterator[Destination]:
    if service := service_of_host(get_str(destination, "host"), namespace):
        yield Destination(service, weight, is_mirror, raw)


def _mapping_rules(spec: Mapping[str, Any], namespace: str) -> Iterator[RouteRule]:
    url = get_str(spec, "service")
    authority = url.rpartition("://")[2].partition("/")[0]
    service = service_of_host(authority.partition(":")[0], namespace)
    if service is None:
        return
    # Ambassador groups Mappings by these, and splits by weight inside of a group.
    keys = ("hostname", "host", "prefix", "method", "headers", "regex_headers", "grpc")
    match = _encode({key: spec[key] for key in keys if spec.get(key)})
    weight = get_int(spec, "weight")
    is_mirror = spec.get("shadow") is True
    share = 0.0 if is_mirror else (None if weight is None else float(weight))
    yield RouteRule(match, (Destination(service, share, is_mirror),), whole=100.0)


def _ingress_rules(spec: Mapping[str, Any], namespace: str) -> Iterator[RouteRule]:
    backends = [("", get_mapping(spec, "defaultBackend"))]
    for _, rule in iter_mappings(spec, "rules"):
        for _, path in iter_mappings(get_mapping(rule, "http"), "paths"):
            match = _encode([get_str(rule, "host"), get_str(path, "path")])
            backends.append((match, get_mapping(path, "backend")))
    for match, backend in backends:
        if name := get_str(get_mapping(backend, "service"), "name"):
            yield RouteRule(match, (Destination((namespace, name), 100.0),))


READERS: Mapping[str, Callable[[Mapping[str, Any], str], Iterator[RouteRule]]] = {
    "HTTPRoute": _gateway_rules,
    "GRPCRoute": _gateway_rules,
    "VirtualService": _istio_rules,
    "Mapping": _mapping_rules,
    "Ingress": _ingress_rules,
}
"""By kind of route, what reads the rules of its spec, in its namespace."""


def service_of_host(host: str, namespace: str) -> ServiceName | None:
    """Return the Service that a host means, seen from a namespace; None: no Service's name.

    A host outside of the cluster ("example.com") looks like one, but is not a Service.
    """
    name, _, rest = host.rstrip(".").partition(".")
    if not name or "*" in host:
        return None
    other, _, suffix = rest.partition(".")
    if suffix and suffix != "svc" and not suffix.startswith("svc."):
        return None
    return (other or namespace), name


def _answers(
    obj: Mapping[str, Any], generation: int
) -> Iterator[tuple[str, str, list[GatewayCondition]]]:
    """Yield what each gateway says of the route as it is now, with the key of its parentRef."""
    namespace = get_str(get_mapping(obj, "metadata"), "namespace")
    for _, parent in iter_mappings(get_mapping(obj, "status"), "parents"):
        reference = get_mapping(parent, "parentRef")
        name = _parent_name(reference, namespace)
        conditions = [
            GatewayCondition(
                name,
                get_str(c, "type"),
                get_str(c, "status"),
                get_str(c, "reason"),
                get_str(c, "message"),
            )
            for _, c in iter_mappings(parent, "conditions")
            if (get_int(c, "observedGeneration") or generation) >= generation
        ]
        if conditions:
            yield _parent_key(reference, namespace), name, conditions


def _parents(
    spec: Mapping[str, Any],
    namespace: str,
    answers: Iterable[tuple[str, str, list[GatewayCondition]]],
) -> Iterator[tuple[str, bool]]:
    answered = {key for key, _, _ in answers}
    for _, reference in iter_mappings(spec, "parentRefs"):
        key = _parent_key(reference, namespace)
        yield _parent_name(reference, namespace), key in answered


def _parent_key(reference: Mapping[str, Any], namespace: str) -> str:
    section, port = get_str(reference, "sectionName"), get_int(reference, "port")
    return f"{_parent_name(reference, namespace)}/{section}/{port or ''}"


def _parent_name(reference: Mapping[str, Any], namespace: str) -> str:
    return f"{get_str(reference, 'namespace') or namespace}/{get_str(reference, 'name')}"


def _weight(entry: Mapping[str, Any], default: float) -> float:
    weight = get_int(entry, "weight")
    return float(default if weight is None else weight)


def _encode(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
