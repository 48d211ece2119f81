"""Mappings, beside those that Seldon Core v1.17.1's code built."""

from dataclasses import replace

import pytest

from tests.rendering.routes.documents import build, render
from tools.rendering_comparison import compare_routes, recorded
from webhook.graph.parse import parse
from webhook.rendering.options import RenderOptions
from webhook.rendering.render import render as render_objects
from webhook.rendering.routes.options import RoutingOptions

AMBASSADOR = RoutingOptions(kind="ambassador")
CANARY = ({"name": "main", "traffic": 75}, {"name": "canary", "traffic": 25})


def _specs(*predictors, annotations=None, routing=AMBASSADOR, **arguments):
    rendered = render(build(*predictors, annotations=annotations), routing, **arguments)
    return {each.name: each.object["spec"] for each in rendered}


def test_ours_differ_from_seldon_s_only_where_those_cannot_work():
    assert sum(len(row["built"]["mappings"]) for row in recorded()) == 104
    everywhere = {
        "Mapping/metadata/labels/app.kubernetes.io/managed-by",
        "Mapping/spec/headers/namespace",
    }
    found = {
        (difference.case, difference.path)
        for difference in compare_routes("graphgate", AMBASSADOR)
        if difference.path not in everywhere
    }
    explainers_grpc = {
        (row["id"], "Mapping")
        for row in recorded()
        if any(
            mapping["metadata"]["name"].endswith("explainer-grpc")
            for mapping in row["built"]["mappings"]
        )
    }
    assert found == explainers_grpc | {
        ("expl-shadow", "Mapping/spec/shadow"),
        ("expl-shadow", "Mapping/spec/weight"),
        ("ssl", "Mapping/spec/tls"),
        ("ssl", "TLSContext"),
        # Recorded without any Mapping.
        ("custom-server-v2", "Mapping"),
    }


def test_the_first_predictor_gets_what_the_others_leave():
    specs = _specs(*CANARY)
    assert "weight" not in specs["seldon-team-iris-main-rest"]
    assert specs["seldon-team-iris-canary-rest"]["weight"] == 25


def test_objects_of_one_name_share_no_requests_of_grpc():
    headers = _specs(*CANARY)["seldon-team-iris-main-grpc"]["headers"]
    assert headers == {"seldon": "iris", "namespace": "team"}


def test_annotations_say_how_often_and_how_long():
    annotations = {
        "seldon.io/rest-timeout": "400000",
        "seldon.io/ambassador-retries": "2",
        "seldon.io/ambassador-circuit-breakers-max-requests": "7",
        "seldon.io/ambassador-circuit-breakers-max-retries": "many",
    }
    spec = _specs(*CANARY, annotations=annotations)["seldon-team-iris-main-rest"]
    assert spec["timeout_ms"] == spec["idle_timeout_ms"] == 400000
    assert spec["retry_policy"] == {"retry_on": "gateway-error", "num_retries": 2}
    assert spec["circuit_breakers"] == [{"max_requests": 7}]


def test_only_an_allowed_instance_may_be_chosen():
    routing = replace(AMBASSADOR, gateway="models", hosts=("a.example.com",))
    annotations = {"seldon.io/ambassador-id": "shop"}
    for allowed, expected in ((), "models"), (("shop",), "shop"):
        specs = _specs(
            *CANARY, annotations=annotations, routing=replace(routing, allowed_gateways=allowed)
        )
        for spec in specs.values():
            assert spec["ambassador_id"] == [expected]
            assert spec["host"] == "a.example.com"


def test_an_instance_has_no_namespace():
    routing = replace(AMBASSADOR, gateway="models")
    annotations = {"seldon.io/ambassador-id": "team/models"}
    for spec in _specs(*CANARY, annotations=annotations, routing=routing).values():
        assert spec["ambassador_id"] == ["models"]


def test_what_could_take_somebody_else_s_requests_is_not_read():
    plain = _specs(*CANARY)
    annotations = {
        "seldon.io/ambassador-service-name": "other",
        "seldon.io/ambassador-header": "seldon: other",
        "seldon.io/ambassador-regex-header": "seldon: .*",
        "seldon.io/ambassador-config": "prefix: /",
    }
    assert _specs(*CANARY, annotations=annotations) == plain


def test_a_predictor_with_a_certificate_is_called_by_tls():
    specs = _specs({"name": "a", "ssl": {"certSecretName": "s"}})
    assert specs["seldon-team-iris-a-tls"] == {"secret": "s"}
    assert specs["seldon-team-iris-a-rest"]["tls"] == "seldon-team-iris-a-tls"


@pytest.mark.parametrize(
    ("kind", "operator", "kept"),
    [
        ("ambassador", "graphgate", False),
        ("ambassador", "seldon", True),
        ("istio", "graphgate", True),
        ("none", "graphgate", True),
    ],
)
def test_no_service_carries_a_route_of_its_author(kind, operator, kept):
    key = "getambassador.io/config"
    document = build({"name": "main", "annotations": {key: "kind: Mapping", "team": "a"}})
    options = RenderOptions(operator=operator, routing=RoutingOptions(kind=kind))
    for rendered in render_objects(parse(document), options):
        if rendered.kind == "Service":
            annotations = rendered.object["metadata"]["annotations"]
            assert (annotations["team"], key in annotations) == ("a", kept)
