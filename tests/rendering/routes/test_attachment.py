"""What an object may choose: never somebody else's gateway or host."""

from dataclasses import replace

import pytest

from tests.rendering.routes.documents import build, render
from webhook.graph.parse import parse
from webhook.rendering.routes.attachment import Attachment, read_claims, resolve_attachment
from webhook.rendering.routes.options import RoutingOptions

ISTIO = RoutingOptions(kind="istio", gateway="istio-system/public", hosts=("ml.example.com",))
GATEWAY_API = replace(ISTIO, kind="gateway-api")
DEFAULT = Attachment("istio-system/public", ("ml.example.com",))


def _attach(routing, *, host=None, gateway=None, place="spec", namespace="team"):
    annotations = {"seldon.io/istio-host": host, "seldon.io/istio-gateway": gateway}
    annotations = {key: value for key, value in annotations.items() if value is not None}
    document = build({"name": "a"}, namespace=namespace)
    document[place]["annotations"] = annotations
    return resolve_attachment(parse(document), routing)


FOREIGN_HOSTS = [
    "shop.example.com",
    "*",
    "*.example.com",
    "*.com",
    "a.ml.example.com",
    "ml.example.com.",
    "ml.example.com:80",
    "shop/ml.example.com",
    " ml.example.com",
    "ml.example.com,shop.example.com",
    "",
]


@pytest.mark.parametrize("routing", [ISTIO, GATEWAY_API], ids=lambda routing: routing.kind)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_only_the_configured_host_may_be_chosen(routing, host):
    assert _attach(routing, host=host) == DEFAULT


@pytest.mark.parametrize("host", ["shop.example.com", "*.example.com", ""])
def test_a_host_is_not_free_because_routes_are_for_all(host):
    assert _attach(RoutingOptions(kind="istio"), host=host).hosts == ()


def test_the_configured_host_may_be_chosen():
    assert _attach(ISTIO, host="ML.example.com").hosts == ("ML.example.com",)


def test_several_hosts_are_a_claim_each_where_they_are_read_so():
    document = build({"name": "a"}, annotations={"seldon.io/istio-host": "ml.example.com , b.c"})
    claims = read_claims(parse(document), ISTIO, splits_hosts=True)
    assert [(claim.value, claim.allowed) for claim in claims] == [
        ("ml.example.com", True),
        ("b.c", False),
    ]


def test_where_no_host_is_configured_all_of_them_are_and_may_be_asked_for():
    document = build({"name": "a"}, annotations={"seldon.io/istio-host": "*"})
    for hosts, allowed in (((), True), (("ml.example.com",), False)):
        (claim,) = read_claims(parse(document), replace(ISTIO, hosts=hosts))
        assert (claim.noun, claim.value, claim.allowed) == ("host", "*", allowed)
    assert _attach(RoutingOptions(kind="istio"), host="*").hosts == ()


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("a.team.example.com", True),
        ("b.a.team.example.com", True),
        ("*.team.example.com", True),
        ("*.a.team.example.com", True),
        ("team.example.com", False),
        ("xteam.example.com", False),
        ("*.example.com", False),
        ("*", False),
        ("evil.com/.team.example.com", False),
        ("one.example.org", True),
        ("*.one.example.org", False),
        ("two.one.example.org", False),
    ],
)
def test_hosts_may_be_chosen_that_are_allowed_as_a_whole(host, allowed):
    routing = replace(ISTIO, allowed_hosts=("*.team.example.com", "one.example.org"))
    assert (_attach(routing, host=host).hosts == (host,)) is allowed


@pytest.mark.parametrize(
    "gateway",
    [
        "mesh",
        "public",
        "./public",
        "team/public",
        "istio-system/other",
        "other.istio-system",
        "public.team.svc.cluster.local",
        "istio-system/public,mesh",
        "istio-system/public/",
        "Istio-system/public",
        "",
    ],
)
def test_only_the_configured_gateway_may_be_chosen(gateway):
    assert _attach(ISTIO, gateway=gateway) == DEFAULT


@pytest.mark.parametrize(
    "gateway",
    ["istio-system/public", "public.istio-system", "public.istio-system.svc.cluster.local"],
)
def test_the_configured_gateway_may_be_spelled_as_istio_reads_it(gateway):
    assert _attach(ISTIO, gateway=gateway).gateway == gateway


@pytest.mark.parametrize("gateway", ["public", "./public"])
def test_a_gateway_without_a_namespace_is_the_neighbour(gateway):
    assert _attach(ISTIO, gateway=gateway, namespace="istio-system").gateway == gateway
    own = replace(ISTIO, allowed_gateways=("team/public",))
    assert _attach(own, gateway=gateway).gateway == gateway


def test_the_mesh_may_be_chosen_where_it_is_allowed():
    routing = replace(ISTIO, allowed_gateways=("mesh",))
    assert _attach(routing, gateway="mesh").gateway == "mesh"


def test_a_dot_is_a_part_of_a_gateway_s_name():
    routing = replace(GATEWAY_API, allowed_gateways=("team/a.b",))
    assert _attach(routing, gateway="team/a.b").gateway == "team/a.b"
    assert _attach(routing, gateway="a.b").gateway == "a.b"
    assert _attach(routing, gateway="public.istio-system") == DEFAULT


def test_the_spec_s_annotation_goes_before_the_object_s():
    routing = replace(ISTIO, allowed_hosts=("*.team",))
    document = build({"name": "a"}, annotations={"seldon.io/istio-host": "x.team"})
    document["metadata"]["annotations"] = {"seldon.io/istio-host": "y.team"}
    assert resolve_attachment(parse(document), routing).hosts == ("x.team",)
    assert _attach(routing, host="y.team", place="metadata").hosts == ("y.team",)


def test_routes_are_for_what_may_be_chosen():
    document = build({"name": "a"}, annotations={"seldon.io/istio-host": "shop.example.com"})
    assert render(document, ISTIO)[0].object["spec"]["hosts"] == ["ml.example.com"]
    assert render(document, GATEWAY_API)[0].object["spec"]["hostnames"] == ["ml.example.com"]


@pytest.mark.parametrize("host", ["grpc.team.com", "*.team.com", "GRPC.team.com"])
def test_nobody_takes_the_host_of_grpc(host):
    routing = replace(GATEWAY_API, grpc_hosts=("grpc.team.com",), allowed_hosts=("*.team.com",))
    assert _attach(routing, host=host) == DEFAULT
    assert _attach(routing, host="a.team.com").hosts == ("a.team.com",)


@pytest.mark.parametrize(
    ("section", "grpc_section", "is_apart"),
    [
        ("http", "grpc", True),
        ("both", "both", False),
        ("", "grpc", False),
        ("http", "", False),
    ],
)
def test_the_host_of_grpc_is_free_on_a_listener_without_grpc(section, grpc_section, is_apart):
    """A route that names no listener is on each of them."""
    routing = replace(
        GATEWAY_API,
        grpc_hosts=("grpc.team.com",),
        allowed_hosts=("*.team.com",),
        section_name=section,
        grpc_section_name=grpc_section,
    )
    attached = _attach(routing, host="grpc.team.com").hosts
    assert attached == (("grpc.team.com",) if is_apart else DEFAULT.hosts)


def test_a_dot_before_a_slash_is_the_own_namespace_in_istio_only():
    own = replace(ISTIO, allowed_gateways=("team/public",))
    assert _attach(own, gateway="./public").gateway == "./public"
    assert _attach(replace(own, kind="gateway-api"), gateway="./public") == DEFAULT


def test_the_mesh_is_a_name_like_others_but_in_istio():
    neighbour = ("team/mesh",)
    assert _attach(replace(ISTIO, allowed_gateways=neighbour), gateway="mesh") == DEFAULT
    own = replace(GATEWAY_API, allowed_gateways=neighbour)
    assert _attach(own, gateway="mesh").gateway == "mesh"
