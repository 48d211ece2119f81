"""One look after the other at one object, and what is sent at each."""

from copy import deepcopy
from typing import Any

import orjson
import pytest

from tests.controller.fakes import Clock, FakeCluster
from tests.controller.state.lives import running_status
from tests.documents_of import minimal, with_pod, with_predictor
from webhook.controller.api import ResourceClient
from webhook.controller.applier import RequeueError
from webhook.controller.byte_budget import ByteBudget
from webhook.controller.cache import Cache, CachedObject
from webhook.controller.desired_state import ControllerSettings, compute_desired_state
from webhook.controller.desired_state_cache import MAX_CACHED_BYTES
from webhook.controller.reconciler import (
    LARGE_OBJECT_RETRY_SECONDS,
    LARGE_OBJECTS_BYTES,
    Reconciler,
    ReconcileResult,
)
from webhook.controller.rollout_limiter import ROLLOUT_TIMEOUT_SECONDS, RolloutLimiter
from webhook.controller.state.observed import ObservedObject
from webhook.errors import KubeApiUnavailableError
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.kube import ApiStatusError
from webhook.rendering.options import RenderOptions
from webhook.rendering.routes.options import RoutingOptions
from webhook.settings.model import Settings, read_settings

NAME = ("models", "iris")
SDEP = "/apis/machinelearning.seldon.io/v1/namespaces/models/seldondeployments/iris"
SERVICES = "/api/v1/namespaces/models/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/models/deployments"
SLICES = (
    "/apis/discovery.k8s.io/v1/namespaces/models/endpointslices"
    "?labelSelector=kubernetes.io%2Fservice-name+in+%28iris-main%29"
)
MODEL = "iris-main-0-classifier"


class Harness:
    """A reconciler, its API server, and one object."""

    def __init__(self, document):
        self.cluster: Any = FakeCluster()
        self.clock = Clock()
        self.events: list[tuple[str, str]] = []
        self.cache = Cache(lambda *_: None, clock=self.clock)
        api = ResourceClient(self.cluster, throttle=lambda: None, on_request=lambda *_: None)
        self.settings = ControllerSettings(Settings())
        self.facts = NO_FACTS
        self.slots: list[tuple[str, str]] = []
        self.reconciler = Reconciler(
            api,
            self.cache,
            settings=lambda: self.settings,
            facts=lambda _: self.facts,
            record_event=lambda _, reason, message: self.events.append((reason, message)),
            max_rollouts=1,
            on_rollout_slot=self.slots.append,
            clock=self.clock,
            now=lambda: 0.0,
        )
        self.generation = 0
        self.write_object(document)

    def write_object(self, document):
        """The author writes the object; the watch tells of it."""
        self.generation += 1
        known = self.cluster.objects.get(SDEP, {})
        document["metadata"] |= {"uid": "1111", "generation": self.generation}
        document["status"] = known.get("status", {})
        self.cluster.put(SDEP, document)
        self.cache.on_document(NAME, None, CachedObject.read(document))

    def reconcile(self):
        """One look; return what came of it, and the requests that were sent."""
        result = self.reconciler.reconcile(NAME)
        return result.outcome, self.cluster.pop_requests("PATCH", "PATCH dry", "DELETE", "POST")

    def deliver_child(self, kind, path):
        """The watch of children tells of the object at a path."""
        child = ObservedObject.from_object(self.cluster.objects[path], kind)
        self.cache.on_child(NAME, self.cache.children("1111").get(child.key), child)

    @property
    def status(self):
        return self.cluster.objects[SDEP].get("status", {})


CREATED = [
    "PATCH services/iris-main-classifier",
    "PATCH services/iris-main",
    f"PATCH deployments/{MODEL}",
]
STATUS = ["PATCH iris/status"]


def test_one_reconcile_makes_everything_and_the_next_one_sends_nothing():
    world = Harness(minimal())
    assert world.reconcile() == ("updated", CREATED + STATUS)
    assert world.reconcile() == ("unchanged", [])
    assert world.status["state"] == "Available"
    assert world.events == [
        (
            "Applied",
            "created Service iris-main-classifier, created Service iris-main, "
            f"created Deployment {MODEL}",
        ),
        ("Available", "all Deployments are rolled out"),
    ]


def restart(world, document):
    """A new process beside the objects that another one made, which its watches tell of."""
    fresh = Harness(deepcopy(document))
    fresh.cluster.objects = dict(world.cluster.objects)
    fresh.cluster.switched_off = world.cluster.switched_off
    fresh.cache.on_document(NAME, None, CachedObject.read(world.cluster.objects[SDEP]))
    for path in list(world.cluster.objects):
        if path.startswith((SERVICES, DEPLOYMENTS)):
            fresh.deliver_child("Service" if path.startswith(SERVICES) else "Deployment", path)
    return fresh


def test_a_new_process_that_finds_everything_in_place_sends_nothing():
    world = Harness(minimal())
    world.reconcile()
    assert restart(world, minimal()).reconcile() == ("unchanged", [])


def test_a_field_that_the_api_server_drops_makes_no_process_write_again():
    document = with_pod(hostname="a")
    world = Harness(document)
    world.cluster.switched_off = "hostname"
    assert world.reconcile() == ("updated", CREATED + STATUS)
    assert world.reconcile() == ("unchanged", [])
    fresh = restart(world, document)
    assert fresh.reconcile() == ("unchanged", [f"PATCH dry deployments/{MODEL}"])
    assert fresh.reconcile() == ("unchanged", [])
    assert fresh.events == []


def test_a_field_that_somebody_removed_is_restored_by_a_new_process():
    world = Harness(minimal())
    world.reconcile()
    (entry,) = world.cluster.objects[f"{DEPLOYMENTS}/{MODEL}"]["metadata"]["managedFields"]
    del entry["fieldsV1"]["f:spec"]["f:template"]
    fresh = restart(world, minimal())
    sent = [f"PATCH dry deployments/{MODEL}", f"PATCH deployments/{MODEL}"]
    assert fresh.reconcile() == ("updated", sent)
    assert fresh.events == [("Applied", f"restored fields of Deployment {MODEL}")]


def test_the_default_user_reaches_the_pods():
    world = Harness(minimal())
    world.reconcile()
    pod = world.cluster.objects[f"{DEPLOYMENTS}/{MODEL}"]["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsUser": 8888}


EXPLAINER = "iris-main-explainer"


def test_an_explainer_waits_for_an_image_and_gets_it_when_one_is_configured():
    world = Harness(with_predictor(explainer={"type": "AnchorText"}))
    message = "spec.template.spec.containers[0].image: Required value"
    world.cluster.answers["PATCH", f"deployments/{EXPLAINER}"] = (422, message)
    assert world.reconcile()[0] == "rejected"
    assert world.status["state"] == "Failed"
    assert world.status["description"] == (
        "spec.predictors[0].explainer: image is required for the explainer: none is configured for "
        "protocol seldon; set image in containerSpec, or ask the administrator to add one to "
        f"seldon-config [missing-image]; spec.predictors[0]: Deployment {EXPLAINER}: {message}"
    )
    assert f"{DEPLOYMENTS}/{EXPLAINER}" not in world.cluster.objects
    world.cluster.answers.clear()
    world.facts = Facts(explainer_images={"image": "registry.example/alibi:1"})
    assert world.reconcile()[0] == "updated"
    pod = world.cluster.objects[f"{DEPLOYMENTS}/{EXPLAINER}"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example/alibi:1"
    assert world.reconcile()[0] == "unchanged"


def test_a_server_in_trouble_shows_in_no_status():
    world = Harness(minimal())
    world.reconcile()
    before = world.status
    world.write_object(with_predictor(replicas=2))
    for answer in (None, (500, "etcdserver: timed out"), (409, "modified")):
        world.cluster.answers["PATCH", MODEL] = answer
        with pytest.raises(KubeApiUnavailableError):
            world.reconcile()
        world.cluster.pop_requests("PATCH")
        assert world.status == before
    world.cluster.answers.clear()
    assert world.reconcile() == ("updated", [f"PATCH deployments/{MODEL}", *STATUS])


def test_a_conflict_in_writing_the_status_is_raised_for_the_back_off():
    world = Harness(minimal())
    world.cluster.answers["PATCH", "iris/status"] = (409, "modified")
    with pytest.raises(ApiStatusError):
        world.reconcile()


def test_a_refused_object_is_quoted_once_and_tried_again_by_back_off():
    world = Harness(minimal())
    message = 'admission webhook "images.example" denied the request: not signed'
    world.cluster.answers["PATCH", MODEL] = (403, message)
    assert world.reconciler.reconcile(NAME).retry is True
    words = f"spec.predictors[0].componentSpecs[0]: Deployment {MODEL}: {message}"
    assert (world.status["state"], world.status["description"]) == ("Failed", words)
    assert world.events[1:] == [("ApplyFailed", words)]
    world.cluster.pop_requests("PATCH")
    assert world.reconcile() == ("rejected", [f"PATCH deployments/{MODEL}"])
    assert len(world.events) == 2
    world.cluster.answers.clear()
    world.reconcile()
    assert world.status["state"] == "Available"


def negative():
    return with_predictor(replicas=-1)


def test_a_denied_document_is_tried_first_and_left_alone_if_it_is_refused():
    world = Harness(minimal())
    world.reconcile()
    world.write_object(negative())
    world.cluster.answers["PATCH", MODEL] = (422, "spec.replicas: Invalid value: -1")
    assert world.reconcile() == ("rejected", [f"PATCH dry deployments/{MODEL}", *STATUS])
    assert world.status["state"] == "Failed"
    assert "[negative-replicas]" in world.status["description"]
    assert "spec.predictors[0].replicas: Deployment" in world.status["description"]
    assert world.status["observedGeneration"] == 2


def test_a_denial_that_harms_nothing_stops_nothing():
    document = minimal()
    main = document["spec"]["predictors"][0]
    document["spec"]["predictors"] = [
        {**main, "traffic": 10},
        {**main, "name": "canary", "traffic": 10},
    ]
    world = Harness(document)
    outcome, sent = world.reconcile()
    assert outcome == "updated"
    assert [s for s in sent if s.startswith("PATCH dry")]
    assert world.status["state"] == "Available"


def test_an_unreadable_document_sends_nothing_but_its_status():
    world = Harness(minimal())
    world.reconcile()
    world.write_object(minimal(lambda d: d["spec"].update(predictors=[])))
    assert world.reconcile() == ("rejected", STATUS)
    assert world.reconciler.reconcile(NAME).retry is False
    assert world.status["deploymentStatus"] == {MODEL: {"replicas": 1, "availableReplicas": 1}}


def test_what_left_the_document_is_deleted_when_the_rest_runs_by_uid():
    world = Harness(minimal())
    world.reconcile()
    world.write_object(with_predictor(name="green"))
    assert world.reconcile() == (
        "updated",
        [
            "PATCH services/iris-green-classifier",
            "PATCH services/iris-green",
            "PATCH deployments/iris-green-0-classifier",
            *STATUS,
        ],
    )
    old = {path: obj["metadata"]["uid"] for path, obj in world.cluster.objects.items()}
    deletions = []
    send = world.cluster.request

    def noting(method, path, **options):
        if method == "DELETE":
            deletions.append((path, orjson.loads(options["body"])["preconditions"]["uid"]))
        return send(method, path, **options)

    world.cluster.request = noting
    world.reconcile()
    gone = (f"{SERVICES}/iris-main-classifier", f"{SERVICES}/iris-main", f"{DEPLOYMENTS}/{MODEL}")
    assert sorted(deletions) == sorted((path, old[path]) for path in gone)


def foreign(**metadata):
    return {"metadata": {"name": "iris-main", "namespace": "models", **metadata}}


def test_an_object_of_somebody_else_s_is_not_touched():
    world = Harness(minimal())
    world.cluster.put(f"{SERVICES}/iris-main", foreign())
    assert world.reconcile() == ("rejected", STATUS)
    assert world.status["description"] == (
        "spec.predictors[0].name: Service iris-main already exists and belongs to another "
        "owner; rename one of the two, or delete the existing one"
    )


def of(uid, name):
    kind = {"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment"}
    return [{**kind, "controller": True, "uid": uid, "name": name}]


@pytest.mark.parametrize(
    "metadata",
    [
        {"deletionTimestamp": "2026-01-01T00:00:00Z"},
        {"ownerReferences": of("0000", "iris")},
    ],
    ids=["ends", "of the predecessor"],
)
def test_what_is_about_to_go_is_waited_for_in_silence(metadata):
    world = Harness(minimal())
    world.cluster.put(f"{SERVICES}/iris-main", foreign(**metadata))
    with pytest.raises(RequeueError):
        world.reconcile()
    assert world.status == {}


def test_our_own_object_that_the_watch_does_not_show_is_applied():
    world = Harness(minimal())
    world.cluster.put(f"{SERVICES}/iris-main", foreign(ownerReferences=of("1111", "iris")))
    assert world.reconcile() == ("updated", CREATED + STATUS)


def test_a_namespace_that_ends_is_left_in_peace():
    world = Harness(minimal())
    message = "unable to create new content in namespace models because it is being terminated"
    world.cluster.answers["PATCH", "iris-main-classifier"] = (403, message)
    assert world.reconcile()[0] == "namespace_terminating"
    assert world.status == {}


def test_an_object_that_is_gone_or_going_is_not_reconciled():
    world = Harness(minimal())
    ending = minimal()
    ending["metadata"] |= {"uid": "1111", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    world.cache.on_document(NAME, None, CachedObject.read(ending))
    assert world.reconcile() == ("deleted", [])
    world.cache.on_document(NAME, None, None)
    assert world.reconcile() == ("deleted", [])


def test_an_unknown_field_is_left_out_and_not_sent_again():
    world = Harness(with_pod(hostnam="a"))
    send, message = world.cluster.request, "failed to create typed patch object (a; b): "

    def strict(method, path, **options):
        if method == "PATCH" and b'"hostnam"' in (options.get("body") or b""):
            world.cluster.answers["PATCH", MODEL] = (
                500,
                f"{message}.spec.template.spec.hostnam: field not declared in schema",
            )
        else:
            world.cluster.answers.clear()
        return send(method, path, **options)

    world.cluster.request = strict
    assert world.reconcile()[0] == "updated"
    assert world.status["state"] == "Available"
    assert world.reconcile() == ("unchanged", [])


def test_replicas_are_handed_over_before_we_let_go_of_them():
    world = Harness(with_predictor(replicas=3))
    world.reconcile()
    world.write_object(minimal())
    assert world.reconcile()[1][:2] == [f"PATCH deployments/{MODEL}"] * 2


def test_pods_are_asked_why_they_do_not_start_but_not_at_every_reconcile():
    world = Harness(minimal())
    world.reconcile()
    path = f"{DEPLOYMENTS}/{MODEL}"
    stuck = {**world.cluster.objects[path]}
    stuck["status"] = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    world.cluster.put(path, stuck)
    world.deliver_child("Deployment", path)
    pods = (
        "/api/v1/namespaces/models/pods?labelSelector=app%3Diris-main-0-classifier%2C"
        "seldon-deployment-id%3Diris&limit=20"
    )
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    pod = {
        "metadata": {"name": "x"},
        "status": {"containerStatuses": [{"name": "m", "state": waiting}]},
    }
    world.cluster.objects[pods] = {"metadata": {}, "items": [pod]}
    requests = []
    for _ in range(60):
        seconds = world.reconciler.reconcile(NAME).requeue_after
        requests += world.cluster.pop_requests("GET")
        world.clock.now += min(seconds or 5.0, 5.0)
    assert len(requests) == 4  # after 15, 45, 105, 225 s
    assert world.status["description"] == (
        f"Deployment {MODEL}: 0 of 1 pods are available; pod x: m: ErrImagePull: no such image"
    )


def test_pods_that_cannot_be_listed_are_reported_and_stop_nothing():
    world = Harness(minimal())
    world.reconcile()
    path = f"{DEPLOYMENTS}/{MODEL}"
    stuck = {**world.cluster.objects[path]}
    stuck["status"] = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    world.cluster.put(path, stuck)
    world.deliver_child("Deployment", path)
    world.cluster.answers["GET", "/pods"] = (400, "unable to parse requirement")
    world.reconcile()
    world.clock.now += 20.0
    assert world.reconcile()[0] == "updated"
    assert world.status["description"] == (
        f"Deployment {MODEL}: 0 of 1 pods are available; "
        "cannot list its pods: unable to parse requirement"
    )


def test_images_that_the_settings_name_are_those_of_the_pods():
    own = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "rendering": {"modelServerImages": {"SKLEARN_SERVER": {"seldon": "ours:1"}}},
        }
    )
    graph = {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "gs://models/iris"}
    document = with_predictor(graph=graph, componentSpecs=None)
    state = compute_desired_state(document, ControllerSettings(own, RenderOptions()), NO_FACTS)
    (pod,) = [
        each.object["spec"]["template"]["spec"]
        for each in state.objects
        if each.rendered.kind == "Deployment"
    ]
    assert [c["image"] for c in pod["containers"]] == ["ours:1"]


@pytest.mark.parametrize("step", ["compute_desired_state", "plan_actions"])
@pytest.mark.parametrize("error", [RecursionError("deep"), MemoryError(), ValueError("a bug")])
def test_an_object_on_which_graphgate_fails_says_so(monkeypatch, error, step):
    world = Harness(minimal())
    world.reconcile()
    before = dict(world.cluster.objects)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(f"webhook.controller.reconciler.{step}", fail)
    world.write_object(with_predictor(replicas=2))
    with pytest.raises(type(error)):
        world.reconcile()
    assert world.status["state"] == "Failed"
    assert world.status["observedGeneration"] == 2
    assert world.status["description"].startswith(
        f"internal error of graphgate ({type(error).__name__}), see its log"
    )
    left = {path: obj for path, obj in world.cluster.objects.items() if path != SDEP}
    assert left == {path: obj for path, obj in before.items() if path != SDEP}
    assert world.events[-1][0] == "InternalError"


def large():
    return minimal(
        lambda d: d["metadata"].update(annotations={"a": "b" * (LARGE_OBJECTS_BYTES // 2)})
    )


def test_large_objects_are_reconciled_within_a_budget_and_hold_up_no_small_one(monkeypatch):
    others: list[Any] = []

    def render(*arguments):
        name = arguments[0]["metadata"]["name"]
        if name == "iris" and not others:
            small = minimal(lambda d: d["metadata"].update(name="small", uid="3"))
            for document in (minimal(lambda d: d["metadata"].update(uid="2")), small):
                document["metadata"] |= {"generation": 1}
            second = large()
            second["metadata"] |= {"name": "second", "uid": "2", "generation": 1}
            for document in (second, small):
                key = ("models", document["metadata"]["name"])
                world.cache.on_document(key, None, CachedObject.read(document))
                others.append(None)
                others[-1] = world.reconciler.reconcile(key)
        return compute_desired_state(*arguments)

    monkeypatch.setattr("webhook.controller.reconciler.compute_desired_state", render)
    world = Harness(large())
    assert world.reconciler.reconcile(NAME).outcome == "updated"
    assert others[0] == ReconcileResult("requeued", LARGE_OBJECT_RETRY_SECONDS)
    assert others[1].outcome == "updated"
    assert world.reconciler.reconcile(("models", "second")).outcome == "updated"


def test_an_object_larger_than_the_budget_is_looked_at_alone():
    budget = ByteBudget(10)
    assert [budget.try_acquire(size) for size in (6, 4, 1)] == [True, True, False]
    for size in (6, 4):
        budget.release(size)
    assert [budget.try_acquire(size) for size in (11, 1)] == [True, False]


def test_what_is_kept_of_objects_is_bounded_in_bytes(monkeypatch):
    rendered = []

    def render(*arguments):
        rendered.append(arguments[0]["metadata"]["name"])
        return compute_desired_state(*arguments)

    monkeypatch.setattr("webhook.controller.reconciler.compute_desired_state", render)
    world = Harness(minimal())
    world.reconcile()
    world.reconcile()
    assert rendered == ["iris"]
    for number in range(40):
        document = minimal()
        padding = {"a": "b" * (MAX_CACHED_BYTES // 20)}
        document["metadata"] |= {"name": f"n{number}", "uid": f"u{number}", "annotations": padding}
        key = ("models", f"n{number}")
        world.cache.on_document(key, None, CachedObject.read(document))
        world.reconciler.reconcile(key)
    assert world.reconciler.desired_states.size <= MAX_CACHED_BYTES
    world.reconcile()
    assert rendered[-1] == "iris"


def two_components():
    document = minimal()
    first = document["spec"]["predictors"][0]["componentSpecs"][0]
    second = {"spec": {"containers": [{"name": "helper", "image": "registry.example/helper:1"}]}}
    document["spec"]["predictors"][0]["componentSpecs"] = [first, second]
    return document


HELPER = "iris-main-1-helper"


def change_settings(world):
    """An operator's change that reaches every pod."""
    options = RenderOptions(prometheus_path="/changed")
    world.settings = ControllerSettings(Settings(), options)


def finish_rollout(world, name=MODEL, kind=DEPLOYMENTS):
    """Kubernetes has replaced the pods; the watch tells of it."""
    deployment = dict(world.cluster.objects[f"{kind}/{name}"])
    world.cluster.put(f"{kind}/{name}", {**deployment, "status": running_status(1)})
    world.deliver_child("Deployment", f"{kind}/{name}")


def test_changed_settings_reach_one_deployment_after_the_other():
    world = Harness(two_components())
    world.reconcile()
    change_settings(world)
    world.cluster.is_rolling_out = True
    assert world.reconcile()[1][:-1] == [f"PATCH deployments/{MODEL}"]
    assert world.reconcile()[1] == []
    assert world.status["state"] == "Creating"
    described = world.status["deploymentStatus"]
    assert described[HELPER]["description"] == (
        f"its update waits until Deployment {MODEL} is rolled out"
    )
    finish_rollout(world)
    assert world.reconcile()[1][:-1] == [f"PATCH deployments/{HELPER}"]
    finish_rollout(world, HELPER)
    world.reconcile()
    assert (world.status["state"], world.status.get("description")) == ("Available", None)


def test_an_author_s_change_reaches_all_deployments_at_once():
    world = Harness(two_components())
    world.reconcile()
    document = two_components()
    for component in document["spec"]["predictors"][0]["componentSpecs"]:
        component["spec"]["containers"][0]["image"] = "registry.example/new:1"
    world.write_object(document)
    sent = [s for s in world.reconcile()[1] if "deployments" in s]
    assert sent == [f"PATCH deployments/{MODEL}", f"PATCH deployments/{HELPER}"]


def test_changed_settings_reach_so_many_objects_at_once_and_then_the_next():
    world = Harness(minimal())
    other = minimal(lambda d: d["metadata"].update(name="other", uid="2222", generation=1))
    key, path = ("models", "other"), SDEP.replace("/iris", "/other")
    world.cluster.put(path, other)
    world.cache.on_document(key, None, CachedObject.read(other))
    world.reconcile()
    world.reconciler.reconcile(key)
    change_settings(world)
    world.cluster.is_rolling_out = True
    world.reconcile()
    world.reconciler.reconcile(key)
    assert world.cluster.pop_requests("PATCH") == ["PATCH other/status"]
    status = world.cluster.objects[path]["status"]
    assert (status["state"], status["description"]) == (
        "Available",
        "Deployment other-main-0-classifier: its update to changed settings or seldon-config "
        "waits for other objects: at most 1 are updated at once (--max-concurrent-rollouts)",
    )
    assert world.slots == []
    finish_rollout(world)
    world.reconcile()
    assert world.slots == [key]
    world.reconciler.reconcile(key)
    assert "PATCH deployments/other-main-0-classifier" in world.cluster.pop_requests("PATCH")


def test_an_object_that_never_comes_up_holds_up_the_others_for_ten_minutes():
    told: list[tuple[str, str]] = []
    clock = Clock()
    limiter = RolloutLimiter(1, told.append, clock)
    assert [limiter.acquire(("a", "1")), limiter.acquire(("a", "2"))] == [True, False]
    clock.now += ROLLOUT_TIMEOUT_SECONDS
    assert limiter.acquire(("a", "2"))
    limiter.release(("a", "1"))
    assert told == []


def test_a_deletion_that_is_refused_is_told():
    world = Harness(with_predictor(name="old"))
    world.reconcile()
    world.write_object(with_predictor(name="new"))
    world.reconcile()
    world.cluster.answers["DELETE", "iris-old-0-classifier"] = (403, "may not delete")
    for _ in range(2):
        world.reconcile()
    status = world.cluster.objects[SDEP]["status"]
    assert status["state"] == "Failed"
    assert status["description"] == (
        "Deployment iris-old-0-classifier cannot be deleted: may not delete"
    )


def test_a_route_of_another_gateway_that_may_not_be_deleted_stays_and_nothing_fails():
    world = Harness(with_predictor())
    world.settings = ControllerSettings(Settings(routing=RoutingOptions(kind="istio")))
    labels = {"kubernetes.io/service-name": "iris-main"}
    slices = {"metadata": {}, "items": [{"metadata": {"labels": labels}, "endpoints": [{}]}]}
    world.cluster.objects[SLICES] = slices
    for _ in range(2):
        world.reconcile()
    routes = [path for path in world.cluster.objects if "virtualservices" in path]
    assert len(routes) == 1
    world.settings = ControllerSettings(Settings())
    for path in [path for path in world.cluster.objects if "istio" in path]:
        world.cluster.answers["DELETE", path.rpartition("/")[2]] = (403, "may not delete")
    world.write_object(with_predictor(replicas=2))
    for _ in range(3):
        world.reconcile()
    assert routes[0] in world.cluster.objects
    assert world.cluster.objects[SDEP]["status"]["state"] == "Available"
