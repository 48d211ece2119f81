"""What is read from routes of every kind, whoever wrote them."""

import pytest

from webhook.controller.state.routes import (
    Destination,
    ObservedRoute,
    RouteRule,
    read_route,
    service_of_host,
)

IRIS, CANARY = ("models", "iris-main"), ("models", "iris-canary")


def route_of(kind, spec, status=None, **metadata):
    metadata = {"namespace": "models", "name": "r", "uid": "u", "generation": 2, **metadata}
    return read_route({"metadata": metadata, "spec": spec, "status": status or {}}, kind)


def destinations(kind, spec):
    return [d for rule in route_of(kind, spec).rules for d in rule.destinations]


def test_backends_of_gateway_routes_are_services_with_weights_and_mirrors():
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "iris-shadow"}}}
    rule = {
        "filters": [mirror],
        "backendRefs": [
            {"name": "iris-main", "port": 8000, "weight": 75},
            {"name": "iris-canary", "namespace": "other"},
            {"group": "example.com", "kind": "Pool", "name": "iris-main"},
        ],
    }
    for kind in ("HTTPRoute", "GRPCRoute"):
        assert destinations(kind, {"rules": [rule]}) == [
            Destination(IRIS, 75.0),
            Destination(("other", "iris-canary"), 1.0),
            Destination(("models", "iris-shadow"), 0.0, is_mirror=True),
        ]


def test_a_stored_match_is_the_one_that_was_rendered():
    def match(*matches):
        return route_of("HTTPRoute", {"rules": [{"matches": list(matches)}]}).rules[0].match

    header = {"name": "seldon", "value": "iris"}
    assert match({"headers": [header]}) == match(
        {"headers": [header | {"type": "Exact"}], "path": {"type": "PathPrefix", "value": "/"}}
    )
    path = {"value": "/a"}
    assert match({"path": path}) == match({"path": path | {"type": "PathPrefix"}})
    assert match({"path": path}) != match({"path": path | {"type": "Exact"}})


def test_destinations_of_virtual_services_are_hosts():
    spec = {
        "http": [
            {
                "route": [
                    {"destination": {"host": "iris-main"}, "weight": 75},
                    {"destination": {"host": "iris-canary.models.svc.cluster.local"}},
                ],
                "mirror": {"host": "iris-shadow.models"},
                "mirrors": [{"destination": {"host": "iris-other.models.svc"}}],
            },
            {"route": [{"destination": {"host": "iris-main.models"}}]},
        ],
        "tcp": [{"route": [{"destination": {"host": "iris-tcp"}}]}],
    }
    assert destinations("VirtualService", spec) == [
        Destination(IRIS, 75.0),
        Destination(CANARY, 0.0),
        Destination(("models", "iris-shadow"), 0.0, is_mirror=True),
        Destination(("models", "iris-other"), 0.0, is_mirror=True),
        Destination(IRIS, 100.0),
        Destination(("models", "iris-tcp"), 100.0),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"service": "iris-main:8000"}, Destination(IRIS, None)),
        ({"service": "http://iris-main.models:8000", "weight": 25}, Destination(IRIS, 25.0)),
        ({"service": "https://iris-main.models.svc.cluster.local"}, Destination(IRIS, None)),
        ({"service": "iris-main", "shadow": True}, Destination(IRIS, 0.0, is_mirror=True)),
    ],
)
def test_the_service_of_a_mapping_is_a_url(fields, expected):
    assert destinations("Mapping", {"prefix": "/seldon/", **fields}) == [expected]


def test_backends_of_an_ingress():
    backend = {"service": {"name": "iris-main", "port": {"number": 8000}}}
    spec = {
        "defaultBackend": {"service": {"name": "iris-canary"}},
        "rules": [{"host": "h", "http": {"paths": [{"path": "/", "backend": backend}]}}],
    }
    assert destinations("Ingress", spec) == [Destination(CANARY, 100.0), Destination(IRIS, 100.0)]


@pytest.mark.parametrize(
    "host", ["", "*", "*.models", "api.example.com", "iris-main.models.example.com", "."]
)
def test_hosts_that_are_no_service(host):
    assert service_of_host(host, "models") is None


@pytest.mark.parametrize("kind", ["HTTPRoute", "VirtualService", "Mapping", "Ingress"])
@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"rules": 1, "http": "x", "service": [], "defaultBackend": 1},
        {"rules": [1, {"backendRefs": [None, {"name": 3}], "http": {"paths": [0]}}], "http": [[]]},
    ],
)
def test_what_cannot_be_read_leads_nowhere(kind, spec):
    assert route_of(kind, spec).services == frozenset()


def test_only_what_gateways_say_of_the_present_generation_counts():
    parents = [
        {"namespace": "infra", "name": "public"},
        {"name": "local", "sectionName": "http"},
        {"name": "silent"},
    ]
    answers = [
        {
            "parentRef": parents[0],
            "conditions": [
                {
                    "type": "Accepted",
                    "status": "False",
                    "reason": "NoMatch",
                    "message": "m",
                    "observedGeneration": 2,
                }
            ],
        },
        {
            "parentRef": parents[1],
            "conditions": [{"type": "Accepted", "status": "True", "observedGeneration": 1}],
        },
    ]
    route = route_of("HTTPRoute", {"parentRefs": parents}, {"parents": answers})
    assert route.parents == (
        ("infra/public", True),
        ("models/local", False),
        ("models/silent", False),
    )
    assert [(c.parent, c.type, c.status, c.reason, c.message) for c in route.conditions] == [
        ("infra/public", "Accepted", "False", "NoMatch", "m")
    ]


def test_a_route_is_named_as_people_name_it():
    route = ObservedRoute("VirtualService", "models", "old", "u", "", 1, (RouteRule("", ()),))
    assert str(route) == "VirtualService models/old"
