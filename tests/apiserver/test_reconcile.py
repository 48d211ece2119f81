"""The reconciler beside a real API server, real controllers, and nodes that kwok plays."""

import re
import threading
import time
from copy import deepcopy
from functools import partial
from types import SimpleNamespace

import pytest
import yaml

from tests.apiserver.permissions import ROLE, ROUTE_ROLE, as_user
from tests.apiserver.reconciling import (
    SCALED_OBJECTS,
    Namespace,
    Reconciler,
    eventually,
    namespace_of_own,
    plane_of_own,
)
from tests.apiserver.recording import RecordingTransport
from tests.apiserver.test_reconcile_dry_run import accepted, rejection_message
from tests.documents_of import minimal, with_pod, with_predictor
from tests.rendering.cases import load_case
from tests.seeds import EXAMPLES, ROOT
from webhook.controller.config import ControllerConfig
from webhook.controller.controller import Controller
from webhook.controller.desired_state import ControllerSettings
from webhook.controller.metrics import ControllerMetrics
from webhook.controller.preflight import ensure_no_seldon_operator
from webhook.kube import connect
from webhook.kube.leader_election import LeaderElector
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.settings.model import Settings

MODEL = "iris-main-0-classifier"
EXECUTOR = ("--executor-image", "registry.example/executor:1")
IMAGES = {
    "predictor_servers": '{"SKLEARN_SERVER": {"protocols": {"seldon": {"image": "sk", '
    '"defaultImageVersion": "1"}, "v2": {"image": "ml", "defaultImageVersion": "1"}}}}',
    "explainer": '{"image": "registry.example/alibi:1"}',
}
NEVER_READY = {"annotations": {"tests.graphgate.io/never-ready": "true"}}


@pytest.fixture(scope="module")
def plane(binaries, foreign_crds):
    """One of their own: its nodes start every pod, and some tests stop its API server."""
    keda = foreign_crds["ScaledObject"]
    with plane_of_own(binaries, IMAGES, [keda], [SCALED_OBJECTS]) as started:
        yield started


@pytest.fixture(scope="module")
def reconciler(plane, tmp_path_factory):
    """The one that is at work in all tests that start none of their own."""
    log = tmp_path_factory.mktemp("reconciler") / "log"
    flags = ("--no-leader-elect", "--selector", "!own", *EXECUTOR)
    with Reconciler(plane, log, *flags).at_work() as running:
        yield running


@pytest.fixture
def anywhere(plane, request):
    """A namespace, whoever reconciles."""
    with namespace_of_own(plane, request) as name:
        yield Namespace(plane, name)


@pytest.fixture
def place(anywhere, reconciler):
    """A namespace in which the reconciler of the module works."""
    return anywhere


def container(obj):
    return obj["spec"]["template"]["spec"]["containers"][0]


def wait_until_settled(namespace_api, running):
    """Wait until two looks a second apart see the same; return it.

    The reconciler counts all its writes, those in the namespace of the test before as well, as long
    as that is being deleted.
    """

    def leaving():
        namespaces = namespace_api.plane.request("GET", "/api/v1/namespaces").body["items"]
        return [n["metadata"]["name"] for n in namespaces if "deletionTimestamp" in n["metadata"]]

    eventually(leaving, [], "the end of other tests' namespaces")

    def look():
        return namespace_api.versions(), running.write_count()

    before = look()
    while True:
        time.sleep(1.0)
        after = look()
        if after == before:
            return after
        before = after


def test_the_examples_become_available_and_then_nothing_is_written_even_by_a_new_process(
    place, plane, reconciler, tmp_path
):
    names = []
    for file in sorted(EXAMPLES.glob("*.yaml")):
        document = yaml.safe_load(file.read_text())
        names.append(place.create("sdep", document)["metadata"]["name"])
    assert len(names) >= 10
    for name in names:
        place.available(name)
    # As its autoscaler will, up to 15 seconds later: nothing is to change from here on.
    place.kubectl("scale", "deployment", "autoscaled-main-0-classifier", "--replicas=2")
    pods = lambda: place.get("sdep", "autoscaled")["status"]["replicas"]  # noqa: E731
    eventually(pods, 2, "the autoscaler's pods")
    place.available("autoscaled")
    versions, writes = wait_until_settled(place, reconciler)
    flags = ("--no-leader-elect", "--selector", "!own", *EXECUTOR)
    again = Reconciler(plane, tmp_path / "log", *flags).wait()
    eventually(lambda: 'result="unchanged"} ' in again.ask("metrics"), True, "it looks")
    time.sleep(4.0)
    assert again.writes_by_kind() == {}
    assert again.stop() == 0
    # Of an autoscaler its own controller writes the status, every 15 seconds.
    unchanged = {key: v for key, v in versions.items() if not key.startswith("hpa ")}
    assert place.versions().items() >= unchanged.items()
    assert reconciler.write_count() == writes


def test_what_others_do_to_an_object_stays_and_what_they_do_to_our_fields_does_not(
    place, reconciler
):
    place.create("sdep", with_predictor(replicas=2))
    place.available()
    place.kubectl("rollout", "restart", f"deployment/{MODEL}")
    place.kubectl("annotate", "deployment", MODEL, "team=a")
    sidecar = {"name": "proxy", "image": "registry.example/proxy:1"}

    def meddle(obj):
        container(obj)["image"] = "registry.example/other:1"
        container(obj)["env"] = [e for e in container(obj)["env"] if e["name"] != "PREDICTOR_ID"]
        obj["spec"]["template"]["spec"]["containers"].append(sidecar)
        obj["spec"]["replicas"] = 4
        del obj["metadata"]["labels"]["app"]
        del obj["metadata"]["annotations"]["graphgate.io/applied-hash"]

    place.change("deployment", MODEL, meddle)

    def look():
        obj = place.get("deployment", MODEL)
        return (
            container(obj)["image"],
            "PREDICTOR_ID" in {e["name"] for e in container(obj)["env"]},
            obj["spec"]["replicas"],
            obj["metadata"]["labels"].get("app"),
        )

    eventually(look, ("registry.example/iris:1", True, 2, MODEL), "our fields")
    place.available()
    wait_until_settled(place, reconciler)
    obj = place.get("deployment", MODEL)
    template = obj["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    assert [c["name"] for c in template["spec"]["containers"]] == [
        "classifier",
        "seldon-container-engine",
        "proxy",
    ]
    assert obj["metadata"]["annotations"]["team"] == "a"


def test_an_autoscaler_takes_the_pods_over_at_their_number_and_keeps_them(place, reconciler):
    place.create("sdep", with_predictor(replicas=3))
    place.available()
    seen = set()
    watched = threading.Event()

    def watch():
        while not watched.is_set():
            seen.add(place.get("deployment", MODEL)["spec"]["replicas"])
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()

    def autoscale(obj):
        predictor = obj["spec"]["predictors"][0]
        del predictor["replicas"]
        predictor["componentSpecs"][0]["hpaSpec"] = {"minReplicas": 1, "maxReplicas": 9}

    place.change("sdep", "iris", autoscale)
    eventually(lambda: place.names("hpa"), [MODEL], "the autoscaler")
    place.available()
    place.kubectl("scale", "deployment", MODEL, "--replicas", "5")
    place.available()
    wait_until_settled(place, reconciler)
    watched.set()
    watcher.join()
    assert place.get("deployment", MODEL)["spec"]["replicas"] == 5
    assert seen == {3, 5}


def test_autoscalers_of_both_kinds_are_made_once_and_then_nothing_is_written(place, reconciler):
    """KEDA's definition is its own; its controller does not run."""
    document = load_case("autoscaled").document
    keda = document["spec"]["predictors"][0]["componentSpecs"][2]["kedaSpec"]
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    keda |= {
        "idleReplicaCount": 0,
        "minReplicaCount": 1,
        "cooldownPeriod": 90,
        "fallback": {"failureThreshold": 3, "replicas": 2},
        "advanced": {
            "restoreToOriginalReplicaCount": True,
            "horizontalPodAutoscalerConfig": {"behavior": behavior},
        },
    }
    keda["triggers"][0]["authenticationRef"] = {"name": "prometheus"}
    place.create("sdep", document)
    place.available()
    tail = "iris-main-2-tail"
    assert place.names("scaledobject") == [tail]
    assert place.names("hpa") == ["iris-main-0-classifier", "iris-main-1-helper"]
    assert place.names("budget") == ["iris-main-0-classifier", tail]
    spec = place.get("scaledobject", tail)["spec"]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": tail}
    defaulted = {"fallback": keda["fallback"] | {"behavior": "static"}}  # by KEDA's definition
    assert spec == keda | defaulted | {"scaleTargetRef": target}
    conditions = place.get("sdep", "iris")["status"]["conditions"]
    assert {"HpasReady", "KedaReady", "PdbsReady"} <= {
        c["type"] for c in conditions if c["status"] == "True"
    }
    before = wait_until_settled(place, reconciler)
    place.change("sdep", "iris", lambda obj: obj["metadata"].update(annotations={"a": "b"}))
    versions, writes = wait_until_settled(place, reconciler)
    changed = {key for key in versions if versions[key] != before[0].get(key)}
    assert (changed, writes) == ({"sdep iris"}, before[1])

    def without_autoscalers(obj):
        for component in obj["spec"]["predictors"][0]["componentSpecs"]:
            for key in ("hpaSpec", "kedaSpec", "pdbSpec"):
                component.pop(key, None)

    place.change("sdep", "iris", without_autoscalers)
    for kind in ("scaledobject", "hpa", "budget"):
        eventually(partial(place.names, kind), [], kind)
    place.available()


def test_every_scaled_object_of_every_accepted_fixture_passes_a_dry_run(place, plane):
    transport = connect(kubeconfig=str(plane.kubeconfig), context=None, environment=plane.env)
    tried = [
        e for e in accepted(plane, place.name, None, "kedaSpec") if e[1].key[0] == "ScaledObject"
    ]
    assert len(tried) > 3
    assert [said for said in (rejection_message(transport, entry) for entry in tried) if said] == []


def test_scaling_the_object_scales_its_pods_and_none_is_fine(place):
    place.create("sdep", minimal())
    place.available()
    before = place.names("replicaset")
    for count in (3, 0):
        place.kubectl("scale", "sdep", "iris", "--replicas", str(count))
        eventually(lambda: place.get("sdep", "iris")["status"]["replicas"], count, "the pods")
        place.available()
    assert place.names("replicaset") == before


def test_a_renamed_predictor_goes_only_when_the_new_one_runs(place):
    place.create("sdep", minimal())
    place.available()

    def rename(obj):
        predictor = obj["spec"]["predictors"][0]
        predictor["name"] = "green"
        predictor["componentSpecs"][0]["metadata"] = NEVER_READY

    place.change("sdep", "iris", rename)
    both = ["iris-green-0-classifier", MODEL]
    eventually(lambda: place.names("deployment"), both, "both")
    eventually(place.state, "Creating", "the state")
    time.sleep(2.0)
    assert place.names("deployment") == both
    assert place.names("service") == [
        "iris-green",
        "iris-green-classifier",
        "iris-main",
        "iris-main-classifier",
    ]
    place.change(
        "sdep",
        "iris",
        lambda obj: obj["spec"]["predictors"][0]["componentSpecs"][0].pop("metadata"),
    )
    eventually(lambda: place.names("deployment"), ["iris-green-0-classifier"], "the new one")
    eventually(lambda: place.names("service"), ["iris-green", "iris-green-classifier"], "services")
    place.available()


def test_a_canary_comes_and_goes(place):
    document = minimal()
    main = document["spec"]["predictors"][0]
    place.create("sdep", document)
    place.available()

    def add(obj):
        canary = deepcopy(main)
        canary["name"] = "canary"
        obj["spec"]["predictors"] = [main | {"traffic": 90}, canary | {"traffic": 10}]

    place.change("sdep", "iris", add)
    eventually(lambda: place.names("deployment"), ["iris-canary-0-classifier", MODEL], "two")
    place.available()
    place.change("sdep", "iris", lambda obj: obj["spec"].update(predictors=[main]))
    eventually(lambda: place.names("deployment"), [MODEL], "one")
    eventually(lambda: place.names("service"), ["iris-main", "iris-main-classifier"], "services")


def test_deleting_the_object_leaves_nothing(place):
    place.create("sdep", minimal())
    place.available()
    place.delete("sdep", "iris")
    eventually(place.versions, {}, "everything is gone")


def test_a_deleted_child_comes_back(place):
    place.create("sdep", minimal())
    place.available()
    place.delete("service", "iris-main")
    eventually(lambda: place.names("service"), ["iris-main", "iris-main-classifier"], "it is back")
    place.available()


def test_a_poison_object_stops_no_other_and_says_what_is_wrong(place):
    poison = {
        "no-predictor": minimal(lambda d: d["spec"].update(predictors=[])),
        "no-container": with_predictor(componentSpecs=[]),
        "strange": with_pod(restartPolicy="Never"),
        "twice": minimal(lambda d: d["spec"].update(predictors=d["spec"]["predictors"] * 2)),
        "names": with_predictor(name="Under_Score"),
    }
    for name, document in poison.items():
        place.create("sdep", {**document, "metadata": {"name": name}})
    for number in range(5):
        place.create("sdep", {**minimal(), "metadata": {"name": f"good-{number}"}})
    for number in range(5):
        place.available(f"good-{number}")
    for name in poison:
        eventually(partial(place.state, name), "Failed", name)
    reported = {name: place.description(name) for name in poison}
    assert reported["no-predictor"].startswith("spec.predictors: ")
    assert "no-predictors]" in reported["no-predictor"]
    assert "missing-container]" in reported["no-container"]
    assert "duplicate-predictor-name]" in reported["twice"]
    assert "name-not-a-dns-label]" in reported["names"]
    assert "restartPolicy: Unsupported value" in reported["strange"]
    reasons = [e["reason"] for e in place.plane.request("GET", place.path("event")).body["items"]]
    assert "ValidationFailed" in reasons


def test_a_document_that_turns_bad_leaves_what_runs(place, reconciler):
    place.create("sdep", minimal())
    place.available()
    uid = place.get("deployment", MODEL)["metadata"]["uid"]
    predictors = place.get("sdep", "iris")["spec"]["predictors"]
    place.change("sdep", "iris", lambda obj: obj["spec"].update(predictors=[]))
    eventually(place.state, "Failed", "the state")
    wait_until_settled(place, reconciler)
    assert place.get("deployment", MODEL)["metadata"]["uid"] == uid
    assert place.get("sdep", "iris")["status"]["deploymentStatus"][MODEL]["availableReplicas"] == 1
    place.change("sdep", "iris", lambda obj: obj["spec"].update(predictors=predictors))
    place.available()


def test_findings_that_harm_nothing_stop_nothing(place):
    document = minimal()
    first = document["spec"]["predictors"][0]
    second = {**deepcopy(first), "name": "canary", "traffic": 10}
    document["spec"]["predictors"] = [{**first, "traffic": 10}, second]
    place.create("sdep", document)  # the rule traffic-not-100 would refuse it
    place.available()


def test_a_misspelt_field_of_a_pod_is_left_out(place, reconciler):
    containers = [{"name": "classifier", "image": "registry.example/iris:1", "imagePullSecret": 1}]
    place.create("sdep", with_pod(containers=containers, hostNetwrok=True, hostNetwork=False))
    place.available()
    wait_until_settled(place, reconciler)
    assert "imagePullSecret" not in container(place.get("deployment", MODEL))


def test_a_name_that_is_taken_stays_its_owner_s(place):
    mine = {"metadata": {"name": "iris-main"}, "spec": {"ports": [{"port": 80}]}}
    before = place.create("service", mine)
    place.create("sdep", minimal())
    eventually(place.state, "Failed", "the state")
    assert "Service iris-main already exists and belongs to another owner" in place.description()
    assert place.get("service", "iris-main") == before
    place.delete("service", "iris-main")
    place.available()


def test_a_quota_and_pod_security_are_quoted(place, plane):
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "0"}}}
    place.create("quota", quota)
    eventually(
        lambda: place.get("quota", "few").get("status", {}).get("hard"), {"pods": "0"}, "the quota"
    )
    place.create("sdep", minimal())
    eventually(lambda: "exceeded quota: few" in place.description(), True, "the quota's words")
    assert place.state() == "Failed"
    strict = Namespace(plane, f"{place.name}-strict")
    plane.create_namespace(strict.name, {"pod-security.kubernetes.io/enforce": "restricted"})
    strict.create("sdep", minimal())
    eventually(
        lambda: 'violates PodSecurity "restricted' in strict.description(), True, "its words"
    )
    plane.delete_namespace(strict.name)


def test_a_conflict_shows_in_no_status(place, reconciler):
    place.create("sdep", minimal())
    place.available()
    states = set()
    ended = threading.Event()

    def watch():
        while not ended.is_set():
            states.add(place.get("sdep", "iris")["status"]["state"])
            time.sleep(0.01)

    def meddle(obj, number, ours):
        obj["metadata"]["labels"]["n"] = str(number)
        container(obj).update(ours)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(15):
        place.change("sdep", "iris", lambda o, n=number: o["metadata"].update(labels={"n": str(n)}))
        # Thrice only: what is taken again and again is taken back ever more slowly.
        ours = {"image": f"other:{number}"} if number < 3 else {}
        place.change("deployment", MODEL, lambda o, n=number, ours=ours: meddle(o, n, ours))
    eventually(
        lambda: container(place.get("deployment", MODEL))["image"],
        "registry.example/iris:1",
        "our image",
    )
    place.available()
    wait_until_settled(place, reconciler)
    ended.set()
    watcher.join()
    assert "Failed" not in states


def test_a_restarted_api_server_is_found_again(place, plane):
    place.create("sdep", minimal())
    place.available()
    plane.stop_api_server(kill=True)
    plane.start_api_server()
    place.change("sdep", "iris", lambda obj: obj["spec"].update(replicas=2))
    eventually(lambda: place.get("sdep", "iris")["status"].get("replicas"), 2, "the pods")
    place.available()


def test_another_takes_over_when_the_leader_dies(anywhere, plane, tmp_path):
    flags = (
        "--selector",
        "own=election",
        "--leader-elect-resource-namespace",
        "default",
        "--leader-elect-resource-name",
        "own",
        "--leader-elect-lease-duration",
        "10",
    )
    first = Reconciler(plane, tmp_path / "first", *flags).wait()
    second = Reconciler(plane, tmp_path / "second", *flags).wait("started")
    labels = {"labels": {"own": "election"}}
    anywhere.create("sdep", minimal(lambda d: d["metadata"].update(labels)))
    anywhere.available()
    assert second.write_count() == 0
    first.kill()
    second.wait()
    anywhere.change("sdep", "iris", lambda obj: obj["spec"].update(replicas=2))
    eventually(lambda: anywhere.get("sdep", "iris")["status"].get("replicas"), 2, "the pods")
    assert second.stop() == 0
    third = Reconciler(plane, tmp_path / "third", *flags).wait()  # at once: the Lease is given back
    assert third.stop() == 0


def test_objects_with_another_controller_s_id_are_left_alone(anywhere, plane, tmp_path):
    for name, labels in (
        ("ours", {"seldon.io/controller-id": "graphgate", "own": "id"}),
        ("theirs", {"seldon.io/controller-id": "seldon", "own": "id"}),
        ("nobody-s", {"own": "id"}),
    ):
        anywhere.create("sdep", {**minimal(), "metadata": {"name": name, "labels": labels}})
    flags = ("--no-leader-elect", "--selector", "own=id")
    with_id = Reconciler(plane, tmp_path / "a", *flags, "--controller-id", "graphgate").wait()
    anywhere.available("ours")
    assert anywhere.names("deployment") == ["ours-main-0-classifier"]
    without = Reconciler(plane, tmp_path / "b", *flags).wait()
    anywhere.available("nobody-s")
    assert anywhere.names("deployment") == ["nobody-s-main-0-classifier", "ours-main-0-classifier"]
    assert (with_id.stop(), without.stop()) == (0, 0)


def test_the_documented_permissions_are_enough_and_each_is_used(anywhere, plane):
    transport = RecordingTransport(as_user(plane, "reconciler", ROLE))
    ensure_no_seldon_operator(transport, ())
    options = RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1"))
    settings = SimpleNamespace(controller_settings=ControllerSettings(Settings(), options))
    controller = Controller(
        ControllerConfig(selector="own=role"), transport, settings, ControllerMetrics()
    )
    election = LeaderElector(transport, namespace="default", name="role", identity="test")
    campaign = threading.Thread(target=election.run, args=(controller.start_workers, lambda: None))
    controller.start()
    campaign.start()
    try:
        document = load_case("autoscaled").document
        document["metadata"]["labels"] = {"own": "role"}
        anywhere.create("sdep", document)
        anywhere.available()
        anywhere.change("sdep", "iris", lambda o: o["spec"]["predictors"][0].update(name="green"))
        eventually(lambda: [n for n in anywhere.names("budget") if "main" in n], [], "the old ones")
        anywhere.available()
        events = lambda: str(plane.request("GET", anywhere.path("event")).body)  # noqa: E731
        eventually(lambda: "deleted PodDisruptionBudget" in events(), True, "events")
    finally:
        controller.stop()
        election.stop()
        campaign.join()
    assert transport.refused == []
    allowed = {(group, resource, verb) for group, resource, verbs, _ in ROLE for verb in verbs}
    # Pods are asked when they do not start for 15 seconds: tests/controller/test_reconciler.py.
    assert transport.used | {("", "pods", "list")} == allowed


def test_the_documentation_has_the_permissions_that_are_tested():
    text = (ROOT / "docs" / "reconciler.md").read_text()
    table = text.partition("| group | resource | verbs |")[2]
    rows = re.findall(r"^\| (\S+) \| ([a-z/]+)[^|]* \| ([a-z, ]+) \| ", table, re.M)
    reported = {
        (group.strip('"'), name, verb) for group, name, verbs in rows for verb in verbs.split(", ")
    }
    role = [*ROLE, *ROUTE_ROLE]
    assert reported == {(group, name, verb) for group, name, verbs, _ in role for verb in verbs}


def test_a_server_that_becomes_known_reaches_the_objects_that_wait_for_it(place, plane):
    graph = {"name": "m", "implementation": "NEW_SERVER", "modelUri": "gs://bucket/model"}
    place.create("sdep", with_predictor(componentSpecs=[], graph=graph))
    eventually(place.state, "Failed", "the state")
    servers = '{"NEW_SERVER": {"protocols": {"seldon": {"image": "new"}}}}'
    path = "/api/v1/namespaces/seldon-system/configmaps/seldon-config"
    config = plane.request("GET", path).body
    before = dict(config["data"])
    config["data"]["predictor_servers"] = servers
    assert plane.request("PUT", path, config).status == 200
    place.available()
    deployment = place.get("deployment", "iris-main-0-m")
    assert container(deployment)["image"] == "new"
    config = plane.request("GET", path).body
    plane.request("PUT", path, config | {"data": before})


def test_a_changed_seldon_config_reaches_one_deployment_of_one_object_at_a_time(
    anywhere, plane, tmp_path
):
    path = f"/api/v1/namespaces/{anywhere.name}/configmaps"
    servers = '{"SKLEARN_SERVER": {"protocols": {"seldon": {"image": "IMAGE"}}}}'
    config = {"metadata": {"name": "servers"}}
    config["data"] = {"predictor_servers": servers.replace("IMAGE", "old")}
    assert plane.request("POST", path, config).status == 201
    flags = ("--selector", "own=rollout", "--seldon-config", f"{anywhere.name}/servers")
    running = Reconciler(
        plane, tmp_path / "log", *flags, "--no-leader-elect", "--max-concurrent-rollouts", "1"
    ).wait()
    graph = {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "gs://bucket/model"}
    for name in ("a", "b"):
        document = with_predictor(componentSpecs=[], graph=graph)
        document["metadata"] = {"name": name, "labels": {"own": "rollout"}}
        first = document["spec"]["predictors"][0]
        document["spec"]["predictors"] = [
            {**first, "traffic": 50},
            {**first, "name": "second", "traffic": 50},
        ]
        anywhere.create("sdep", document)
    for name in ("a", "b"):
        anywhere.available(name)
    config["data"] = {"predictor_servers": servers.replace("IMAGE", "new")}
    most = 0
    states: set[str] = set()
    assert plane.request("PUT", f"{path}/servers", config).status == 200

    def images_and_rollouts():
        nonlocal most
        deployments = plane.request("GET", anywhere.path("deployment")).body["items"]
        rolling = [d for d in deployments if not is_rolled_out(d)]
        most = max(most, len(rolling))
        states.update(anywhere.state(name) for name in ("a", "b"))
        return {container(d)["image"] for d in deployments}, len(rolling)

    eventually(images_and_rollouts, ({"new"}, 0), "the new image", pause=0.01)
    for name in ("a", "b"):
        anywhere.available(name)
    assert most == 1
    assert states <= {"Available", "Creating"}
    assert running.stop() == 0


def is_rolled_out(deployment):
    status, generation = deployment["status"], deployment["metadata"]["generation"]
    counts = {status.get(f"{word}eplicas") for word in ("r", "updatedR", "readyR")}
    return counts == {deployment["spec"]["replicas"]} and status["observedGeneration"] == generation


def test_health_tells_what_is_followed(reconciler):
    eventually(lambda: reconciler.ask("readyz?verbose").splitlines()[-1], "ready", "readiness")
    assert reconciler.ask("livez") == "ready\n"
