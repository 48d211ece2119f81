"""VirtualServices and DestinationRules, beside those that Seldon Core v1.17.1's code built."""

from tests.rendering.routes.documents import build, render
from tools.rendering_comparison import compare_routes, recorded
from webhook.rendering.routes.options import RoutingOptions

ISTIO = RoutingOptions(kind="istio")
RECORDED = RoutingOptions(kind="istio", allowed_gateways=("default/g",), allowed_hosts=("h",))


def _virtual_service(*predictors, routing=ISTIO, **arguments):
    return render(build(*predictors), routing, **arguments)[0].object


def test_the_routes_of_seldon_s_operator_are_rendered_as_it_makes_them():
    assert sum(len(row["built"]["virtualServices"]) for row in recorded()) == 48
    assert sum(len(row["built"]["destinationRules"]) for row in recorded()) == 53
    assert list(compare_routes("seldon", ISTIO)) == []


def test_ours_take_the_place_of_seldon_s_and_differ_in_their_labels_only():
    differences = list(compare_routes("graphgate", RECORDED))
    assert {difference.path.partition("/")[2] for difference in differences} == {"metadata/labels"}


def test_a_predictor_without_requests_keeps_its_place_in_the_route():
    spec = _virtual_service({"name": "a", "traffic": 100}, {"name": "b", "traffic": 0})["spec"]
    assert [route["weight"] for route in spec["http"][0]["route"]] == [100, 0]
    assert [route["weight"] for route in spec["http"][1]["route"]] == [100, 0]


def test_tls_to_the_predictors_is_as_set():
    routing = RoutingOptions(kind="istio", istio_tls_mode="ISTIO_MUTUAL")
    rule = render(build({"name": "a"}), routing)[1].object
    assert rule["spec"]["trafficPolicy"] == {"tls": {"mode": "ISTIO_MUTUAL"}}


def test_retries_that_are_no_number_are_none():
    document = build({"name": "a"})
    for value in ("3x", "-1", "", "٣", "+-3", "99999999999"):
        document["spec"]["annotations"] = {"seldon.io/istio-retries": value}
        assert "retries" not in render(document, ISTIO)[0].object["spec"]["http"][0], value


def test_a_try_takes_as_long_as_its_annotation_says():
    notes = {"seldon.io/istio-retries": "3", "seldon.io/istio-retries-timeout": "7"}
    route = render(build({"name": "a"}, annotations=notes), ISTIO)[0]
    place = ("spec", "http", 0, "retries", "perTryTimeout")
    assert route.object["spec"]["http"][0]["retries"]["perTryTimeout"] == "7s"
    assert str(route.trace(place)).endswith('annotations["seldon.io/istio-retries-timeout"]')
    del notes["seldon.io/istio-retries-timeout"]
    route = render(build({"name": "a"}, annotations=notes), ISTIO)[0]
    assert route.object["spec"]["http"][0]["retries"]["perTryTimeout"] == "1s"
    assert str(route.trace(place)).endswith('annotations["seldon.io/istio-retries"]')


def test_tls_to_an_explainer_is_as_set_too():
    routing = RoutingOptions(kind="istio", istio_tls_mode="ISTIO_MUTUAL")
    explainer = {"type": "AnchorTabular", "modelUri": "gs://models.example/e"}
    routes = render(build({"name": "a", "explainer": explainer}), routing)
    policies = [r.object["spec"]["trafficPolicy"] for r in routes if r.kind == "DestinationRule"]
    assert policies == [{"tls": {"mode": "ISTIO_MUTUAL"}}] * 2
