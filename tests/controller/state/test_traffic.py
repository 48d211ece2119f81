"""When weights move, and what stays while routes lead to it."""

from copy import deepcopy
from dataclasses import replace

import pytest

from tests.controller.state.lives import stored_object
from tests.documents_of import with_predictor
from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.plan import Delete, OwnerRef, plan_actions, to_desired
from webhook.controller.state.route_stages import shares
from webhook.controller.state.routes import GatewayCondition, read_route
from webhook.controller.state.traffic import find_kept, hold_routes, why_not_serving
from webhook.graph.parse import parse
from webhook.rendering.options import RenderOptions
from webhook.rendering.render import render
from webhook.rendering.routes.options import RoutingOptions
from webhook.rendering.routes.render import render_routes

OWNER = OwnerRef("machinelearning.seldon.io/v1", "iris", "1111")
GATEWAY = RenderOptions(routing=RoutingOptions(kind="gateway-api", gateway="infra/public"))
ISTIO = RenderOptions(routing=RoutingOptions(kind="istio"))
ROUTE = ("HTTPRoute", "iris")


def document_of(explainer=(), **weights):
    document = with_predictor()
    first = document["spec"]["predictors"][0]
    document["spec"]["predictors"] = [
        {**deepcopy(first), "name": name, "traffic": weight} for name, weight in weights.items()
    ]
    for one in document["spec"]["predictors"]:
        if one["name"] in explainer:
            one["explainer"] = {"type": "AnchorTabular", "modelUri": "gs://bucket/explainer"}
    return document


def desired_of(document, options=GATEWAY):
    view = parse(document)
    rendered = (*render(view, options), *render_routes(view, options, namespace="models"))
    return [to_desired(one, OWNER, "models") for one in rendered]


def observe(desired, **status):
    return {
        one.key: ObservedObject.from_object(stored_object(one, **status), one.key[0])
        for one in desired
    }


def weights(one):
    rules = one.object["spec"].get("rules") or one.object["spec"]["http"]
    backends = rules[0].get("backendRefs") or rules[0]["route"]
    return [backend.get("weight") for backend in backends]


def gate(desired, observed, *waiting, unsettled=""):
    """Gate the routes while these Services do not serve; return what is done, and who was asked."""
    asked = []

    def check(service):
        asked.append(service)
        return f"{service} waits" if service in waiting else ""

    gated = hold_routes(desired, observed, check, lambda: unsettled)
    return gated, sorted(set(asked))


def route_in(gated):
    return next(one for one in gated.desired if one.key[0] in ("HTTPRoute", "VirtualService"))


def backends_of(one):
    """Return the Services of a route's first rule, each with its weight."""
    rule = (one.object["spec"].get("rules") or one.object["spec"]["http"])[0]
    return [
        (backend.get("name") or backend["destination"]["host"].partition(".")[0], weight)
        for backend, weight in zip(
            rule.get("backendRefs") or rule["route"], weights(one), strict=True
        )
    ]


def steps(old, new, *, waiting=()):
    """Return the forms of the first rule until nothing changes, each with what it waits for."""
    observed = observe(old) | {k: v for k, v in observe(new).items() if k[0] != route_in_keys(new)}
    seen: list[list[tuple[str, int]]] = []
    for unsettled in ("a moment", "", "a moment", "", "a moment", ""):
        gated, _ = gate(new, observed, *waiting, unsettled=unsettled)
        route = route_in(gated)
        if gated.held or (seen and backends_of(route) == seen[-1]):
            continue
        seen.append(backends_of(route))
        observed |= observe([route])
    final = observed[route_in(gated).key].digest == next(
        one.digest for one in new if one.key == route_in(gated).key
    )
    return seen, final


def route_in_keys(desired):
    return next(one.key[0] for one in desired if one.key[0] in ("HTTPRoute", "VirtualService"))


MAIN, OTHER = "iris-main", "iris-canary"


@pytest.mark.parametrize("options", [GATEWAY, ISTIO])
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"main": 100},
            {"main": 75, "canary": 25},
            [[(MAIN, 100), (OTHER, 0)], [(MAIN, 75), (OTHER, 25)]],
        ),
        (
            {"main": 75, "canary": 25},
            {"main": 0, "canary": 100},
            [[(MAIN, 0), (OTHER, 100)]],
        ),
        (
            {"main": 75, "canary": 25},
            {"canary": 100},
            [[(OTHER, 100), (MAIN, 0)], [(OTHER, 100)]],
        ),
        (
            {"main": 100},
            {"canary": 100},
            [[(OTHER, 0), (MAIN, 100)], [(OTHER, 100), (MAIN, 0)], [(OTHER, 100)]],
        ),
    ],
)
def test_a_route_goes_through_steps_that_its_gateway_takes_up(options, before, after, expected):
    old, new = (desired_of(document_of(**weights), options) for weights in (before, after))
    seen, is_final = steps(old, new)
    assert [[(n, w or 100) for n, w in one if w or len(one) == 1] for one in seen] == [
        [(n, w) for n, w in one if w] for one in expected
    ]
    assert [[name for name, _ in one] for one in seen] == [
        [name for name, _ in one] for one in expected
    ]
    assert is_final


@pytest.mark.parametrize("options", [GATEWAY, ISTIO])
def test_a_weight_grows_only_when_what_it_leads_to_serves(options):
    old, new = (
        desired_of(document, options)
        for document in (document_of(main=100), document_of(main=75, canary=25))
    )
    gated, asked = gate(new, observe(old), OTHER)
    assert asked == [OTHER]
    assert list(gated.staged.values()) == ["iris-canary waits"]
    assert backends_of(route_in(gated)) == [(MAIN, 100), (OTHER, 0)]
    # That form is what it should be for now: it is not written again.
    again, _ = gate(new, observe(gated.desired), OTHER)
    assert route_in(again).digest == route_in(gated).digest
    # What else has changed in the document does not wait.
    hosts = replace(options, routing=replace(options.routing, hosts=("a.example",)))
    moved, _ = gate(desired_of(document_of(main=75, canary=25), hosts), observe(old), OTHER)
    spec = route_in(moved).object["spec"]
    assert (spec.get("hostnames") or spec["hosts"]) == ["a.example"]


def test_a_route_with_a_step_to_go_lets_nothing_be_deleted():
    old, new = desired_of(document_of(main=100, old=0)), desired_of(document_of(main=100))
    observed = observe(old)
    gated, _ = gate(new, observed, unsettled="a moment")
    observed |= observe(gated.desired)
    deletes = lambda final: [  # noqa: E731
        a
        for a in plan_actions(gated.desired, observed, {}, is_final=final)
        if isinstance(a, Delete)
    ]
    assert gated.staged
    assert deletes(final=False) == []
    assert len(deletes(final=True)) == 3


def test_the_way_back_asks_the_one_that_grows():
    old, new = desired_of(document_of(main=75, canary=25)), desired_of(document_of(main=100))
    assert backends_of(route_in(gate(new, observe(old), OTHER)[0])) == [(MAIN, 100), (OTHER, 0)]
    gated, _ = gate(new, observe(old), MAIN)
    assert gated.staged == {ROUTE: "iris-main waits"}
    assert backends_of(route_in(gated)) == [(MAIN, 75), (OTHER, 25)]
    shifted = desired_of(document_of(main=0, canary=100))
    assert gate(shifted, observe(old), MAIN)[0].staged == {}


def test_a_change_that_moves_no_weight_waits_for_nobody():
    desired = desired_of(document_of(main=75, canary=25))
    moved = replace(GATEWAY, routing=replace(GATEWAY.routing, hosts=("a.example",)))
    gated, asked = gate(desired_of(document_of(main=75, canary=25), moved), observe(desired))
    assert (asked, gated.held, gated.staged) == ([], {}, {})


@pytest.mark.parametrize("options", [GATEWAY, ISTIO])
def test_a_new_route_begins_with_what_serves(options):
    desired = desired_of(document_of(main=75, canary=25), options)
    gated, _ = gate(desired, {}, OTHER)
    assert weights(route_in(gated)) == [75, 0]
    assert list(gated.staged.values()) == ["iris-canary waits"]
    assert gated.held == {}
    # It is what it should be for now, and is not written again.
    observed = observe(gated.desired)
    again, _ = gate(desired, observed, OTHER)
    assert route_in(again).digest == route_in(gated).digest
    assert weights(route_in(gate(desired, observed)[0])) == [75, 25]


def test_a_new_route_waits_for_the_first_that_serves():
    desired = desired_of(document_of(main=75, canary=25))
    gated, _ = gate(desired, {}, OTHER, MAIN)
    assert gated.held == {ROUTE: "iris-canary waits; iris-main waits"}


def test_an_explainer_that_does_not_start_holds_up_no_weight():
    old = desired_of(document_of(main=75, canary=25))
    new = desired_of(document_of(main=25, canary=75, explainer=["canary"]))
    gated, _ = gate(new, observe(old), "iris-canary-explainer")
    assert gated.held == {}
    assert weights(route_in(gated)) == [25, 75]


def test_a_predictor_serves_when_its_deployments_are_rolled_out():
    desired = desired_of(document_of(main=75, canary=25, explainer=["canary"]))
    assert why_not_serving("iris-canary", desired, observe(desired)) == ""
    observed = observe(desired)
    deployment = next(k for k in observed if k[0] == "Deployment" and "canary" in k[1])
    del observed[deployment]
    reason = f"Deployment {deployment[1]} is not ready"
    assert why_not_serving("iris-canary", desired, observed) == reason
    assert why_not_serving("iris-main", desired, observed) == ""


def test_a_predictor_and_its_explainer_are_looked_at_apart():
    desired = desired_of(document_of(main=75, canary=25, explainer=["canary"]))
    observed = observe(desired)
    del observed["Deployment", "iris-canary-explainer"]
    assert why_not_serving("iris-canary", desired, observed) == ""
    reason = "Deployment iris-canary-explainer is not ready"
    assert why_not_serving("iris-canary-explainer", desired, observed) == reason


def foreign(name="old", *services):
    route = [{"destination": {"host": f"{service}.models.svc"}} for service in services]
    obj = {"metadata": {"namespace": "istio", "name": name}, "spec": {"http": [{"route": route}]}}
    return read_route(obj, "VirtualService")


def test_what_a_route_leads_to_stays_with_all_that_answers_there():
    observed = observe(desired_of(document_of(main=75, canary=25)))
    desired = desired_of(document_of(main=100))
    observed |= observe(desired)
    stale = {key for key in observed if "canary" in key[1]}
    assert stale
    reason = "VirtualService istio/old sends traffic to Service iris-canary"
    kept = find_kept(desired, observed, [foreign("old", "iris-canary")], "", "models")
    assert kept == dict.fromkeys(stale, reason)
    assert find_kept(desired, observed, [foreign("old", "iris-main")], "", "models") == {}
    assert find_kept(desired, observed, [foreign("old", "iris-canary")], "", "elsewhere") == {}
    assert find_kept(desired, observed, [], "a moment", "models") == dict.fromkeys(
        stale, "a moment"
    )


def test_one_predictor_goes_while_another_one_stays():
    observed = observe(desired_of(document_of(main=50, a=25, b=25)))
    desired = desired_of(document_of(main=100))
    observed |= observe(desired)
    kept = find_kept(desired, observed, [foreign("old", "iris-a")], "", "models")
    assert {key for key in observed if "-a" in key[1]} == set(kept)
    actions = plan_actions(desired, observed, {}, kept=kept)
    assert {a.observed.key for a in actions if isinstance(a, Delete)} == {
        key for key in observed if "-b" in key[1]
    }


def test_a_route_of_a_container_keeps_its_predictor():
    observed = observe(desired_of(document_of(main=75, canary=25)))
    desired = desired_of(document_of(main=100))
    observed |= observe(desired)
    service = next(n for k, n in observed if k == "Service" and n.startswith("iris-canary-"))
    kept = find_kept(desired, observed, [foreign("old", service)], "", "models")
    assert {key for key in observed if "canary" in key[1]} == set(kept)


def test_a_route_of_another_kind_of_gateway_stays_until_the_new_one_is_in_force():
    document = document_of(main=100)
    old = {
        key: child
        for key, child in observe(desired_of(document, ISTIO)).items()
        if child.is_routing
    }
    desired = desired_of(document)
    observed = observe(desired) | old
    assert {kind for kind, _ in old} == {"VirtualService", "DestinationRule"}
    assert find_kept(desired, observed, [], "a moment", "models") == dict.fromkeys(old, "a moment")
    assert find_kept(desired, observed, [], "", "models") == {}
    route = observed[ROUTE].route
    says = GatewayCondition("infra/public", "Accepted", "False", "NoMatchingParent", "")
    observed[ROUTE] = replace(observed[ROUTE], route=replace(route, conditions=(says,)))
    refusal = "Gateway infra/public does not accept HTTPRoute models/iris: NoMatchingParent"
    kept = find_kept(desired, observed, [], "", "models")
    assert kept == dict.fromkeys(old, refusal)
    assert plan_actions(desired, observed, {}, kept=kept) == ()
    # Without routing of any kind there is nothing to wait for.
    without = desired_of(document, RenderOptions())
    assert find_kept(without, observe(without) | old, [], "a moment", "models") == {}


def test_a_route_of_the_same_kind_of_gateway_goes_at_once():
    document = document_of(main=100)
    separate = replace(GATEWAY.routing, grpc_hosts=("grpc.example.com",))
    before = observe(desired_of(document, replace(GATEWAY, routing=separate)))
    desired = desired_of(document)
    (stale,) = before.keys() - {one.key for one in desired}
    assert stale[0] == "GRPCRoute"
    assert find_kept(desired, observe(desired) | before, [], "a moment", "models") == {}


def test_routes_of_seldons_operator_stay_unless_we_make_routes_of_their_kind():
    made = desired_of(document_of(main=100), ISTIO)
    observed = observe(made)
    seldon = {
        key: replace(child, digest="") if key[0] in ("VirtualService", "DestinationRule") else child
        for key, child in observed.items()
    }
    without = desired_of(document_of(main=100), RenderOptions())
    deleted = lambda actions: {a.observed.key[0] for a in actions if isinstance(a, Delete)}  # noqa: E731
    assert deleted(plan_actions(without, seldon, {})) == set()
    assert deleted(plan_actions(without, observed, {})) == {"VirtualService", "DestinationRule"}
    gateway = [*desired_of(document_of(main=100))]
    assert deleted(plan_actions(gateway, seldon | observe(gateway), {})) == set()


def test_what_has_no_weight_gets_the_rest():
    spec = {"service": "iris-canary.models", "weight": 25, "prefix": "/"}
    mappings = [
        read_route({"metadata": {"namespace": "models"}, "spec": one}, "Mapping").rules[0]
        for one in (spec, {"service": "iris-main.models", "prefix": "/"})
    ]
    split = shares(d for rule in mappings for d in rule.destinations)
    assert split == {("models", "iris-canary"): 0.25, ("models", "iris-main"): 0.75}


def mappings(document):
    options = RenderOptions(routing=RoutingOptions(kind="ambassador"))
    return [one for one in desired_of(document, options) if one.key[0] == "Mapping"]


def test_mappings_are_one_split_and_wait_together():
    # The first Mapping has no weight: it gets what the others leave.
    old, new = (mappings(document_of(a=50, b=b, c=c)) for b, c in ((25, 25), (10, 40)))
    assert gate(new, observe(old))[0].held == {}
    gated, asked = gate(new, observe(old), "iris-c")
    assert asked == ["iris-c"]
    assert set(gated.held) == {one.key for one in new if "-b-" in one.key[1] or "-c-" in one.key[1]}
    gated, _ = gate(new, {}, "iris-c")
    assert set(gated.held) == {one.key for one in new if "-c-" in one.key[1]}
