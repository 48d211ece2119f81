"""What is asked about endpoints and gateways, and how long is waited."""

import pytest

from tests.controller.fakes import Clock, FakeCluster
from tests.controller.state.lives import stored_object
from tests.controller.state.test_traffic import desired_of, document_of, observe
from webhook.controller.api import ResourceClient
from webhook.controller.cache import Cache
from webhook.controller.route_index import RouteIndex
from webhook.controller.route_settling import (
    ANSWER_PATIENCE_SECONDS,
    SETTLE_SECONDS,
    RouteSettling,
)
from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.routes import ObservedRoute, read_route
from webhook.controller.traffic_director import MAX_ENDPOINT_CHECK_SECONDS, TrafficDirector
from webhook.errors import KubeApiUnavailableError

SLICES = (
    "/apis/discovery.k8s.io/v1/namespaces/models/endpointslices"
    "?labelSelector=kubernetes.io%2Fservice-name+in+%28iris-canary%29"
)
ROUTE = ("HTTPRoute", "iris")


class World:
    """A director, its API server, and an object whose canary is to get a quarter."""

    def __init__(self):
        self.cluster, self.clock = FakeCluster(), Clock()
        api = ResourceClient(self.cluster, throttle=lambda: None, on_request=lambda *_: None)
        self.director = TrafficDirector(api, Cache(lambda *_: None), self.clock)
        self.old = desired_of(document_of(main=100))
        self.new = desired_of(document_of(main=75, canary=25))
        self.observed = observe(self.new) | observe([one for one in self.old if one.key == ROUTE])

    def look(self):
        """Return the step, and what was asked."""
        step = self.director.direct(self.new, self.observed, "1111", "models")
        asked = [path for _, path in self.cluster.requests]
        self.cluster.requests.clear()
        return step, asked

    def set_endpoints(self, *ready):
        """Write the EndpointSlice of the canary."""
        endpoints = [{"conditions": {} if one is None else {"ready": one}} for one in ready]
        labels = {"kubernetes.io/service-name": "iris-canary"}
        slices = [{"metadata": {"labels": labels}, "endpoints": endpoints}]
        self.cluster.objects[SLICES] = {"metadata": {}, "items": slices}

    def apply(self, step, *, answered):
        """Have the route as the step has it; `answered`: its gateway says so."""
        one = next(one for one in step.objects if one.key == ROUTE)
        obj = stored_object(one)
        obj["metadata"]["generation"] = generation = self.generation() + 1
        condition = {"type": "Accepted", "status": "True", "observedGeneration": generation}
        parents = [
            {"parentRef": parent, "conditions": [condition]} for parent in obj["spec"]["parentRefs"]
        ]
        obj["status"] = {"parents": parents if answered else []}
        self.observed[ROUTE] = ObservedObject.from_object(obj, "HTTPRoute")

    def generation(self):
        return self.observed[ROUTE].route.generation


def test_endpoints_are_asked_for_only_while_a_weight_is_to_grow():
    world = World()
    world.set_endpoints(True)
    step, asked = world.look()
    assert asked == [SLICES]
    assert step.staged == {ROUTE: "waiting for the gateway to accept iris-canary"}
    world.observed = observe(world.new)
    step, asked = world.look()
    assert (asked, step.staged, step.held, step.requeue_after) == ([], {}, {}, None)


@pytest.mark.parametrize(
    ("ready", "serves"), [([], False), ([False], False), ([False, True], True), ([None], True)]
)
def test_one_ready_endpoint_is_enough(ready, serves):
    world = World()
    world.set_endpoints(*ready)
    reason = world.look()[0].staged[ROUTE]
    assert (reason == "Service iris-canary has no ready endpoint") is not serves


def test_endpoints_that_do_not_come_are_asked_for_ever_more_rarely():
    world = World()
    world.set_endpoints()
    delays = [world.look()[0].requeue_after for _ in range(8)]
    assert delays[:3] == [1.0, 2.0, 4.0]
    assert delays[-1] == MAX_ENDPOINT_CHECK_SECONDS


def test_endpoints_that_may_not_be_read_are_told_and_no_answer_is_no_answer():
    world = World()
    world.cluster.answers["GET", "endpointslices"] = (403, "forbidden")
    reason = world.look()[0].staged[ROUTE]
    assert reason.startswith("cannot read the endpoints of Service iris-canary: ")
    world.cluster.answers["GET", "endpointslices"] = (503, "later")
    with pytest.raises(KubeApiUnavailableError):
        world.look()


def test_the_weights_move_when_the_gateway_knows_the_new_backend():
    world = World()
    world.set_endpoints(True)
    world.apply(world.look()[0], answered=False)
    step, _ = world.look()
    silent = "Gateway infra/public has not accepted the current version of HTTPRoute models/iris"
    assert (step.staged, step.requeue_after) == ({ROUTE: silent}, ANSWER_PATIENCE_SECONDS)
    world.apply(step, answered=True)
    step, _ = world.look()
    assert (list(step.staged), step.requeue_after) == ([ROUTE], SETTLE_SECONDS)
    world.clock.now += SETTLE_SECONDS
    step, _ = world.look()
    assert step.staged == {}
    assert next(one for one in step.objects if one.key == ROUTE) in world.new


def route_of(uid="u", generation=1, answered=True):
    parents = (("infra/public", answered),)
    return ObservedRoute("HTTPRoute", "models", "iris", uid, "", generation, (), parents)


def test_each_change_of_the_routes_begins_the_time_anew():
    clock = Clock()
    settling = RouteSettling(clock)
    assert settling.check("1", []) == ("", None)
    changed = "its routes changed a moment ago"
    assert settling.check("1", [route_of()]) == (changed, SETTLE_SECONDS)
    clock.now += SETTLE_SECONDS - 1
    assert settling.check("1", [route_of()]) == (changed, 1.0)
    clock.now += 1
    assert settling.check("1", [route_of()]) == ("", None)
    assert settling.check("1", [route_of(generation=2)])[1] == SETTLE_SECONDS
    clock.now += SETTLE_SECONDS
    assert settling.check("1", [route_of(generation=2)]) == ("", None)
    # A route that goes is a change, too; so is the last one.
    assert settling.check("1", []) == (changed, SETTLE_SECONDS)
    clock.now += SETTLE_SECONDS
    assert settling.check("1", []) == ("", None)


def test_weights_do_not_wait_for_an_answer_for_ever_and_what_is_deleted_does():
    clock = Clock()
    settling = RouteSettling(clock)
    silent = [route_of(answered=False)]
    reason = "Gateway infra/public has not accepted the current version of HTTPRoute models/iris"
    assert settling.check("1", silent, patience=60.0) == (reason, 60.0)
    assert settling.check("1", silent) == (reason, None)
    clock.now += 60.0
    assert settling.check("1", silent, patience=60.0) == ("", None)
    assert settling.check("1", silent) == (reason, None)
    # An answer that comes late begins the time anew.
    assert settling.check("1", [route_of()], patience=60.0)[1] == SETTLE_SECONDS


def test_no_answer_is_waited_for_to_a_route_that_leaves():
    clock = Clock()
    settling = RouteSettling(clock)
    leaving = [route_of("old", answered=False)]
    changed = "its routes changed a moment ago"
    assert settling.check("1", [route_of()], leaving) == (changed, SETTLE_SECONDS)
    clock.now += SETTLE_SECONDS
    assert settling.check("1", [route_of()], leaving) == ("", None)
    # That it has gone is a change.
    assert settling.check("1", [route_of()]) == (changed, SETTLE_SECONDS)


def test_routes_are_found_by_the_services_that_they_lead_to():
    def virtual_service(name, host):
        spec = {"http": [{"route": [{"destination": {"host": host}}]}]}
        metadata = {"namespace": "a", "name": name}
        return read_route({"metadata": metadata, "spec": spec}, "VirtualService")

    index = RouteIndex()
    old, new = virtual_service("r", "x.b"), virtual_service("r", "y")
    assert index.replace(None, old) == {("b", "x")}
    assert index.leading_to([("b", "x"), ("b", "y")]) == (old,)
    assert index.replace(old, new) == {("b", "x"), ("a", "y")}
    assert index.leading_to([("b", "x")]) == ()
    assert index.leading_to([("a", "y")]) == (new,)
    index.replace(new, None)
    assert index.leading_to([("a", "y")]) == ()
