"""The reconciler writes only what is its own, whatever others do between its requests."""

import orjson
import pytest

from tests.apiserver.reconciling import CRD, GROUP, Namespace, eventually
from tests.documents_of import minimal
from webhook.controller.api import ResourceClient
from webhook.controller.applier import RequeueError
from webhook.controller.cache import Cache, CachedObject
from webhook.controller.desired_state import ControllerSettings
from webhook.controller.reconciler import Reconciler
from webhook.controller.state.observed import ObservedObject
from webhook.graph.cluster_facts import NO_FACTS
from webhook.kube import ABSENT, ApiStatusError, apply, connect
from webhook.settings.model import Settings

MODEL = "iris-main-0-classifier"


@pytest.fixture
def place(control_plane, namespace):
    control_plane.kubectl("apply", "--server-side", f"--filename={CRD}")
    served = lambda: control_plane.request("GET", f"{GROUP}/seldondeployments").status  # noqa: E731
    eventually(served, 200, "the type")
    return Namespace(control_plane, namespace)


@pytest.fixture
def transport(control_plane):
    return connect(
        kubeconfig=str(control_plane.kubeconfig), context=None, environment=control_plane.env
    )


class Interrupted:
    """A transport on which somebody else is faster: `act` is called before one request."""

    def __init__(self, transport, method, end, act):
        self._transport = transport
        self._when = method, end
        self._act = act
        self.server, self.namespace = transport.server, transport.namespace

    def stream(self, *arguments, **options):
        return self._transport.stream(*arguments, **options)

    def request(self, method, path, **options):
        if self._act and method == self._when[0] and path.endswith(self._when[1]):
            act, self._act = self._act, None
            act()
        return self._transport.request(method, path, **options)


class World:
    """One SeldonDeployment and a reconciler without watches: it knows what it is told."""

    def __init__(self, transport, place, document):
        self.place = place
        self.name = (place.name, document["metadata"]["name"])
        self.uid = place.create("sdep", document)["metadata"]["uid"]
        self.cache = Cache(lambda *_: None)
        api = ResourceClient(transport, throttle=lambda: None, on_request=lambda *_: None)
        settings = ControllerSettings(Settings())
        self.reconciler = Reconciler(
            api,
            self.cache,
            settings=lambda: settings,
            facts=lambda _: NO_FACTS,
            record_event=lambda *_: None,
        )

    def reconcile(self):
        stored = self.place.get("sdep", self.name[1])
        self.cache.on_document(self.name, None, CachedObject.read(stored))
        return self.reconciler.reconcile(self.name)

    def deliver(self, kind, name):
        """The watch tells of a child."""
        kinds = {"service": "Service", "deployment": "Deployment"}
        child = ObservedObject.from_object(self.place.get(kind, name), kinds[kind])
        self.cache.on_child(self.name, self.cache.children(self.uid).get(child.key), child)

    def description(self):
        return self.place.get("sdep", self.name[1])["status"].get("description", "")


def foreign_service(place):
    mine = {"metadata": {"name": "iris-main"}, "spec": {"ports": [{"port": 80}]}}
    return place.create("service", mine)


def service(name="a", port=80):
    ports = {"ports": [{"port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": ports}


def test_an_apply_with_a_precondition_writes_no_other_object(place, transport):
    def send(obj, precondition, **options):
        return apply(
            transport,
            obj,
            manager="graphgate",
            namespace=place.name,
            precondition=precondition,
            **options,
        )

    send(service(), ABSENT, dry_run=True)
    uid = send(service(), ABSENT)["metadata"]["uid"]
    refusals = [
        (service(port=81), ABSENT, 409),
        (service(port=81), {"uid": "other"}, 422),
        (service("b"), {"uid": uid}, 409),
    ]
    for obj, precondition, status in refusals:
        for dry_run in (True, False):
            with pytest.raises(ApiStatusError) as refused:
                send(obj, precondition, dry_run=dry_run)
            assert refused.value.status == status
    assert place.names("service") == ["a"]
    assert send(service(port=82), {"uid": uid})["spec"]["ports"][0]["port"] == 82


def test_a_foreign_object_that_is_made_before_the_apply_is_not_taken_nor_deleted(place, transport):
    before = []
    faster = Interrupted(
        transport, "PATCH", "/services/iris-main", lambda: before.append(foreign_service(place))
    )
    world = World(faster, place, minimal())
    with pytest.raises(ApiStatusError) as refused:
        world.reconcile()
    assert refused.value.status == 409
    assert place.get("service", "iris-main") == before[0]

    def look():
        return world.reconcile().outcome, world.description()[:58]

    said = "spec.predictors[0].name: Service iris-main already exists "
    eventually(look, ("rejected", said), "the name conflict")
    assert "ownerReferences" not in before[0]["metadata"]  # so nothing deletes it with ours
    assert place.get("service", "iris-main") == before[0]


def test_a_foreign_object_that_takes_the_place_of_ours_is_not_taken(place, transport):
    before = []

    def replace():
        place.delete("service", "iris-main")
        before.append(foreign_service(place))

    faster = Interrupted(transport, "PATCH", "/services/iris-main", lambda: None)
    world = World(faster, place, minimal())
    world.reconcile()
    faster._act = replace
    place.change("sdep", "iris", annotate)
    with pytest.raises(RequeueError):
        world.reconcile()
    assert place.get("service", "iris-main") == before[0]


def annotate(obj):
    obj["spec"]["predictors"][0]["annotations"] = {"a": "b"}


def test_an_object_that_changed_hands_is_not_deleted(place, transport):
    def take():
        uid = place.create("service", service("other"))["metadata"]["uid"]
        other = {"apiVersion": "v1", "kind": "Service", "name": "other", "uid": uid}
        owner = {"ownerReferences": [{**other, "controller": True}]}
        place.change("service", "iris-main", lambda obj: obj["metadata"].update(owner))

    faster = Interrupted(transport, "DELETE", "/services/iris-main", take)
    world = World(faster, place, minimal())
    world.reconcile()
    for name in ("iris-main-classifier", "iris-main"):
        world.deliver("service", name)
    place.change("sdep", "iris", lambda obj: obj["spec"]["predictors"][0].update(name="green"))
    world.reconcile()
    rolled_out = {
        "replicas": 1,
        "updatedReplicas": 1,
        "availableReplicas": 1,
        "readyReplicas": 1,
        "conditions": [
            {"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    }

    def finish_rollout():
        green = place.get("deployment", "iris-green-0-classifier")
        generation = green["metadata"]["generation"]
        green["status"] = rolled_out | {"observedGeneration": generation}
        path = f"{place.path('deployment', 'iris-green-0-classifier')}/status"
        if place.plane.request("PUT", path, green).status != 200:
            return False
        world.deliver("deployment", "iris-green-0-classifier")
        world.reconcile()
        return faster._act is None

    eventually(finish_rollout, True, "the deletion")
    assert "iris-main" in place.names("service")


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "manager"])
def test_labels_alone_make_nothing_ours(place, transport, manager):
    """Other operators are programs called "manager" too; Seldon's label is not on their objects."""
    labels = {"app.kubernetes.io/managed-by": "seldon-core"}
    if manager != "manager":
        labels |= {"seldon-deployment-id": "iris"}
    mine = service("iris-main")
    mine["metadata"]["labels"] = labels
    path = f"{place.path('service')}?fieldManager={manager}"
    assert place.plane.request("POST", path, mine).status == 201
    before = place.get("service", "iris-main")
    world = World(transport, place, minimal())
    assert world.reconcile().outcome == "rejected"
    assert place.get("service", "iris-main") == before


def test_what_graphgate_made_and_nobody_controls_is_ours_again(place, transport):
    world = World(transport, place, minimal())
    world.reconcile()
    old = place.get("service", "iris-main")["metadata"]["uid"]
    place.kubectl("delete", "sdep", "iris", "--cascade=orphan")
    again = World(transport, place, minimal())
    assert again.reconcile().outcome == "updated"
    metadata = place.get("service", "iris-main")["metadata"]
    assert (metadata["uid"], metadata["ownerReferences"][0]["uid"]) == (old, again.uid)


@pytest.mark.parametrize("memory", ["1GB"])
def test_an_object_that_cannot_be_decoded_is_failed_of_this_generation(place, transport, memory):
    """The API server says it with status 500, as if it were in trouble itself."""
    document = minimal()
    container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    container["resources"] = {"limits": {"memory": "1Gi"}}
    world = World(transport, place, document)
    stored = place.get("sdep", "iris")
    component = stored["spec"]["predictors"][0]["componentSpecs"][0]
    component["spec"]["containers"][0]["resources"] = {"limits": {"memory": memory}}
    world.cache.on_document(world.name, None, CachedObject.read(stored))
    assert world.reconciler.reconcile(world.name).outcome == "rejected"
    status = place.get("sdep", "iris")["status"]
    assert (status["state"], status["observedGeneration"]) == ("Failed", 1)
    assert "quantities must match the regular expression" in status["description"]


def test_a_successor_s_status_is_not_written(place, transport):
    def replace():
        place.delete("sdep", "iris")
        place.create("sdep", minimal())

    world = World(Interrupted(transport, "PATCH", "/status", replace), place, minimal())
    with pytest.raises(ApiStatusError) as refused:
        world.reconcile()
    assert refused.value.status == 409
    assert place.get("sdep", "iris").get("status") is None


def test_an_interrupted_transport_is_one():
    """The seam that the tests above rely on: the act comes before the request, once."""
    seen = []

    class Plain:
        server = namespace = ""

        def request(self, method, path, **_options):
            seen.append((method, path))
            return orjson.dumps({})

    transport = Interrupted(Plain(), "PATCH", "/b", lambda: seen.append(("act", "")))
    for path in ("/a", "/b", "/b"):
        transport.request("PATCH", path)
    assert seen == [("PATCH", "/a"), ("act", ""), ("PATCH", "/b"), ("PATCH", "/b")]
