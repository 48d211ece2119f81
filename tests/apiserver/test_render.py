"""`graphgate render` and `graphgate diff` against the real API server."""

import json
import re
import sys

import pytest
import yaml

from tests.documents_of import minimal
from tests.seeds import EXAMPLES, SEEDS

# An explainer's image is nowhere in the document: it is a fact.
IMAGELESS = EXAMPLES / "explainer.yaml"
OURS = sorted(EXAMPLES.glob("*.yaml"))
VALID_SEEDS = [SEEDS / "minimal.yaml", SEEDS / "user-id.yaml"]


@pytest.fixture
def graphgate(control_plane):
    """The command line with the administrator's kubeconfig; never raises."""

    def run(*arguments, document=None):
        text = None if document is None else json.dumps(document)
        command = (sys.executable, "-m", "webhook", *map(str, arguments))
        return control_plane.run(*command, input=text, check=False)

    return run


@pytest.fixture
def file(tmp_path, namespace):
    """The minimal document, changed, in this test's namespace."""

    def write(change=lambda document: None):
        document = minimal(change)
        document["metadata"]["namespace"] = namespace
        path = tmp_path / "iris.yaml"
        path.write_text(yaml.safe_dump(document))
        return path

    return write


def homeless(stream):
    """The objects without a namespace of their own, which kubectl's -n would contradict."""
    objects = list(yaml.safe_load_all(stream))
    for obj in objects:
        obj["metadata"].pop("namespace", None)
    return yaml.safe_dump_all(objects, sort_keys=False)


PROTOCOLS = ("seldon", "tensorflow", "v2", "kfserving")
SERVERS = (
    *("SKLEARN_SERVER", "XGBOOST_SERVER", "TENSORFLOW_SERVER", "MLFLOW_SERVER"),
    *("TRITON_SERVER", "HUGGINGFACE_SERVER"),
)

# Seldon gives each container of a pod a port "http", and everything selects by number.
_KNOWN = re.compile(r"Warning: spec\.template\.spec\.containers\S+ duplicate port name ")


@pytest.mark.parametrize("how", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_what_is_rendered_of_every_example_the_api_server_takes(control_plane, graphgate, how):
    known = {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Facts",
        "kubernetesVersion": "v" + control_plane.version.removeprefix("v"),
        "modelServers": {
            name: {"protocols": {p: {"image": "registry.example/server:1"} for p in PROTOCOLS}}
            for name in SERVERS
        },
        "explainer": {"image": "registry.example/alibi:1"},
    }
    rendered = graphgate("render", "--facts", "-", *OURS, *VALID_SEEDS, document=known)
    assert (rendered.returncode, rendered.stderr) == (0, "")
    ran = control_plane.kubectl(
        *("apply", *how, "--dry-run=server", "-n", "default", "-f", "-"),
        input=homeless(rendered.stdout),
        check=False,
    )
    rejected = [line for line in ran.stderr.splitlines() if not _KNOWN.match(line)]
    assert (ran.returncode, rejected) == (0, [])
    assert ran.stdout.count("(server dry run)") == rendered.stdout.count("---\n")


def test_an_explainer_whose_image_is_not_known_is_refused_for_that_alone(control_plane, graphgate):
    rendered = graphgate("render", IMAGELESS)
    ran = control_plane.kubectl(
        *("apply", "--dry-run=server", "-n", "default", "-f", "-"),
        input=homeless(rendered.stdout),
        check=False,
    )
    rejected = [line for line in ran.stderr.splitlines() if not _KNOWN.match(line)]
    assert (ran.returncode, len(rejected)) == (1, 2)  # the model server's too: no facts
    assert all(line.endswith(".image: Required value") for line in rejected)


def apply(control_plane, rendered):
    return control_plane.kubectl(
        *("apply", "--server-side", "--field-manager=graphgate", "-f", "-"), input=rendered
    )


def versions(control_plane, namespace):
    ran = control_plane.kubectl(
        *("get", "deployments,services", "-n", namespace),
        *("-o", "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation}{'\\n'}"),
    )
    return ran.stdout


def test_diff_shows_everything_as_new_first_and_nothing_after_it_was_applied(
    control_plane, graphgate, file, namespace
):
    path = file()
    first = graphgate("diff", path)
    assert (first.returncode, first.stderr) == (1, "")
    new = [line for line in first.stdout.splitlines() if line.startswith("+++")]
    assert new == [
        f"+++ Deployment {namespace}/iris-main-0-classifier (new)",
        f"+++ Service {namespace}/iris-main-classifier (new)",
        f"+++ Service {namespace}/iris-main (new)",
    ]
    assert control_plane.kubectl("get", "deployments", "-n", namespace, "-o", "name").stdout == ""
    apply(control_plane, graphgate("render", path).stdout)
    second = graphgate("diff", path)
    assert (second.stdout, second.stderr, second.returncode) == ("", "", 0)


def test_diff_shows_one_change_and_makes_none(control_plane, graphgate, file, namespace):
    apply(control_plane, graphgate("render", file()).stdout)
    before = versions(control_plane, namespace)

    def change(document):
        predictor = document["spec"]["predictors"][0]
        predictor["componentSpecs"][0]["spec"]["containers"][0]["image"] = "registry.example/iris:2"

    ran = graphgate("diff", file(change))
    changed = [
        line
        for line in ran.stdout.splitlines()
        if line[:1] in "+-" and line[:3] not in ("---", "+++")
    ]
    assert ran.returncode == 1
    assert changed == [
        "-        image: registry.example/iris:1",
        "+        image: registry.example/iris:2",
        "-          value: registry.example/iris:1",
        "+          value: registry.example/iris:2",
    ] or changed == [
        "-          value: registry.example/iris:1",
        "+          value: registry.example/iris:2",
        "-        image: registry.example/iris:1",
        "+        image: registry.example/iris:2",
    ]
    assert versions(control_plane, namespace) == before


def test_diff_sees_what_somebody_else_changed(control_plane, graphgate, file, namespace):
    path = file(lambda document: document["spec"]["predictors"][0].update(replicas=2))
    apply(control_plane, graphgate("render", path).stdout)
    control_plane.kubectl(
        *("scale", "deployment", "iris-main-0-classifier", "-n", namespace, "--replicas=5")
    )
    ran = graphgate("diff", path)
    changed = [line for line in ran.stdout.splitlines() if "replicas" in line]
    assert (ran.returncode, changed) == (1, ["-  replicas: 5", "+  replicas: 2"])


def test_diff_without_the_right_to_look_is_a_sentence_and_exit_code_2(
    control_plane, graphgate, file, namespace
):
    nobody = control_plane.add_user("nobody-in-particular")
    ran = graphgate("diff", "--kubeconfig", nobody, file())
    assert (ran.stdout, ran.returncode) == ("", 2)
    assert 'User "nobody-in-particular" cannot list resource "namespaces"' in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_diff_into_a_namespace_that_is_not_there_is_a_sentence(graphgate, tmp_path):
    path = tmp_path / "iris.yaml"
    path.write_text(yaml.safe_dump(minimal()))
    ran = graphgate("diff", path)
    assert (ran.stdout, ran.returncode) == ("", 2)
    assert 'namespaces "models" not found (404 NotFound)' in ran.stderr
