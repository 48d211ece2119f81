"""Where the parts of a route come from; and that nothing is routed unless it is asked for."""

import pytest

from tests.rendering.routes.documents import build, render
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions

GATEWAY = RoutingOptions(kind="gateway-api", gateway="gateways/public")
CANARY = ({"name": "main", "traffic": 75}, {"name": "canary", "traffic": 25})


def test_nothing_is_routed_by_default():
    assert NO_ROUTING.kind == "none"
    assert list(render(build(*CANARY), NO_ROUTING)) == []


def weights(*predictors):
    (route,) = (each for each in render(build(*predictors), GATEWAY) if each.kind == "HTTPRoute")
    places = ("spec", "rules", 0, "backendRefs")
    found = route.object["spec"]["rules"][0]["backendRefs"]
    return [
        (ref["weight"], str(route.trace((*places, index, "weight"))))
        for index, ref in enumerate(found)
    ]


def test_a_weight_that_was_written_comes_from_there():
    assert weights(*CANARY) == [
        (75, "spec.predictors[0].traffic"),
        (25, "spec.predictors[1].traffic"),
    ]


def test_only_what_was_written_of_a_weight_is_the_authors():
    def authored(*predictors):
        routes = render(build(*predictors), GATEWAY)
        (route,) = (each for each in routes if each.kind == "HTTPRoute")
        refs = route.source_map.parts["spec"].parts["rules"].parts[0].parts["backendRefs"]
        return [refs.parts[index].parts["weight"].is_copied for index in range(len(predictors))]

    assert authored(*CANARY) == [True, True]
    assert authored({"name": "main"}) == [False]
    assert authored({"name": "main", "traffic": 100}, {"name": "canary"}) == [True, False]


@pytest.mark.parametrize("field", ["certSecretName"])
def test_a_context_of_tls_comes_from_its_secret(field):
    document = build({"name": "main", "ssl": {field: "s"}})
    rendered = render(document, RoutingOptions(kind="ambassador"))
    (context,) = (each for each in rendered if each.kind == "TLSContext")
    assert str(context.trace(())) == f"spec.predictors[0].ssl.{field}"
    assert str(context.trace(("spec", "secret"))) == f"spec.predictors[0].ssl.{field}"


def test_a_mapping_comes_from_the_predictor_or_its_explainer():
    document = build({"name": "main", "explainer": {"type": "ALE"}})
    rendered = render(document, RoutingOptions(kind="ambassador"))
    places = {each.name: str(each.trace(("spec", "prefix"))) for each in rendered}
    assert places["seldon-team-iris-main-rest"] == "spec.predictors[0]"
    assert places["seldon-team-iris-main-explainer-rest"] == "spec.predictors[0].explainer"


@pytest.mark.parametrize("kind", ["istio", "ambassador", "gateway-api"])
def test_without_a_namespace_nothing_stands_for_one(kind):
    document, routing = build(*CANARY, namespace=""), RoutingOptions(kind=kind, gateway="a/b")
    assert "~" not in str([route.object for route in render(document, routing)])
    named = render(document, routing, namespace="")
    assert [r.object for r in named] == [r.object for r in render(document, routing)]
