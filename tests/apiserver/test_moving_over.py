"""From Seldon's operator to graphgate and back, on objects that the original really made."""

import threading
import time
from contextlib import contextmanager
from copy import deepcopy

import pytest

from tests.apiserver.reconciling import (
    SCALED_OBJECTS,
    Namespace,
    Reconciler,
    eventually,
    namespace_of_own,
    plane_of_own,
)
from tests.apiserver.seldon_stand_in import RECORDED, FakeSeldonOperator

NAME = "mydep"
EXECUTOR = "docker.io/seldonio/seldon-core-executor:1.17.1"
IMAGES = {
    "predictor_servers": '{"SKLEARN_SERVER": {"protocols": {"seldon": '
    '{"image": "seldonio/sklearnserver", "defaultImageVersion": "1.17.1"}}}}',
    "explainer": '{"image": "seldonio/alibiexplainer:1.17.1"}',
}
HASH = "graphgate.io/applied-hash"


@pytest.fixture(scope="module")
def plane(binaries, foreign_crds):
    """One of their own: its nodes start every pod."""
    keda = foreign_crds["ScaledObject"]
    with plane_of_own(binaries, IMAGES, [keda], [SCALED_OBJECTS]) as started:
        yield started


@pytest.fixture(scope="module")
def reconciler(plane, tmp_path_factory):
    """One that takes objects whose label says so."""
    log = tmp_path_factory.mktemp("reconciler") / "log"
    flags = ("--no-leader-elect", "--controller-id", "graphgate", "--executor-image", EXECUTOR)
    with Reconciler(plane, log, *flags).at_work() as running:
        yield running


@pytest.fixture
def place(plane, reconciler, request):
    with namespace_of_own(plane, request) as name:
        account = {"metadata": {"name": "sa1"}}
        plane.request("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)
        yield Namespace(plane, name)


def document_of(case):
    return deepcopy(RECORDED[case]["doc"])


def objects_of(case):
    """Kind and name of everything that Seldon's operator made."""
    kinds = {"deployments": "deployment", "services": "service", "hpas": "hpa"}
    kinds |= {"pdbs": "budget", "keda": "scaledobject"}
    built = RECORDED[case]["built"]
    return {
        (kind, obj["metadata"]["name"]) for group, kind in kinds.items() for obj in built[group]
    }


def everything(place):
    kinds = ("deployment", "service", "hpa", "budget", "scaledobject")
    return {(kind, name) for kind in kinds for name in place.names(kind)}


def give(place, controller):
    """Label the object for a controller; "": for Seldon's."""

    def label(obj):
        labels = obj["metadata"].get("labels", {})
        labels.pop("seldon.io/controller-id", None)
        if controller:
            labels["seldon.io/controller-id"] = controller
        obj["metadata"]["labels"] = labels

    place.change("sdep", NAME, label)


def is_ready(pod):
    conditions = pod["status"].get("conditions", [])
    ready = any((c["type"], c["status"]) == ("Ready", "True") for c in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def ready_pods_by_service(place):
    """How many pods each Service leads to; "": all pods."""
    pods = place.plane.request("GET", place.path("pod")).body["items"]
    labels = [pod["metadata"]["labels"].items() for pod in pods if is_ready(pod)]
    services = place.plane.request("GET", place.path("service")).body["items"]
    counts = {
        service["metadata"]["name"]: sum(
            service["spec"]["selector"].items() <= one for one in labels
        )
        for service in services
    }
    return counts | {"": len(labels)}


@contextmanager
def fewest_ready_pods(place):
    """Watch the pods while it is entered; how few each Service led to at once."""
    fewest = ready_pods_by_service(place)
    ended = threading.Event()

    def watch():
        while not ended.wait(0.05):
            now = ready_pods_by_service(place)
            for name in fewest:
                fewest[name] = min(fewest[name], now.get(name, 0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield fewest
    finally:
        ended.set()
        watcher.join()


def seldon_available(place):
    """Wait until Seldon's operator calls the object Available and nothing of it is rolled out."""

    def look():
        status = place.get("sdep", NAME).get("status", {})
        pods = [place.get("deployment", name)["status"] for name in place.names("deployment")]
        rolled_out = all(
            s.get("replicas") == s.get("updatedReplicas") == s.get("readyReplicas") for s in pods
        )
        return (status.get("state"), "conditions" in status, rolled_out)

    eventually(look, ("Available", False, True), "Seldon's operator")


def settled(place):
    """Wait until two looks a second apart see the same."""
    before = None
    while (now := (place.versions(), ready_pods_by_service(place))) != before:
        before = now
        time.sleep(1.0)


def without_hash(place):
    """What graphgate has not applied."""
    return {
        (kind, name)
        for kind, name in everything(place)
        if HASH not in place.get(kind, name)["metadata"].get("annotations", {})
    }


SCALED = {"app-label": 12, "sk-node-sa": 12, "hpa-v2": 3}
"""Replicas that kubectl sets; three are what the HPA of that document allows."""


@pytest.mark.parametrize("case", sorted(RECORDED))
def test_no_pod_is_lost_on_the_way_over_and_back(place, case):
    with FakeSeldonOperator(place, case) as seldon:
        place.create("sdep", document_of(case))
        seldon_available(place)
        if case in SCALED:
            deployment = place.names("deployment")[0]
            place.kubectl("scale", "deployment", deployment, f"--replicas={SCALED[case]}")
            count = lambda: place.get("deployment", deployment)["status"].get("readyReplicas")  # noqa: E731
            eventually(count, SCALED[case], "as many pods as were asked for")
        desired = ready_pods_by_service(place)
        uids = {key: place.get(*key)["metadata"]["uid"] for key in everything(place)}
        with fewest_ready_pods(place) as fewest:
            give(place, "graphgate")
            place.available(NAME)
            settled(place)
        assert (fewest, ready_pods_by_service(place)) == (desired, desired)
        assert everything(place) == objects_of(case)
        assert without_hash(place) == set()
        assert {key: place.get(*key)["metadata"]["uid"] for key in uids} == uids
        for name in place.names("deployment"):
            fields = place.get("deployment", name)["metadata"]["managedFields"]
            assert [f for f in fields if f["manager"] == "manager" and "f:template" in str(f)] == []
        written = len(seldon.writes)
        with fewest_ready_pods(place) as fewest:
            give(place, "")
            seldon_available(place)
            settled(place)
        assert len(seldon.writes) > written
        assert (fewest, ready_pods_by_service(place)) == (desired, desired)


def test_what_seldon_did_not_label_goes_when_the_document_does_not_want_it(place):
    with FakeSeldonOperator(place, "hpa-v2"):
        place.create("sdep", document_of("hpa-v2"))
        seldon_available(place)
        give(place, "nobody")
    component = lambda obj: obj["spec"]["predictors"][0]["componentSpecs"][0]  # noqa: E731
    place.change("sdep", NAME, lambda obj: component(obj).pop("hpaSpec"))
    give(place, "graphgate")
    place.available(NAME)
    assert place.names("hpa") == []


def test_objects_that_were_orphaned_are_taken_back(place):
    case = "sep-engine-two"
    with FakeSeldonOperator(place, case):
        place.create("sdep", document_of(case))
        seldon_available(place)
        give(place, "nobody")
    desired = ready_pods_by_service(place)
    with fewest_ready_pods(place) as fewest:
        for labels in ({"seldon.io/controller-id": "graphgate"},) * 2:
            # First what Seldon made, then what graphgate did.
            place.kubectl("delete", "sdep", NAME, "--cascade=orphan")
            again = document_of(case)
            again["metadata"]["labels"] = labels
            uid = place.create("sdep", again)["metadata"]["uid"]
            place.available(NAME)
            settled(place)
            owners = {
                place.get(*key)["metadata"]["ownerReferences"][0]["uid"]
                for key in everything(place)
            }
            assert owners == {uid}
    assert (fewest, ready_pods_by_service(place)) == (desired, desired)
    assert everything(place) == objects_of(case)


def test_what_graphgate_made_goes_to_seldon_s_operator_by_the_steps_of_the_guide(place):
    """graphgate's selectors are others than Seldon's, and Seldon's operator deletes for that."""
    case = "three-predictors"
    document = document_of(case)
    document["metadata"]["labels"] = {"seldon.io/controller-id": "graphgate"}
    place.create("sdep", document)
    place.available(NAME)
    desired = ready_pods_by_service(place)
    with FakeSeldonOperator(place, case), fewest_ready_pods(place) as fewest:
        give(place, "nobody")
        for name in place.names("deployment"):
            place.kubectl("delete", "deployment", name, "--cascade=orphan")
        give(place, "")
        seldon_available(place)
        settled(place)
    assert (fewest, ready_pods_by_service(place)) == (desired, desired)


def test_a_deployment_that_must_be_made_again_keeps_its_number_of_pods(place):
    """Its Service gets another name: with its old selector it would lose the pods."""
    with FakeSeldonOperator(place, "sk-node-sa"):
        place.create("sdep", document_of("sk-node-sa"))
        seldon_available(place)
        give(place, "nobody")
    (name,) = place.names("deployment")
    place.kubectl("scale", "deployment", name, "--replicas=12")
    uid = place.get("deployment", name)["metadata"]["uid"]
    eventually(lambda: ready_pods_by_service(place)[""], 12, "twelve pods")
    renamed = {"seldon.io/svc-name": "iris"}
    place.change("sdep", NAME, lambda o: o["spec"]["predictors"][0].update(annotations=renamed))
    with fewest_ready_pods(place) as fewest:
        give(place, "graphgate")
        place.available(NAME)
        settled(place)
    assert place.get("deployment", name)["metadata"]["uid"] != uid
    assert fewest[""] == 12
    assert ready_pods_by_service(place) == {"": 12, "iris": 12, "mydep-p1-m": 12}
