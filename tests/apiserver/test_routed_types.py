"""Routes of every kind beside a real API server: types that come later, other people's routes.

No gateway runs here: what one does with routes of ours is in test_traffic.py.
"""

import json
import threading
from copy import deepcopy
from functools import partial
from types import SimpleNamespace

import pytest

from tests.apiserver.permissions import ROLE, ROUTE_ROLE, as_user
from tests.apiserver.reconciling import (
    CRD,
    GROUP,
    Namespace,
    Reconciler,
    eventually,
    namespace_of_own,
    wait_until_served,
)
from tests.apiserver.recording import RecordingTransport
from tests.documents_of import minimal, with_predictor
from tests.rendering.cases import load_case
from tools.control_plane.definitions import SOURCES
from tools.control_plane.run import ControlPlane
from webhook.controller.config import ControllerConfig
from webhook.controller.controller import Controller
from webhook.controller.desired_state import ControllerSettings
from webhook.controller.metrics import ControllerMetrics
from webhook.kube.leader_election import LeaderElector
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.routes.options import RoutingKind, RoutingOptions
from webhook.settings.model import Settings

EXECUTOR = ("--executor-image", "registry.example/executor:1", "--no-leader-elect")
TYPES = {
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/httproutes",
    "VirtualService": "/apis/networking.istio.io/v1beta1/virtualservices",
    "ScaledObject": "/apis/keda.sh/v1alpha1/scaledobjects",
    "Mapping": "/apis/getambassador.io/v2/mappings",
    "TLSContext": "/apis/getambassador.io/v2/tlscontexts",
}


@pytest.fixture(scope="module")
def plane(binaries):
    with ControlPlane.start(binaries) as started:
        started.start_nodes(1)
        started.kubectl("apply", "--server-side", f"--filename={CRD}")
        wait_until_served(started, f"{GROUP}/seldondeployments")
        yield started


@pytest.fixture
def place(plane, request):
    with namespace_of_own(plane, request) as name:
        yield Routed(plane, name)


@pytest.fixture
def start(plane, tmp_path):
    """Start reconcilers of the objects with a label `own`; they are stopped in the end."""
    running: list[Reconciler] = []

    def begin(own, *flags):
        log = tmp_path / f"log-{len(running)}"
        running.append(Reconciler(plane, log, *flags, "--selector", f"own={own}", *EXECUTOR).wait())
        return running[-1]

    yield begin
    assert [one.stop() for one in running] == [0] * len(running)


def install(plane, *files, kinds):
    """Install definitions, with server-side apply because of their size."""
    plane.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
    wait_until_served(plane, *(TYPES[kind] for kind in kinds))


def install_gateway_api(plane, foreign_crds):
    source = next(source for source in SOURCES if source.name == "gateway-api")
    install(plane, *(foreign_crds[kind] for kind in source.files), kinds=["HTTPRoute"])


def install_ambassador(plane):
    """Two types of Ambassador's that take whatever they get; its own ones are in no Go module."""
    for kind, plural in (("Mapping", "mappings"), ("TLSContext", "tlscontexts")):
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v2", "served": True, "storage": True}
        definition = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.getambassador.io"},
            "spec": {
                "group": "getambassador.io",
                "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural},
                "versions": [version | {"schema": {"openAPIV3Schema": schema}}],
            },
        }
        plane.kubectl("apply", "-f", "-", input=json.dumps(definition))
    wait_until_served(plane, TYPES["Mapping"], TYPES["TLSContext"])


class Routed(Namespace):
    """A namespace, and the object "iris" in it."""

    def write(self, own, *predictors, **fields):
        """Write the object with these predictors, each a name and a weight, and more fields."""
        document = deepcopy(minimal())
        first = with_predictor()["spec"]["predictors"][0]
        document["spec"]["predictors"] = [
            {**deepcopy(first), "name": name, "traffic": traffic, **fields}
            for name, traffic in predictors
        ]
        document["metadata"] |= {"labels": {"own": own}}
        if self.get("sdep", "iris"):
            self.change("sdep", "iris", lambda o: o.update(spec=document["spec"]))
        else:
            self.create("sdep", document)

    def routed(self):
        """Return status, reason and message of TrafficRouted, of the present generation."""
        obj = self.get("sdep", "iris")
        status = obj.get("status", {})
        if status.get("observedGeneration") != obj["metadata"]["generation"]:
            return ("stale",)
        found = [c for c in status.get("conditions", []) if c["type"] == "TrafficRouted"]
        return tuple(c.get(key, "") for c in found for key in ("status", "reason", "message"))

    def post(self, version, kind, plural, name, spec):
        """Create somebody else's object."""
        obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        path = f"/apis/{version}/namespaces/{self.name}/{plural}"
        answer = self.plane.request("POST", path, obj)
        assert answer.status == 201, answer.body
        return f"{path}/{name}"

    def virtual_service(self, name, **weights):
        """Create a VirtualService that splits between predictors."""
        route = [
            {"destination": {"host": f"iris-{p}.{self.name}.svc.cluster.local"}, "weight": weight}
            for p, weight in weights.items()
        ]
        spec = {"hosts": ["example.com"], "http": [{"route": route}]}
        return self.post("networking.istio.io/v1", "VirtualService", "virtualservices", name, spec)

    def answer(self):
        """Say of every route of the Gateway API what a gateway says that has taken it up."""
        for plural in ("httproutes", "grpcroutes"):
            path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{self.name}/{plural}"
            for route in self.plane.request("GET", path).body.get("items", ()):
                condition = {
                    "type": "Accepted",
                    "status": "True",
                    "reason": "Accepted",
                    "message": "",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                    "observedGeneration": route["metadata"]["generation"],
                }
                answers = [
                    {
                        "parentRef": parent,
                        "controllerName": "example.com/tests",
                        "conditions": [condition],
                    }
                    for parent in route["spec"]["parentRefs"]
                ]
                if route.get("status", {}).get("parents") != answers:
                    route["status"] = {"parents": answers}
                    name = route["metadata"]["name"]
                    self.plane.request("PUT", f"{path}/{name}/status", route)

    def routes(self, kind):
        """Return the routes of a kind by name."""
        root, _, plural = TYPES[kind].rpartition("/")
        path = f"{root}/namespaces/{self.name}/{plural}"
        return {o["metadata"]["name"]: o for o in self.plane.request("GET", path).body["items"]}


def test_types_that_are_missing_are_told_and_found_when_they_are_installed(
    place, plane, start, foreign_crds
):
    running = start("types", "--routing", "gateway-api", "--routing-gateway", "infra/public")
    place.write("types", ("main", 75), ("canary", 25))
    scaled = load_case("autoscaled").document
    scaled["metadata"] = {"name": "scaled", "labels": {"own": "types"}}
    place.create("sdep", scaled)
    missing = (
        "the cluster does not serve {} ({}); the object is created within seconds after "
        "the type is installed"
    )
    route = missing.format("HTTPRoute", "gateway.networking.k8s.io/v1")
    eventually(place.routed, ("False", "TypeNotInstalled", route), "the condition")
    eventually(lambda: place.description("iris"), f"HTTPRoute iris: {route}", "the description")
    assert place.state("iris") == "Failed"
    assert len(place.names("deployment")) >= 2  # all else is made
    scaler = missing.format("ScaledObject", "keda.sh/v1alpha1")
    eventually(lambda: scaler in place.description("scaled"), True, "the other one")
    install_gateway_api(plane, foreign_crds)
    install(plane, foreign_crds["ScaledObject"], kinds=["ScaledObject"])
    eventually(lambda: list(place.routes("HTTPRoute")), ["iris", "scaled"], "the routes")
    place.available("iris")
    eventually(lambda: place.names("scaledobject") != [], True, "the ScaledObject")
    silent = (
        f"Gateway infra/public has not accepted the current version of HTTPRoute {place.name}/iris"
    )
    eventually(place.routed, ("Unknown", "NoAnswer", silent), "the condition")
    found = {e.get("kind") for e in running.log_lines() if e["event"] == "type_found"}
    assert {"HTTPRoute", "GRPCRoute", "ScaledObject"} <= found


def test_with_no_routing_other_peoples_routes_are_named_and_keep_what_they_lead_to(
    place, plane, start, foreign_crds
):
    install(plane, foreign_crds["VirtualService"], kinds=["VirtualService"])
    install_ambassador(plane)
    start("none")
    place.write("none", ("main", 75), ("canary", 25))
    place.available()
    nothing = ("False", "NothingRoutes", "no routes: 75/25 is not enforced")
    eventually(place.routed, nothing, "nothing")
    path = place.virtual_service("theirs", main=25, canary=75)
    name = f"VirtualService {place.name}/theirs"
    wrong = ("False", "OtherWeights", f"{name} sends 25/75: 75/25 is not enforced")
    eventually(place.routed, wrong, "other weights")
    assert place.state() == "Available"
    plane.request("DELETE", path)
    eventually(place.routed, nothing, "nothing again")
    spec = {"prefix": "/iris/", "service": f"iris-main.{place.name}:8000"}
    other = place.post("getambassador.io/v2", "Mapping", "mappings", "theirs", spec)
    mapped = f"Mapping {place.name}/theirs sends 100/0: 75/25 is not enforced"
    eventually(place.routed, ("False", "OtherWeights", mapped), "a Mapping")
    plane.request("DELETE", other)
    # What it leads to stays, and goes with it.
    path = place.virtual_service("theirs", main=75, canary=25)
    split = f"{name}: main 75, canary 25; not managed by graphgate"
    eventually(place.routed, ("True", "RoutedByOther", split), "the same weights")
    place.write("none", ("main", 100))
    stays = f"it is kept: {name} sends traffic to Service iris-canary"
    statuses = lambda: place.get("sdep", "iris")["status"]["deploymentStatus"]  # noqa: E731
    eventually(
        lambda: statuses().get("iris-canary-0-classifier", {}).get("description"),
        stays,
        "it is kept",
    )
    assert {"iris-canary", "iris-canary-classifier"} <= set(place.names("service"))
    plane.request("DELETE", path)
    eventually(lambda: [n for n in place.names("service") if "canary" in n], [], "the Services")
    eventually(lambda: [n for n in place.names("deployment") if "canary" in n], [], "and pods")


def test_istios_definitions_take_what_is_rendered_and_nothing_is_written_twice(
    place, plane, start, foreign_crds
):
    install(plane, foreign_crds["VirtualService"], kinds=["VirtualService"])
    running = start("istio", "--routing", "istio")
    place.write("istio", ("main", 75), ("canary", 25))
    place.available()
    split = f"VirtualService {place.name}/iris: main 75, canary 25"
    eventually(place.routed, ("True", "Routed", split), "the routes")
    (virtual_service,) = place.routes("VirtualService").values()
    assert [
        (route["destination"]["host"], route["destination"]["subset"], route["weight"])
        for route in virtual_service["spec"]["http"][0]["route"]
    ] == [
        (f"iris-{p}.{place.name}.svc.cluster.local", p, weight)
        for p, weight in (("main", 75), ("canary", 25))
    ]
    before = running.writes_by_kind()
    place.write("istio", ("main", 0), ("canary", 100))
    full = f"VirtualService {place.name}/iris: main 0, canary 100"
    eventually(place.routed, ("True", "Routed", full), "the new weights")
    after = running.writes_by_kind()
    written = {kind: n - before.get(kind, 0) for kind, n in after.items()}
    assert {kind: n for kind, n in written.items() if n and kind.startswith("apply")} == {
        "apply VirtualService": 1
    }


def test_routes_of_seldons_operator_are_taken_over(place, plane, start, foreign_crds):
    install(plane, foreign_crds["VirtualService"], kinds=["VirtualService"])
    place.write("seldon", ("main", 0), ("canary", 100))
    owner = place.get("sdep", "iris")
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": "SeldonDeployment",
        "name": "iris",
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    route = [
        {
            "destination": {"host": f"iris-{p}.{place.name}.svc.cluster.local", "subset": p},
            "weight": weight,
        }
        for p, weight in (("main", 75), ("canary", 25))
    ]
    theirs = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "iris", "ownerReferences": [reference]},
        "spec": {"hosts": ["*"], "http": [{"match": [{"uri": {"prefix": "/x"}}], "route": route}]},
    }
    path = f"/apis/networking.istio.io/v1beta1/namespaces/{place.name}/virtualservices"
    answer = plane.request("POST", f"{path}?fieldManager=manager", theirs)
    assert answer.status == 201, answer.body
    start("seldon", "--routing", "istio")
    place.available()
    full = f"VirtualService {place.name}/iris: main 0, canary 100"
    eventually(place.routed, ("True", "Routed", full), "the routes")
    (taken,) = place.routes("VirtualService").values()
    assert taken["metadata"]["uid"] == answer.body["metadata"]["uid"]
    assert "graphgate.io/applied-hash" in taken["metadata"]["annotations"]
    managers = {entry["manager"] for entry in taken["metadata"]["managedFields"]}
    assert managers == {"graphgate"}


def test_the_documented_permissions_on_routes_are_enough_and_each_is_used(
    place, plane, foreign_crds
):
    install_gateway_api(plane, foreign_crds)
    install(plane, foreign_crds["VirtualService"], kinds=["VirtualService"])
    install(plane, foreign_crds["ScaledObject"], kinds=["ScaledObject"])
    install_ambassador(plane)
    transport = RecordingTransport(as_user(plane, "routes", [*ROLE, *ROUTE_ROLE]))

    def left():
        return [name for name in place.names("deployment") if "canary" in name]

    types: dict[RoutingKind, str] = {
        "gateway-api": "HTTPRoute",
        "istio": "VirtualService",
        "ambassador": "Mapping",
    }

    def obsolete(kind):
        return [name for old, type_ in types.items() if old != kind for name in place.routes(type_)]

    for kind in types:
        routing = RoutingOptions(kind=kind, gateway="infra/public", grpc_section_name="grpc")
        options = RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1"))
        settings = SimpleNamespace(
            controller_settings=ControllerSettings(Settings(routing=routing), options)
        )
        config = ControllerConfig(selector="own=rights")
        controller = Controller(config, transport, settings, ControllerMetrics())
        election = LeaderElector(transport, namespace="default", name="rights", identity=kind)
        campaign = threading.Thread(
            target=election.run, args=(controller.start_workers, lambda: None)
        )
        controller.start()
        campaign.start()
        try:
            place.write("rights", ("main", 50), ("canary", 50), ssl={"certSecretName": "tls"})
            eventually(lambda: place.answer() or place.state(), "Available", kind)
            place.write("rights", ("main", 100))
            eventually(lambda: place.answer() or left(), [], f"the canary of {kind}")
            eventually(lambda: place.answer() or place.state(), "Available", kind)
            eventually(partial(obsolete, kind), [], f"routes of kinds other than {kind}")
        finally:
            controller.stop()
            election.stop()
            campaign.join()
    assert transport.refused == []
    rights = {(group, resource, verb) for group, resource, verbs, _ in ROUTE_ROLE for verb in verbs}
    assert rights - transport.used == set()
