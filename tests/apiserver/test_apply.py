"""The conversation with a real API server, as kubectl's user sees it."""

import json
import socket

import pytest
import yaml

from tests.apiserver.installed import Installed, eventually
from tests.documents_of import minimal, with_graph, with_predictor
from tests.seeds import EXAMPLES, SEEDS

OWN_EXAMPLES = sorted(EXAMPLES.glob("*.yaml"))
POD = "{.spec.predictors[0].componentSpecs[0].spec.securityContext.runAsUser}"
SDEP = "seldondeployments.machinelearning.seldon.io"


@pytest.fixture(scope="module")
def control_plane(own_control_plane):
    return own_control_plane


@pytest.fixture(scope="module")
def installed(control_plane, tmp_path_factory):
    """graphgate, installed once for all tests here."""
    graphgate = Installed(control_plane, tmp_path_factory.mktemp("graphgate"))
    yield graphgate
    graphgate.stop()


@pytest.fixture
def kubectl(installed, namespace):
    """kubectl in the test's own namespace; never raises."""

    def run(*arguments, document=None, **options):
        text = document if isinstance(document, (str, type(None))) else json.dumps(document)
        return installed.plane.kubectl(
            "-n", namespace, *arguments, input=text, check=False, **options
        )

    return run


def named(document, name="iris"):
    """The document without a namespace of its own, under another name."""
    document["metadata"] = {**document["metadata"], "name": name}
    document["metadata"].pop("namespace", None)
    return document


def get(kubectl, name, path):
    return kubectl("get", SDEP, name, "-o", f"jsonpath={path}").stdout


@pytest.mark.parametrize("seed", ["minimal", "user-id"])
def test_a_valid_seed_is_stored_with_the_default_user(kubectl, seed):
    ran = kubectl("apply", "-f", str(SEEDS / f"{seed}.yaml"))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "seldondeployment.machinelearning.seldon.io/seldon-model created\n"
    assert get(kubectl, "seldon-model", POD) == "8888"


def test_the_container_s_own_user_stays(kubectl):
    kubectl("apply", "-f", str(SEEDS / "user-id.yaml"))
    path = "{.spec.predictors[0].componentSpecs[0].spec.containers[0].securityContext.runAsUser}"
    assert get(kubectl, "seldon-model", path) == "1000"


def test_the_broken_seed_is_refused_with_all_eight_findings_in_kubectl_s_output(kubectl):
    ran = kubectl("apply", "-f", str(SEEDS / "three-steps.yaml"))
    pods = "spec.predictors[0].componentSpecs[0].spec.containers"
    graph = "spec.predictors[0].graph"
    assert ran.returncode == 1
    for path in (
        f"{pods}[0].name",
        f"{pods}[1].name",
        f"{pods}[2].name",
        f"{graph}.name",
        f"{graph}.children",
        f"{graph}.children.name",
        f"{graph}.children.children",
        f"{graph}.children.children.name",
    ):
        assert f"{path}: " in ran.stderr
    assert ran.stderr.count("[name-not-a-dns-label]") == 6
    assert ran.stderr.count("[children-not-a-list]") == 2
    assert get(kubectl, "seldon-model", "{.metadata.name}") == ""


def test_the_fixed_seed_is_stored(installed, kubectl):
    fixed = installed.plane.run(
        "sh", "-c", f"cd {SEEDS} && {_graphgate()} fix three-steps.yaml 2>/dev/null"
    ).stdout
    assert kubectl("apply", "-f", "-", document=fixed).returncode == 0


def _graphgate():
    import sys

    from tests.seeds import ROOT

    return f"PYTHONPATH={ROOT} {sys.executable} -m webhook"


@pytest.mark.parametrize("example", OWN_EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_applied_without_a_warning(kubectl, example):
    ran = kubectl("apply", "-f", str(example))
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("how", [["apply"], ["apply", "--server-side"], ["create"]])
def test_a_dry_run_is_evaluated_and_stores_nothing(kubectl, how):
    ran = kubectl(*how, "--dry-run=server", "-o", "json", "-f", str(SEEDS / "minimal.yaml"))
    assert json.loads(ran.stdout)["spec"]["predictors"][0]["componentSpecs"][0]["spec"][
        "securityContext"
    ] == {"runAsUser": 8888}
    assert get(kubectl, "seldon-model", "{.metadata.name}") == ""
    broken = kubectl(*how, "--dry-run=server", "-f", str(SEEDS / "three-steps.yaml"))
    assert "[children-not-a-list]" in broken.stderr


def stored(kubectl, name):
    return json.loads(kubectl("get", SDEP, name, "-o", "json").stdout)


@pytest.mark.parametrize("how", [["apply"], ["apply", "--server-side"]])
def test_applying_again_changes_nothing(control_plane, kubectl, how):
    file = str(SEEDS / "minimal.yaml")
    first = kubectl(*how, "-f", file)
    before = stored(kubectl, "seldon-model")
    second = kubectl(*how, "-f", file)
    assert (first.returncode, second.returncode, second.stderr) == (0, 0, "")
    after = stored(kubectl, "seldon-model")
    # Kubernetes 1.30 writes the time of an apply, also of one that changes nothing else, into an
    # object that a webhook has changed.
    if control_plane.minor <= 30:
        del before["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"]
    assert after == before


def test_an_edit_that_breaks_the_graph_is_refused(kubectl):
    kubectl("apply", "-f", "-", document=named(minimal()))
    patch = '[{"op":"replace","path":"/spec/predictors/0/graph/name","value":"clasifier"}]'
    ran = kubectl("patch", SDEP, "iris", "--type=json", "-p", patch)
    assert ran.returncode == 1
    assert 'or the node to "classifier" [missing-container]' in ran.stderr


def test_scaling_labelling_and_deleting_work(kubectl):
    kubectl("apply", "-f", "-", document=named(minimal()))
    assert kubectl("scale", f"{SDEP}/iris", "--replicas=3").returncode == 0
    assert get(kubectl, "iris", "{.spec.replicas}") == "3"
    assert kubectl("label", SDEP, "iris", "team=a").returncode == 0
    assert kubectl("delete", SDEP, "iris").returncode == 0


@pytest.mark.parametrize("version", ["v1alpha2", "v1alpha3", "v1"])
def test_every_served_version_is_evaluated(kubectl, version):
    document = named(minimal())
    document["apiVersion"] = f"machinelearning.seldon.io/{version}"
    assert kubectl("apply", "-f", "-", document=document).returncode == 0
    assert get(kubectl, "iris", POD) == "8888"
    broken = named(with_graph(name="clasifier"), "broken")
    broken["apiVersion"] = f"machinelearning.seldon.io/{version}"
    assert "[missing-container]" in kubectl("apply", "-f", "-", document=broken).stderr


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (with_predictor(replicas="1"), "wrong-type"),
        (with_graph(children={"name": "a"}), "children-not-a-list"),
        (with_graph(children="a"), "wrong-type"),
        (with_predictor(name=None), "missing-field"),
        (with_predictor(graph=[{"name": "a"}]), "wrong-type"),
    ],
)
def test_a_wrong_type_is_explained_by_us_and_not_by_the_api_server(kubectl, document, rule):
    ran = kubectl("apply", "-f", "-", document=named(document))
    assert ran.returncode == 1
    assert f"[{rule}]" in ran.stderr


def test_a_warning_is_shown_once_and_the_object_stored(kubectl):
    ran = kubectl("apply", "-f", "-", document=named(with_graph(modelURI="gs://x/y")))
    assert ran.returncode == 0
    assert ran.stderr == (
        'Warning: spec.predictors[0].graph.modelURI: unknown field "modelURI"; '
        'did you mean "modelUri"? [unknown-field]\n'
    )


def finalized(document):
    document["metadata"]["finalizers"] = ["example.com/wait"]
    return document


@pytest.fixture
def unjudged(installed, kubectl):
    """Store a document as it was stored before graphgate came."""

    def store(document):
        installed.configure(objectSelector={"matchLabels": {"never": "matches"}})
        eventually(
            lambda: kubectl("apply", "-f", "-", document=document).returncode == 0,
            "the webhooks are not asked any more",
        )
        installed.configure(objectSelector={})
        probe = named(with_graph(name="clasifier"), "probe")
        eventually(
            lambda: (
                "[missing-container]"
                in kubectl("create", "--dry-run=server", "-f", "-", document=probe).stderr
            ),
            "the webhooks are asked again",
        )

    return store


def test_an_old_object_that_is_broken_can_be_labelled_and_deleted(kubectl, unjudged):
    unjudged(named(with_graph(name="clasifier")))
    ran = kubectl("label", SDEP, "iris", "team=a")
    assert ran.returncode == 0
    assert "Warning: " in ran.stderr
    assert "[missing-container]" in ran.stderr
    assert kubectl("delete", SDEP, "iris").returncode == 0


def test_a_finalizer_can_be_removed_whatever_the_object_holds(kubectl, unjudged):
    unjudged(finalized(named(with_graph(name="clasifier"))))
    assert kubectl("delete", SDEP, "iris", "--wait=false").returncode == 0
    patch = '[{"op":"remove","path":"/metadata/finalizers"}]'
    assert kubectl("patch", SDEP, "iris", "--type=json", "-p", patch).returncode == 0
    assert get(kubectl, "iris", "{.metadata.name}") == ""


@pytest.mark.parametrize("how", [("create",), ("apply",), ("apply", "--server-side")], ids=" ".join)
def test_a_new_object_that_says_that_it_is_being_deleted_is_evaluated(kubectl, how):
    document = named(with_graph(name="clasifier"))
    document["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ran = kubectl(*how, "-f", "-", document=document)
    assert ran.returncode == 1
    assert "[missing-container]" in ran.stderr


@pytest.mark.parametrize(("policy", "stored"), [("Fail", False), ("Ignore", True)])
def test_with_the_webhook_down_its_failure_policy_decides(installed, kubectl, policy, stored):
    try:
        installed.configure(failurePolicy=policy)
        installed.stop()
        document = named(minimal())

        def followed():
            ran = kubectl("create", "--dry-run=server", "-f", "-", document=document)
            return (ran.returncode == 0) is stored

        eventually(followed, f"the API server follows failurePolicy {policy}")
        ran = kubectl("apply", "-f", "-", document=document)
        assert (ran.returncode == 0) is stored
        if not stored:
            assert 'failed calling webhook "mutate.graphgate.io"' in ran.stderr
    finally:
        installed.start()
        installed.configure(failurePolicy="Fail")


def test_a_webhook_that_does_not_answer_is_given_up_after_its_timeout(installed, kubectl):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        try:
            installed.redirect_to_port(silent.getsockname()[1])

            def given_up():
                ran = kubectl("create", "--dry-run=server", "-f", "-", document=named(minimal()))
                return "failed calling webhook" in ran.stderr or ran

            eventually(given_up, "the API server asks the silent server")
        finally:
            installed.redirect_to_port(installed.port)
        eventually(
            lambda: (
                kubectl(
                    "create", "--dry-run=server", "-f", "-", document=named(minimal())
                ).returncode
                == 0
            ),
            "the API server asks graphgate again",
        )


def test_with_the_webhook_down_objects_can_still_be_deleted(installed, kubectl):
    assert kubectl("apply", "-f", "-", document=named(minimal())).returncode == 0
    assert kubectl("apply", "-f", "-", document=finalized(named(minimal(), "two"))).returncode == 0
    installed.stop()
    try:
        assert kubectl("delete", SDEP, "iris").returncode == 0
        assert kubectl("delete", SDEP, "two", "--wait=false").returncode == 0
        patch = '[{"op":"remove","path":"/metadata/finalizers"}]'
        assert kubectl("patch", SDEP, "two", "--type=json", "-p", patch).returncode == 0
    finally:
        installed.start()
    assert get(kubectl, "two", "{.metadata.name}") == ""


def test_the_log_names_the_decision_and_holds_no_object(installed, kubectl, namespace):
    secret = "hunter2-in-an-environment-variable"
    container = {
        "name": "classifier",
        "image": "registry.example/iris:1",
        "env": [{"name": "TOKEN", "value": secret}],
    }
    document = named(with_predictor(componentSpecs=[{"spec": {"containers": [container]}}]))
    kubectl("apply", "-f", "-", document=document)

    def decisions():
        return [line for line in installed.decisions() if line["namespace"] == namespace]

    eventually(lambda: len(decisions()) == 2 or decisions(), "both decisions are in the log")
    reported = decisions()
    assert [(line["endpoint"], line["verdict"], line["name"]) for line in reported] == [
        ("mutate", "allowed", "iris"),
        ("validate", "allowed", "iris"),
    ]
    assert secret not in (installed.folder / "server.log").read_text()


def test_kubectl_explains_the_fields(kubectl):
    ran = kubectl("explain", "sdep.spec.predictors.graph")
    assert ran.returncode == 0
    assert "implementation" in ran.stdout


def test_kubectl_get_shows_state_replicas_and_predictors(kubectl):
    kubectl("apply", "-f", "-", document=named(minimal()))
    header, row = kubectl("get", "sdep", "iris").stdout.splitlines()
    assert header.split()[:2] == ["NAME", "STATE"]
    assert row.split()[0] == "iris"
    assert "main" in row


def test_a_list_of_objects_is_evaluated_one_by_one(kubectl):
    stream = yaml.safe_dump_all([named(minimal(), "a"), named(with_graph(name="x"), "b")])
    ran = kubectl("apply", "-f", "-", document=stream)
    assert ran.stdout == "seldondeployment.machinelearning.seldon.io/a created\n"
    assert 'SeldonDeployment "b" has 1 error' in ran.stderr or "[missing-container]" in ran.stderr


def test_the_installed_type_is_ready_for_the_test(installed):
    assert isinstance(installed, Installed)
    status, text = installed.ready()
    assert status == 200, text
