"""What the condition TrafficRouted says, compared whole."""

from copy import deepcopy
from dataclasses import replace

import pytest

from tests.controller.state.lives import stored_object
from tests.controller.state.test_traffic import GATEWAY, ISTIO, desired_of, document_of
from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.progress import ReconcileError, ReconcileState
from webhook.controller.state.routes import read_route
from webhook.controller.state.status import build_status
from webhook.controller.state.traffic import TrafficStep
from webhook.controller.state.traffic_status import find_traffic_verdict
from webhook.graph.parse import parse
from webhook.rendering.options import RenderOptions

ROUTE = ("HTTPRoute", "iris")
OLD = "VirtualService istio/old"
PARENT = {"namespace": "infra", "name": "public"}


def answer(**statuses):
    """Return what a gateway says of the present generation."""
    conditions = [
        {"type": kind, "status": status, "reason": "Reason", "observedGeneration": 1}
        for kind, status in statuses.items()
    ]
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", **PARENT}
    return {"parents": [{"parentRef": parent, "conditions": conditions}]}


def state_of(document, options, *, status=None, others=(), was=None, **fields):
    """Return what a pass finds; `was`: the document that the live routes are of."""
    desired = desired_of(document, options)
    observed = {}
    for one in desired_of(was, options) if was else desired:
        obj = stored_object(one)
        if one.key[0] == "HTTPRoute" and status is not None:
            obj["status"] = status
        observed[one.key] = ObservedObject.from_object(obj, one.key[0])
    routes = [read_route(obj, kind) for kind, obj in others]
    traffic = TrafficStep((), others=tuple(routes), **fields.pop("traffic", {}))
    return ReconcileState(1, desired, observed, traffic=traffic, **fields)


def verdict(document, options=RenderOptions(), **fields):  # noqa: B008 — frozen
    found = find_traffic_verdict(parse(document), state_of(document, options, **fields))
    return found and tuple(found)


def virtual_service(name="old", **weights):
    route = [
        {"destination": {"host": f"iris-{predictor}.models.svc"}, "weight": weight}
        for predictor, weight in weights.items()
    ]
    metadata = {"namespace": "istio", "name": name, "uid": name}
    return "VirtualService", {"metadata": metadata, "spec": {"http": [{"route": route}]}}


def mapping(predictor, **fields):
    metadata = {"namespace": "models", "name": predictor, "uid": predictor}
    spec = {"prefix": "/seldon/", "service": f"iris-{predictor}.models:8000", **fields}
    return "Mapping", {"metadata": metadata, "spec": spec}


CANARY = document_of(main=75, canary=25)


def shadowed():
    document = deepcopy(document_of(main=100, shadow=0))
    document["spec"]["predictors"][1]["shadow"] = True
    return document


@pytest.mark.parametrize(
    ("document", "others", "expected"),
    [
        (CANARY, [], ("False", "NothingRoutes", "no routes: 75/25 is not enforced")),
        (
            document_of(main=0, canary=100),
            [],
            ("False", "NothingRoutes", "no routes: 0/100 is not enforced"),
        ),
        (
            shadowed(),
            [],
            ("False", "NothingRoutes", "no routes: shadow shadow receives no copies"),
        ),
        (
            CANARY,
            [virtual_service(main=25, canary=75)],
            (
                "False",
                "OtherWeights",
                f"{OLD} sends 25/75: 75/25 is not enforced",
            ),
        ),
        (
            CANARY,
            [virtual_service(main=100)],
            (
                "False",
                "OtherWeights",
                f"{OLD} sends 100/0: 75/25 is not enforced",
            ),
        ),
        (
            CANARY,
            [virtual_service(main=75, canary=25)],
            (
                "True",
                "RoutedByOther",
                "VirtualService istio/old: main 75, canary 25; not managed by graphgate",
            ),
        ),
        (
            CANARY,
            [mapping("main"), mapping("canary", weight=25)],
            (
                "True",
                "RoutedByOther",
                "Mapping models/main, canary: main 75, canary 25; not managed by graphgate",
            ),
        ),
        (
            CANARY,
            [mapping("main"), mapping("canary", weight=50)],
            (
                "False",
                "OtherWeights",
                "Mapping models/main, canary sends 50/50: 75/25 is not enforced",
            ),
        ),
        (document_of(main=100), [], None),
        (document_of(main=100), [virtual_service(main=100)], None),
    ],
)
def test_without_routing_it_says_whether_anything_splits(document, others, expected):
    assert verdict(document, others=others) == expected


def test_routes_of_another_gateway_that_was_set_before_are_named():
    state = state_of(CANARY, ISTIO)
    before = state_of(CANARY, GATEWAY)
    observed = {**before.observed, **state.observed}
    found = find_traffic_verdict(parse(CANARY), replace(state, observed=observed))
    text = "VirtualService models/iris: main 75, canary 25; HTTPRoute models/iris is obsolete"
    assert found == ("True", "Routed", text)


def test_a_gateway_that_accepts_routes():
    found = verdict(CANARY, GATEWAY, status=answer(Accepted="True", ResolvedRefs="True"))
    text = "HTTPRoute models/iris: main 75, canary 25 (Gateway infra/public)"
    assert found == ("True", "Routed", text)
    found = verdict(CANARY, ISTIO)
    assert found == ("True", "Routed", "VirtualService models/iris: main 75, canary 25")


@pytest.mark.parametrize("kind", ["Accepted", "ResolvedRefs", "Programmed"])
def test_a_gateway_that_refuses_is_quoted(kind):
    found = verdict(CANARY, GATEWAY, status=answer(**{kind: "False", "Other": "False"}))
    text = f"Gateway infra/public: HTTPRoute models/iris: {kind} False: Reason"
    assert found == ("False", "NotAccepted", text)


def test_a_gateway_that_says_nothing_is_not_known_to_route():
    text = "Gateway infra/public has not accepted the current version of HTTPRoute models/iris"
    assert verdict(CANARY, GATEWAY, status={}) == ("Unknown", "NoAnswer", text)


def test_weights_that_wait_are_those_in_force_and_the_reason():
    traffic = {"held": {ROUTE: "Deployment iris-canary-0-classifier is not ready"}}
    found = verdict(
        CANARY,
        GATEWAY,
        status=answer(Accepted="True"),
        was=document_of(main=100),
        traffic=traffic,
    )
    assert found == (
        "False",
        "Waiting",
        "HTTPRoute models/iris sends 100/0: Deployment iris-canary-0-classifier is not ready",
    )


def test_a_missing_type_is_named():
    unserved = {ROUTE: "the cluster has no type HTTPRoute"}
    document = document_of(main=100)
    found = verdict(document, GATEWAY, unserved=unserved)
    assert found == ("False", "TypeNotInstalled", "the cluster has no type HTTPRoute")


def test_somebody_elses_route_beside_ours_is_named():
    others = [virtual_service(main=25, canary=75)]
    found = verdict(CANARY, GATEWAY, status=answer(Accepted="True"), others=others)
    text = (
        "VirtualService istio/old sends 25/75 in addition to graphgate's routes, which send 75/25"
    )
    assert found == ("False", "OtherWeights", text)


def test_a_document_that_is_left_alone_is_not_known_to_be_routed():
    state = replace(
        state_of(CANARY, GATEWAY), desired=(), error=ReconcileError("ValidationFailed", "why")
    )
    assert find_traffic_verdict(parse(CANARY), state) == ("Unknown", "ValidationFailed", "")


def test_the_condition_stands_in_the_status_and_does_not_make_it_unavailable():
    state = state_of(CANARY, RenderOptions())
    status = build_status(parse(CANARY), state, {}, "2026-01-01T00:00:00Z")
    assert status["state"] == "Available"
    found = [c for c in status["conditions"] if c["type"] == "TrafficRouted"]
    assert found == [
        {
            "type": "TrafficRouted",
            "status": "False",
            "reason": "NothingRoutes",
            "message": "no routes: 75/25 is not enforced",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ]


def test_what_stays_for_a_route_says_so():
    state = state_of(CANARY, GATEWAY, was=document_of(main=50, old=50))
    reason = "VirtualService istio/old sends traffic to Service iris-old"
    name = "iris-old-0-classifier"
    traffic = replace(state.traffic, kept={("Deployment", name): reason})
    status = build_status(parse(CANARY), replace(state, traffic=traffic), {}, "now")
    assert status["deploymentStatus"][name]["description"] == f"it is kept: {reason}"


def test_a_route_to_a_predictor_that_was_removed_is_named():
    others = [virtual_service(main=50, old=50)]
    was = document_of(main=50, old=50)
    text = f"{OLD} sends traffic to iris-old, which is not part of the object"
    found = verdict(CANARY, GATEWAY, status=answer(Accepted="True"), was=was, others=others)
    assert found == ("False", "OtherWeights", text)


def test_a_route_to_a_removed_predictor_is_named_beside_a_single_one():
    others = [virtual_service(main=50, old=50)]
    was = document_of(main=50, old=50)
    text = f"{OLD} sends traffic to iris-old, which is not part of the object"
    found = verdict(document_of(main=100), was=was, others=others)
    assert found == ("False", "OtherWeights", text)


def test_a_rule_for_testers_is_no_other_split():
    kind, route = virtual_service(main=75, canary=25)
    _, testers = virtual_service(canary=100)
    route["spec"]["http"].insert(0, testers["spec"]["http"][0])
    assert verdict(CANARY, others=[(kind, route)])[:2] == ("True", "RoutedByOther")
