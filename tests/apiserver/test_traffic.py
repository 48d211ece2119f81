"""Routes of graphgate's under a real gateway: Contour and Envoy, and requests that are counted."""

import math
import os
from contextlib import ExitStack
from copy import deepcopy

import pytest

from tests.apiserver.conftest import provide
from tests.apiserver.gateway_traffic import Backends, Client, Pods
from tests.apiserver.reconciling import CRD, GROUP, Namespace, Reconciler, eventually
from tests.documents_of import minimal, with_predictor
from tools.control_plane.definitions import SOURCES
from tools.control_plane.run import ControlPlane
from tools.gateway.build import find_envoy, provide_contour
from tools.gateway.network import private_network
from tools.gateway.run import NAME, NAMESPACE, Gateway

pytestmark = pytest.mark.timeout(300)

ROUTES = "/apis/gateway.networking.k8s.io/v1"
NEVER_READY = {"tests.graphgate.io/never-ready": "true"}
FLAGS = (
    *("--routing", "gateway-api", "--routing-gateway", f"{NAMESPACE}/{NAME}"),
    *("--executor-image", "registry.example/executor:1", "--no-leader-elect"),
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
    with ControlPlane.start(binaries) as started:
        started.start_nodes(1)
        gateways = next(source for source in SOURCES if source.name == "gateway-api")
        files = [CRD, foreign_crds["HTTPProxy"], *(foreign_crds[kind] for kind in gateways.files)]
        started.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        types = (f"{GROUP}/seldondeployments", f"{ROUTES}/httproutes", f"{ROUTES}/gateways")
        eventually(
            lambda: [path for path in types if started.request("GET", path).status != 200],
            [],
            "the types",
        )
        started.create_namespace("seldon-system")
        config = {"metadata": {"name": "seldon-config"}, "data": SELDON_CONFIG}
        started.request("POST", "/api/v1/namespaces/seldon-system/configmaps", config)
        yield started


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
    running = Reconciler(plane, log, *FLAGS).wait()
    yield running
    assert running.stop() == 0
    assert [e for e in running.log_lines() if "traceback" in e] == []


@pytest.fixture
def place(plane, gateway, backends, reconciler, request):
    name = f"test-{abs(hash(request.node.name)) % 10**10}"
    plane.create_namespace(name)
    yield Traffic(plane, name, Client(gateway.http), backends)
    plane.delete_namespace(name)


class Traffic(Namespace):
    """A namespace, the object "iris" in it, and how it is asked through the gateway."""

    def __init__(self, plane, name, client, backends):
        super().__init__(plane, name)
        self.client = client
        self.backends = backends
        self.url = f"/seldon/{name}/iris/api/v1.0/predictions"

    def apply(self, *predictors):
        """Write the object with these predictors."""
        document = deepcopy(minimal())
        document["spec"]["predictors"] = list(predictors)
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


def is_split(answers, shares):
    """Tell whether counts are those of a random split, within three standard deviations."""
    total = sum(answers.values())
    off = {
        name: answers[name] - total * share
        for name, share in shares.items()
        if abs(answers[name] - total * share) > 3 * math.sqrt(total * share * (1 - share))
    }
    unexpected = {name: n for name, n in answers.items() if name not in shares}
    return {**off, **unexpected} == {} or (off, unexpected, dict(answers))


def test_three_quarters_and_a_quarter_and_then_all_of_it(place):
    place.apply(predictor("main", 75), predictor("canary", 25))
    place.routed()
    place.answering({"iris-main", "iris-canary"})
    assert is_split(place.send(4000), {"iris-main": 0.75, "iris-canary": 0.25}) is True
    _, _, message = place.condition()
    assert message == f"HTTPRoute {place.name}/iris: main 75, canary 25 (Gateway gateways/public)"
    place.apply(predictor("main", 0), predictor("canary", 100))
    place.routed()
    place.answering({"iris-canary"})
    assert place.send(500) == {"iris-canary": 500}
