from dataclasses import replace

import pytest

from tests.rendering.routes.documents import build, render
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering.options import RenderOptions
from webhook.rendering.render import render as render_workloads
from webhook.rendering.routes.options import RoutingOptions

ROUTING = RoutingOptions(kind="gateway-api", gateway="gateways/public")
CANARY = ({"name": "main", "traffic": 75}, {"name": "canary", "traffic": 25})
SHADOW = {"name": "next", "shadow": True}
EXPLAINER = {"explainer": {"type": "AnchorTabular"}}


def _route(*predictors, routing=ROUTING, **arguments):
    return render(build(*predictors), routing, **arguments)[0].object


def _weights(rule):
    return {ref["name"]: ref["weight"] for ref in rule["backendRefs"]}


def test_one_route_splits_the_requests_as_the_document_says():
    assert _route(*CANARY) == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {
            "name": "iris",
            "namespace": "team",
            "labels": {
                "seldon-deployment-id": "iris",
                "app.kubernetes.io/managed-by": "seldon-core",
            },
        },
        "spec": {
            "parentRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "namespace": "gateways",
                    "name": "public",
                }
            ],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/seldon/team/iris/"}}],
                    "filters": [
                        {
                            "type": "URLRewrite",
                            "urlRewrite": {
                                "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
                            },
                        }
                    ],
                    "backendRefs": [
                        {"name": "iris-main", "port": 8000, "weight": 75},
                        {"name": "iris-canary", "port": 8000, "weight": 25},
                    ],
                },
                {
                    "matches": [
                        {
                            "path": {"type": "PathPrefix", "value": "/"},
                            "headers": [
                                {"type": "Exact", "name": "seldon", "value": "iris"},
                                {"type": "Exact", "name": "namespace", "value": "team"},
                            ],
                        }
                    ],
                    "backendRefs": [
                        {"name": "iris-main", "port": 5001, "weight": 75},
                        {"name": "iris-canary", "port": 5001, "weight": 25},
                    ],
                },
            ],
        },
    }


def test_hosts_listener_and_prefix_are_as_set():
    routing = replace(ROUTING, hosts=("a.example.com",), section_name="http", prefix="/models")
    spec = _route(*CANARY, routing=routing)["spec"]
    assert spec["hostnames"] == ["a.example.com"]
    assert spec["parentRefs"][0]["sectionName"] == "http"
    assert spec["rules"][0]["matches"][0]["path"]["value"] == "/models/team/iris/"


def test_a_document_without_a_namespace_is_where_it_is_said_to_be():
    (route,) = render(build({"name": "a"}, namespace=""), ROUTING, namespace="staging")
    assert "namespace" not in route.object["metadata"]
    rules = route.object["spec"]["rules"]
    assert rules[0]["matches"][0]["path"]["value"] == "/seldon/staging/iris/"


@pytest.mark.parametrize("traffic", [None, 0, 100])
def test_one_predictor_alone_gets_everything(traffic):
    (rule, _) = _route({"name": "a", "traffic": traffic})["spec"]["rules"]
    assert _weights(rule) == {"iris-a": 100}


@pytest.mark.parametrize(
    ("traffic", "percent"), [(None, None), (0, None), (100, None), (1, 1), (99, 99)]
)
def test_a_shadow_gets_copies(traffic, percent):
    rules = _route(CANARY[0], {**SHADOW, "traffic": traffic})["spec"]["rules"]
    for rule, port in zip(rules, (8000, 5001), strict=True):
        (mirror,) = [f for f in rule.get("filters", []) if f["type"] == "RequestMirror"]
        written = mirror["requestMirror"]
        assert written["backendRef"] == {"name": "iris-next", "port": port}
        assert written.get("percent") == percent
        assert list(_weights(rule)) == ["iris-main"]


def test_an_older_gateway_api_mirrors_everything():
    rules = _route(CANARY[0], {**SHADOW, "traffic": 10}, facts=Facts(mirrors_percent=False))[
        "spec"
    ]["rules"]
    assert "percent" not in rules[0]["filters"][1]["requestMirror"]


def test_grpc_with_a_host_of_its_own_has_a_route_of_its_own():
    routing = replace(ROUTING, hosts=("a.example.com",), grpc_hosts=("grpc.example.com",))
    http, grpc = (each.object for each in render(build(*CANARY, SHADOW), routing))
    assert http["spec"]["hostnames"] == ["a.example.com"]
    assert len(http["spec"]["rules"]) == 1
    assert grpc["kind"] == "GRPCRoute"
    assert grpc["spec"]["hostnames"] == ["grpc.example.com"]
    (rule,) = grpc["spec"]["rules"]
    assert [list(match) for match in rule["matches"]] == [["headers"]]
    assert _weights(rule) == {"iris-main": 75, "iris-canary": 25}
    assert rule["filters"][0]["requestMirror"]["backendRef"] == {"name": "iris-next", "port": 5001}


def test_grpc_with_a_listener_of_its_own_has_no_hosts_where_none_are_set():
    routing = replace(ROUTING, section_name="http", grpc_section_name="grpc")
    for route in render(build(*CANARY), routing):
        assert "hostnames" not in route.object["spec"]


def test_grpc_with_a_listener_of_its_own_keeps_the_hosts():
    routing = replace(
        ROUTING, hosts=("a.example.com",), section_name="http", grpc_section_name="grpc"
    )
    http, grpc = (each.object["spec"] for each in render(build(*CANARY), routing))
    assert http["hostnames"] == grpc["hostnames"] == ["a.example.com"]
    assert [spec["parentRefs"][0]["sectionName"] for spec in (http, grpc)] == ["http", "grpc"]


def test_an_explainer_has_a_path_of_its_own():
    rules = _route(CANARY[0], {**CANARY[1], **EXPLAINER})["spec"]["rules"]
    assert len(rules) == 3
    path = rules[2]["matches"][0]["path"]["value"]
    assert path == "/seldon/team/iris-explainer/canary/"
    assert rules[2]["backendRefs"] == [{"name": "iris-canary-explainer", "port": 9000}]


def test_no_rule_is_lost_where_there_are_more_than_a_route_holds():
    predictors = [{"name": f"p{n}", "traffic": 5, **EXPLAINER} for n in range(16)]
    routes = [each.object for each in render(build(*predictors), ROUTING)]
    assert [len(route["spec"]["rules"]) for route in routes] == [16, 1, 1]
    paths = [
        rule["matches"][0]["path"]["value"] for route in routes for rule in route["spec"]["rules"]
    ]
    assert paths[2:] == [f"/seldon/team/iris-explainer/p{n}/" for n in range(16)]
    assert [route["metadata"]["name"] for route in routes] == [
        "iris",
        "iris-p14-explainer",
        "iris-p15-explainer",
    ]


def test_a_weight_leads_back_to_where_it_is_written():
    (route,) = render(build(*CANARY), ROUTING)
    place = ("spec", "rules", 0, "backendRefs", 1, "weight")
    assert str(route.trace(place)) == "spec.predictors[1].traffic"
    (route,) = render(build({"name": "a"}), ROUTING)
    place = ("spec", "rules", 0, "backendRefs", 0, "weight")
    assert str(route.trace(place)) == "spec.predictors[0]"


def test_nothing_is_rendered_where_nothing_is_there():
    assert render(build(), ROUTING) == ()
    assert render(build({"name": "a", "componentSpecs": []}), ROUTING) == ()


def test_shadows_alone_get_nothing_but_their_explainers_answer():
    (route,) = render(build({**SHADOW, **EXPLAINER}), ROUTING)
    (rule,) = route.object["spec"]["rules"]
    assert rule["backendRefs"] == [{"name": "iris-next-explainer", "port": 9000}]


def test_a_gateway_speaks_http2_to_grpc():
    def protocols(**options):
        objects = render_workloads(parse(build(CANARY[0])), RenderOptions(**options))
        (service,) = [o.object for o in objects if o.name == "iris-main"]
        return {port["name"]: port.get("appProtocol") for port in service["spec"]["ports"]}

    assert protocols(routing=ROUTING) == {"http": None, "grpc": "kubernetes.io/h2c"}
    assert protocols() == {"http": None, "grpc": None}
    assert protocols(routing=ROUTING, operator="seldon") == {"http": None, "grpc": None}


def test_seldon_s_operator_makes_no_routes_of_the_gateway_api():
    assert render(build(*CANARY), ROUTING, operator="seldon") == ()
