"""Routes of graphgate's under a real gateway: Contour and Envoy, and requests that are counted."""

import json
import math
import os
import time
from contextlib import ExitStack
from copy import deepcopy

import pytest

from tests.apiserver.conftest import provide
from tests.apiserver.gateway_traffic import Backends, Client, GrpcBackends, GrpcClient, Pods
from tests.apiserver.reconciling import (
    Namespace,
    Reconciler,
    eventually,
    namespace_of_own,
    plane_of_own,
)
from tests.documents_of import minimal, with_predictor
from tools.control_plane.definitions import SOURCES
from tools.gateway.build import find_envoy, provide_contour
from tools.gateway.network import private_network
from tools.gateway.run import NAME, NAMESPACE, Gateway

ROUTES = "/apis/gateway.networking.k8s.io/v1"
HTTP_ROUTE = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
NEVER_READY = {"tests.graphgate.io/never-ready": "true"}
EXECUTOR = ("--executor-image", "registry.example/executor:1")
FLAGS = (
    *("--routing", "gateway-api", "--routing-gateway", f"{NAMESPACE}/{NAME}"),
    *("--selector", "!own", "--no-leader-elect", *EXECUTOR),
)


@pytest.fixture(scope="module")
def network(request):
    """A network of this module's own."""
    with ExitStack() as stack:
        provide(request, lambda _: stack.enter_context(private_network()))
        yield


@pytest.fixture(scope="module")
def contour(request):
    provide(request, lambda _: find_envoy())
    return provide(request, lambda report: provide_contour(os.environ, report))


@pytest.fixture(scope="module")
def plane(network, binaries, foreign_crds, contour):
    gateways = next(source for source in SOURCES if source.name == "gateway-api")
    files = [foreign_crds["HTTPProxy"], *(foreign_crds[kind] for kind in gateways.files)]
    types = (f"{ROUTES}/httproutes", f"{ROUTES}/gateways")
    with plane_of_own(binaries, SELDON_CONFIG, files, types) as started:
        yield started


QUARTER = {"iris-main": 0.75, "iris-canary": 0.25}
SELDON_CONFIG = {"explainer": '{"image": "registry.example/alibi:1"}'}


@pytest.fixture(scope="module")
def gateway(plane, contour):
    with Gateway.start(plane, contour) as running:
        yield running


@pytest.fixture(scope="module")
def backends(plane):
    with Pods(plane) as pods, Backends(pods) as running:
        yield running


@pytest.fixture(scope="module")
def reconciler(plane, tmp_path_factory):
    log = tmp_path_factory.mktemp("reconciler") / "log"
    with Reconciler(plane, log, *FLAGS).at_work() as running:
        yield running


@pytest.fixture
def place(plane, gateway, backends, reconciler, request):
    with namespace_of_own(plane, request) as name:
        yield Traffic(plane, name, Client(gateway.http), backends)


class Traffic(Namespace):
    """A namespace, the object "iris" in it, and how it is asked through the gateway."""

    def __init__(self, plane, name, client, backends):
        super().__init__(plane, name)
        self.client = client
        self.backends = backends
        self.labels = {}
        self.url = f"/seldon/{name}/iris/api/v1.0/predictions"

    def apply(self, *predictors):
        """Write the object with these predictors."""
        document = deepcopy(minimal())
        document["spec"]["predictors"] = list(predictors)
        document["metadata"]["labels"] = self.labels
        if self.get("sdep", "iris"):
            self.change("sdep", "iris", lambda o: o.update(spec=document["spec"]))
        else:
            self.create("sdep", document)

    def condition(self):
        """Return status, reason and message of TrafficRouted."""
        obj = self.get("sdep", "iris")
        status = obj.get("status", {})
        if status.get("observedGeneration") != obj["metadata"]["generation"]:
            return "stale", "", ""
        found = [c for c in status.get("conditions", []) if c["type"] == "TrafficRouted"]
        return (
            tuple(found[0].get(key, "") for key in ("status", "reason", "message")) if found else ()
        )

    def routed(self):
        """Wait until the gateway routes as the document says."""
        self.available()
        eventually(lambda: self.condition()[:2] or self.condition(), ("True", "Routed"), "routes")

    def answering(self, expected):
        """Wait until the gateway's proxies follow, too: only these Services answer."""
        eventually(lambda: set(self.client.send(self.url, 40)), set(expected), "who answers")

    def make_pods_ready(self):
        """Let pods start that were held back."""
        path = self.path("pod")
        for pod in self.plane.request("GET", path).body["items"]:
            if NEVER_READY.keys() & pod["metadata"].get("annotations", {}).keys():
                name = pod["metadata"]["name"]
                self.kubectl("annotate", "pod", name, *(f"{key}-" for key in NEVER_READY))

    def send(self, count):
        return self.client.send(self.url, count)


def predictor(name, traffic, **fields):
    first = deepcopy(with_predictor()["spec"]["predictors"][0])
    return {**first, "name": name, "traffic": traffic, **fields}


def never_ready(one):
    """Return the predictor with pods that stay Pending until their annotation goes."""
    changed = deepcopy(one)
    changed["componentSpecs"][0].setdefault("metadata", {})["annotations"] = NEVER_READY
    return changed


def is_split(send, shares):
    """Tell whether requests are split at random, within three standard deviations.

    A split that is right fails that in one of 400 times, so a second sample decides; one that is
    off by more than that is off in both.
    """
    first = find_deviations(send(), shares)
    return first == {} or find_deviations(send(), shares) == {} or first


def find_deviations(answers, shares):
    """Return what is not as it should be: answers of nobody, and counts that are too far off."""
    total = sum(answers.values())
    off = {name: n for name, n in answers.items() if name not in shares}
    for name, share in shares.items():
        deviation = answers[name] - total * share
        if abs(deviation) > 3 * math.sqrt(total * share * (1 - share)):
            off[name] = deviation
    return off


def test_three_quarters_and_a_quarter_and_then_all_of_it(place):
    place.apply(predictor("main", 75), predictor("canary", 25))
    place.routed()
    place.answering({"iris-main", "iris-canary"})
    assert is_split(lambda: place.send(4000), QUARTER) is True
    _, _, message = place.condition()
    assert message == f"HTTPRoute {place.name}/iris: main 75, canary 25 (Gateway gateways/public)"
    place.apply(predictor("main", 0), predictor("canary", 100))
    place.routed()
    place.answering({"iris-canary"})
    assert place.send(500) == {"iris-canary": 500}


def test_three_predictors(place):
    place.apply(predictor("a", 50), predictor("b", 30), predictor("c", 20))
    place.routed()
    place.answering({"iris-a", "iris-b", "iris-c"})
    shares = {"iris-a": 0.5, "iris-b": 0.3, "iris-c": 0.2}
    assert is_split(lambda: place.send(4000), shares) is True


def test_a_shadow_gets_a_copy_of_every_request_and_answers_none(place):
    place.apply(predictor("main", 100), predictor("shadow", 0, shadow=True))
    place.routed()
    place.answering({"iris-main"})
    before = place.backends.requests["iris-shadow"]
    eventually(
        lambda: place.send(1) and place.backends.requests["iris-shadow"] > before, True, "a copy"
    )
    time.sleep(1.0)  # copies of the requests before are on their way
    before = place.backends.requests["iris-shadow"]
    assert place.send(2000) == {"iris-main": 2000}
    copies = lambda: place.backends.requests["iris-shadow"] - before  # noqa: E731
    eventually(copies, 2000, "copies")


def test_a_predictor_comes_and_another_one_goes_under_load_and_no_request_fails(place):
    place.apply(predictor("main", 100))
    place.routed()
    place.answering({"iris-main"})
    with place.client.load(place.url) as load:
        # The new one does not come up: all goes on as before, and the status says why.
        place.apply(predictor("main", 75), never_ready(predictor("canary", 25)))
        eventually(lambda: place.condition()[1], "Waiting", "the condition")
        deployment = "Deployment iris-canary-0-classifier is not ready"
        route = f"HTTPRoute {place.name}/iris"
        assert place.condition() == ("False", "Waiting", f"{route} sends 100/0: {deployment}")
        time.sleep(2.0)
        assert set(load.recent()) == {"iris-main"}
        load.step("it comes up")
        place.make_pods_ready()
        place.routed()
        place.answering({"iris-main", "iris-canary"})
        load.step("its weight grows")
        place.apply(predictor("main", 20), never_ready(predictor("canary", 80)))
        place.routed()
        load.step("its weight falls")
        place.apply(predictor("main", 60), never_ready(predictor("canary", 40)))
        place.routed()
        # The old one goes, after the gateway has taken up that nothing leads there. The pods of
        # the other one are replaced meanwhile: its containers get the ports of a first predictor.
        load.step("the old one is removed")
        place.apply(predictor("canary", 100))
        assert "iris-main" in place.names("service")
        eventually(lambda: [n for n in place.names("service") if "main" in n], [], "its Services")
        eventually(lambda: [n for n in place.names("deployment") if "main" in n], [], "and pods")
        place.routed()
        load.recent()
        time.sleep(2.0)
        assert set(load.recent()) == {"iris-canary"}
        load.step("the way back, in one step")
        place.apply(predictor("main", 100))
        place.routed()
        eventually(lambda: [n for n in place.names("service") if "canary" in n], [], "the canary")
        load.recent()
        time.sleep(1.0)
        assert set(load.recent()) == {"iris-main"}
    assert load.failures() == []
    assert sum(load.total.values()) > 1000


def test_what_somebody_elses_route_leads_to_stays_until_that_is_changed(place):
    place.apply(predictor("main", 50), predictor("old", 50))
    place.routed()
    spec = {
        "parentRefs": [{"namespace": NAMESPACE, "name": NAME}],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": f"/{place.name}/old"}}],
                "backendRefs": [{"name": "iris-old", "port": 8000}],
            }
        ],
    }
    place.create("httproute", {"metadata": {"name": "mine"}, "spec": spec} | HTTP_ROUTE)
    old = place.client.load(f"/{place.name}/old")
    eventually(lambda: set(place.client.send(f"/{place.name}/old", 10)), {"iris-old"}, "my route")
    with old as load:
        place.apply(predictor("main", 100))
        reason = f"it is kept: HTTPRoute {place.name}/mine sends traffic to Service iris-old"
        statuses = lambda: place.get("sdep", "iris")["status"]["deploymentStatus"]  # noqa: E731
        eventually(
            lambda: statuses().get("iris-old-0-classifier", {}).get("description"),
            reason,
            "the status",
        )
        time.sleep(12.0)  # longer than what graphgate waits for its own routes
        assert {"iris-main", "iris-old"} <= set(place.names("service"))
    assert set(load.total) == {"iris-old"}
    message = (
        f"HTTPRoute {place.name}/mine sends traffic to iris-old, which is not part of the object"
    )
    assert place.condition() == ("False", "OtherWeights", message)
    place.delete("httproute", "mine")
    eventually(lambda: [n for n in place.names("service") if "old" in n], [], "its Services")
    place.routed()


def test_an_explainer_is_asked_at_its_own_path(place):
    explainer = {"type": "AnchorTabular", "modelUri": "gs://bucket/explainer"}
    place.apply(predictor("main", 100, explainer=explainer))
    place.routed()
    place.answering({"iris-main"})
    path = f"/seldon/{place.name}/iris-explainer/main/api/v1.0/explain"
    eventually(lambda: set(place.client.send(path, 5)), {"iris-main-explainer"}, "the explainer")


def test_grpc_is_split_by_the_same_weights(place):
    place.apply(predictor("main", 75), predictor("canary", 25))
    place.routed()
    place.answering({"iris-main", "iris-canary"})
    with GrpcBackends(place.backends.pods, {"iris-main", "iris-canary"}):
        ask = GrpcClient(place.client.address, {"seldon": "iris", "namespace": place.name})
        with ask:
            eventually(lambda: ask.send(20).keys() <= {"iris-main", "iris-canary"}, True, "gRPC")
            assert is_split(lambda: ask.send(1000), QUARTER) is True


def test_a_grpc_route_splits_on_a_listener_of_its_own(place, plane, gateway, tmp_path):
    routing = {"kind": "gateway-api", "gateway": f"{NAMESPACE}/{NAME}"}
    routing |= {"sectionName": "http", "grpcSectionName": "grpc"}
    settings = tmp_path / "settings.yaml"
    document = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "routing": routing}
    settings.write_text(json.dumps(document))
    flags = ("--settings", str(settings), "--selector", "own=grpc", *EXECUTOR, "--no-leader-elect")
    running = Reconciler(plane, tmp_path / "log", *flags).wait()
    try:
        place.labels = {"own": "grpc"}
        place.apply(predictor("main", 75), predictor("canary", 25))
        # Contour may lose its answer to one of two routes: then weights move after a minute.
        eventually(place.state, "Available", "iris")
        routes = plane.request("GET", f"{ROUTES}/namespaces/{place.name}/grpcroutes").body["items"]
        assert [route["metadata"]["name"] for route in routes] == ["iris"]
        place.answering({"iris-main", "iris-canary"})
        with GrpcBackends(place.backends.pods, {"iris-main", "iris-canary"}):
            ask = GrpcClient(gateway.grpc, {"seldon": "iris", "namespace": place.name})
            with ask:
                eventually(lambda: set(ask.send(20)) <= {"iris-main", "iris-canary"}, True, "gRPC")
                assert is_split(lambda: ask.send(1000), QUARTER) is True
    finally:
        assert running.stop() == 0
