"""The section `routing`: what contradicts itself is said before anything is routed."""

import pytest

from webhook.errors import SettingsError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.issue import Source
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions
from webhook.settings.model import read_settings

HEAD = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
GATEWAY = {"kind": "gateway-api", "gateway": "gateways/public"}


def _read(section, flags=None, namespaces=None):
    document = {**HEAD, "routing": section, "namespaces": namespaces or {}}
    return read_settings(document, routing=flags, source=Source("settings.yaml"))


def test_nothing_routes_unless_it_is_set():
    assert read_settings().routing == NO_ROUTING
    assert NO_ROUTING.kind == "none"


def test_istio_s_gateway_is_seldon_s_unless_it_is_set():
    assert _read({"kind": "istio"}).routing.default_gateway == "istio-system/seldon-gateway"


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        (
            {"kind": "traefik"},
            'routing.kind must be none, gateway-api, istio or ambassador, got "traefik"',
        ),
        ({"gatway": "a/b"}, 'unknown key routing.gatway; did you mean "gateway"'),
        ({"kind": "gateway-api"}, "routing.gateway must be namespace/name with kind gateway-api"),
        ({"kind": "istio", "gateway": "mesh"}, "routing.gateway must be namespace/name"),
        ({**GATEWAY, "hosts": ["*"]}, "leave it empty for all hosts"),
        ({"hosts": ["https://a.example.com"]}, r"routing.hosts\[0\]"),
        ({"hosts": ["a.example.com:80"]}, r"routing.hosts\[0\]"),
        ({"allowedHosts": ["*.*.example.com"]}, r"routing.allowedHosts\[0\]"),
        ({"prefix": "/"}, "routing.prefix"),
        ({"prefix": "seldon"}, "routing.prefix"),
        ({"prefix": "/a/../b"}, "routing.prefix"),
        ({"prefix": "/a/"}, "routing.prefix"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(section, sentence):
    with pytest.raises(SettingsError, match=f"^settings.yaml: .*{sentence}"):
        _read(section)


@pytest.mark.parametrize(
    "section",
    [
        {"grpcHosts": ["grpc.example.com"]},
        {"hosts": ["a.example.com"], "grpcHosts": ["a.example.com"]},
        {"hosts": ["*.example.com"], "grpcHosts": ["grpc.example.com"]},
        {"hosts": ["grpc.example.com"], "grpcHosts": ["*.example.com"]},
        {"hosts": ["*.example.com"], "grpcHosts": ["*.grpc.example.com"]},
        {"hosts": ["a.example.com"], "grpcSectionName": "grpc"},
        {"hosts": ["a.example.com"], "sectionName": "web", "grpcSectionName": "web"},
    ],
)
def test_two_kinds_of_routes_never_share_a_host_of_one_listener(section):
    with pytest.raises(SettingsError, match="hosts and grpcHosts must be different"):
        _read({**GATEWAY, **section})


@pytest.mark.parametrize(
    "section",
    [
        {"hosts": ["a.example.com"], "grpcHosts": ["b.example.com"]},
        {"hosts": ["*.example.com"], "grpcHosts": ["example.com"]},
        {"sectionName": "web", "grpcSectionName": "grpc"},
    ],
)
def test_grpc_may_have_hosts_or_a_listener_of_its_own(section):
    assert _read({**GATEWAY, **section}).routing.separates_grpc


def test_flags_go_before_the_file():
    routing = _read({**GATEWAY, "prefix": "/models"}, {"gateway": "other/one"}).routing
    assert routing == RoutingOptions(kind="gateway-api", gateway="other/one", prefix="/models")
    with pytest.raises(SettingsError, match=r"^flags: routing\.prefix"):
        _read({}, {"prefix": "models"})


def test_a_namespace_may_have_hosts_of_its_own():
    settings = _read(
        {**GATEWAY, "hosts": ["a.com"]}, None, {"t": {"routing": {"hosts": ["t.com"]}}}
    )
    assert settings.for_namespace("t", NO_FACTS).routing == RoutingOptions(
        kind="gateway-api", gateway="gateways/public", hosts=("t.com",)
    )
    assert settings.for_namespace("u", NO_FACTS).routing.hosts == ("a.com",)


@pytest.mark.parametrize("key", ["kind", "prefix"])
def test_what_is_watched_is_the_same_for_all_namespaces(key):
    with pytest.raises(SettingsError, match=f"unknown key namespaces.t.routing.{key}"):
        _read({}, None, {"t": {"routing": {key: "none"}}})


def test_a_namespace_s_contradiction_is_told_with_its_name():
    with pytest.raises(
        SettingsError, match=r"^settings.yaml: namespaces.t.routing.hosts and grpcHosts"
    ):
        _read({**GATEWAY, "hosts": ["a.com"]}, None, {"t": {"routing": {"grpcHosts": ["a.com"]}}})
