"""facts, render, diff, and --facts of the others, as a person runs them."""

import json

import pytest
import yaml

from tests.documents_of import minimal, with_graph, with_predictor
from webhook.graph.parse import parse
from webhook.rendering.render import render

NAMESPACES = "/api/v1/namespaces"
CONFIGS = "/api/v1/namespaces/seldon-system/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/models/deployments"
SERVICES = "/api/v1/namespaces/models/services"


@pytest.fixture
def file(tmp_path):
    def write(*documents, name="iris.yaml"):
        path = tmp_path / name
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False))
        return path

    return write


@pytest.fixture
def cluster(api, tmp_path):
    """A cluster with two namespaces and a model server, and the flags that lead to it."""
    servers = {
        "SKLEARN_SERVER": {"protocols": {"seldon": {"image": "skl", "defaultImageVersion": "7"}}}
    }
    api.put(NAMESPACES, "models", labels={"team": "a"})
    api.put(NAMESPACES, "shop")
    api.put(CONFIGS, "seldon-config", data={"predictor_servers": json.dumps(servers)})
    api.set_response("/version", 200, {"minor": "36"})
    return ("--kubeconfig", api.kubeconfig(tmp_path))


FACTS = """\
apiVersion: graphgate.io/v1alpha1
kind: Facts
kubernetesVersion: v1.36
openshift: false
modelServers:
  SKLEARN_SERVER:
    protocols:
      seldon:
        image: skl
        defaultImageVersion: "7"
explainer: {}
namespaces:
  models:
    labels:
      team: a
  shop: {}
"""


def test_facts_prints_a_facts_file(run, api, cluster):
    result = run("facts", *cluster)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"# Written by graphgate facts, from {api.url}\n{FACTS}"


def test_facts_of_one_namespace_ask_for_no_other(run, api, cluster):
    result = run("facts", "-n", "shop", *cluster)
    assert yaml.safe_load(result.out)["namespaces"] == {"shop": {}}
    assert NAMESPACES not in [request.path for request in api.requests]


def test_facts_say_what_is_left_out(run, api, cluster):
    path = f"{CONFIGS}/seldon-config"
    api.set_response(path, 403, {"reason": "Forbidden", "message": "not for you"})
    result = run("facts", *cluster)
    assert (result.code, "modelServers" in yaml.safe_load(result.out)) == (0, False)
    assert result.err == (
        f"graphgate: left out: the API server at {api.url} refused GET {path}: not for you "
        "(403 Forbidden); this user needs a role that allows it\n"
    )


def test_facts_without_a_cluster_are_one_sentence(run, tmp_path):
    result = run("facts", env={"HOME": str(tmp_path), "KUBECONFIG": ""})
    assert (result.out, result.code) == ("", 2)
    assert result.err.startswith("graphgate: no cluster configured: ")


def test_a_config_map_needs_a_namespace_and_a_name(run):
    result = run("facts", "--seldon-config", "seldon-config")
    assert (result.code, result.err) == (
        2,
        "graphgate: --seldon-config must be NAMESPACE/NAME, got 'seldon-config'\n",
    )


SERVER = with_graph(implementation="SKLEARN_SERVER", modelUri="gs://models/iris", name="m")
SERVER["spec"]["predictors"][0].pop("componentSpecs")


def test_render_takes_images_from_facts(run, file, tmp_path):
    facts = tmp_path / "facts.yaml"
    facts.write_text(FACTS)
    result = run("render", "--facts", facts, file(SERVER))
    assert (result.code, result.err) == (0, "")
    images = [
        container["image"]
        for obj in yaml.safe_load_all(result.out)
        if obj["kind"] == "Deployment"
        for container in obj["spec"]["template"]["spec"]["containers"]
    ]
    assert images == ["skl:7"]


OPENSHIFT = {
    "apiVersion": "graphgate.io/v1alpha1",
    "kind": "Facts",
    "openshift": True,
    "namespaces": {
        "models": {"annotations": {"openshift.io/sa.scc.uid-range": "1000640000/10000"}}
    },
}


def test_check_review_fix_and_render_leave_the_user_to_openshift(run, file, tmp_path):
    facts = file(OPENSHIFT, name="facts.yaml")
    document = file(minimal())
    results = json.loads(run("check", "-o", "json", "--facts", facts, document).out)
    assert [result["patch"] for result in results["results"]] == [[]]
    assert "runAsUser" not in run("render", "--facts", facts, document).out
    assert "runAsUser" in run("render", document).out
    assert run("fix", "--facts", facts, document).code == 0
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u",
            "operation": "CREATE",
            "namespace": "models",
            "object": minimal(),
        },
    }
    answer = json.loads(run("review", "--facts", facts, stdin=json.dumps(review)).out)
    assert "patch" not in answer["response"]


def test_a_facts_file_that_cannot_be_used_is_one_sentence(run, file):
    facts = file({"apiVersion": "graphgate.io/v1alpha1", "kind": "Facts", "kubernetesVersion": 36})
    for command in ("check", "fix", "review", "render"):
        result = run(command, "--facts", facts, "-")
        message = f"graphgate: {facts}:3:20: kubernetesVersion must be a string or null, got 36\n"
        assert (result.out, result.err, result.code) == ("", message, 2)


def filled(document):
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["securityContext"] = {
        "runAsUser": 8888
    }
    return document


def test_render_prints_exactly_what_the_filled_document_stands_for(run, file):
    result = run("render", file(minimal()))
    assert (result.code, result.err) == (0, "")
    expected = [each.object for each in render(parse(filled(minimal())))]
    assert list(yaml.safe_load_all(result.out)) == expected
    assert [list(obj) for obj in yaml.safe_load_all(result.out)] == [list(obj) for obj in expected]
    assert result.out == run("render", file(minimal())).out


def test_render_fills_defaults_in_also_where_admission_leaves_them_out(run, file):
    settings = {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "defaults": {"applyAt": "render"},
    }
    late = run("render", "--settings", file(settings, name="settings.yaml"), file(minimal()))
    assert late.out == run("render", file(minimal())).out


def test_render_has_the_images_that_reconcile_has(run, file):
    SERVER["spec"]["predictors"][0]["graph"]["children"] = []
    flags = ("--executor-image", "engine:1", "--storage-initializer-image", "init:1")
    result = run("render", *flags, file(SERVER))
    deployment = next(iter(yaml.safe_load_all(result.out)))
    pod = deployment["spec"]["template"]["spec"]
    assert [c["image"] for c in pod["initContainers"]] == ["init:1"]
    assert "engine:1" in [c.get("image") for c in pod["containers"]]


def test_render_reads_several_files_and_standard_input(run, file):
    one, two = minimal(), minimal()
    two["metadata"]["name"] = "two"
    result = run("render", "-", file(two), stdin=yaml.safe_dump(one))
    names = [obj["metadata"]["name"] for obj in yaml.safe_load_all(result.out)]
    assert names == [
        *("iris-main-0-classifier", "iris-main-classifier", "iris-main"),
        *("two-main-0-classifier", "two-main-classifier", "two-main"),
    ]


def test_render_leaves_out_what_would_be_denied_and_says_why(run, file):
    broken = with_graph(name="clasifier")
    broken["metadata"]["name"] = "broken"
    path = file(broken, minimal())
    result = run("render", path)
    assert result.code == 1
    assert {obj["metadata"]["name"] for obj in yaml.safe_load_all(result.out)} == {
        "iris-main-0-classifier",
        "iris-main-classifier",
        "iris-main",
    }
    assert f"--> {path}:" in result.err
    assert "[missing-container]" in result.err
    assert result.err.splitlines()[-1].startswith(
        "1 SeldonDeployment: 0 allowed, 1 denied (1 error)"
    )


def test_render_of_what_cannot_be_read_is_exit_code_2(run, tmp_path):
    result = run("render", tmp_path / "gone.yaml")
    assert (result.out, result.code) == ("", 2)
    assert "cannot be opened: No such file or directory" in result.err


def test_origins_say_where_objects_and_their_parts_come_from(run, file):
    path = file(with_predictor(replicas=2))
    result = run("render", "--show-source", path)
    plain = run("render", path)
    assert list(yaml.safe_load_all(result.out)) == list(yaml.safe_load_all(plain.out))
    results = [line.strip() for line in result.out.splitlines() if "# " in line]
    predictor = "spec.predictors[0]"
    container = f"{predictor}.componentSpecs[0].spec.containers[0]"
    assert results[:4] == [
        f"# from {path}, line 10: {predictor}.componentSpecs[0]",
        f"replicas: 2  # line 18: {predictor}.replicas",
        f"- name: classifier  # line 12: {container}",
        f"- name: http  # created for {predictor}",
    ]


def test_an_origin_is_one_line_whatever_a_file_is_called(run, tmp_path):
    path = tmp_path / "a\nkind: Secret\n.yaml"
    path.write_text(yaml.safe_dump(minimal()))
    result = run("render", "--show-source", path)
    assert {obj["kind"] for obj in yaml.safe_load_all(result.out)} == {"Deployment", "Service"}


def apply_all(api, *, without=()):
    """Put what the minimal document stands for into the fake cluster, as a server stores it."""
    for each in render(parse(filled(minimal()))):
        collection = DEPLOYMENTS if each.kind == "Deployment" else SERVICES
        if each.name not in without:
            annotations = {
                "deployment.kubernetes.io/revision": "3",
                "graphgate.io/applied-hash": "abc",
            }
            api.put(
                collection,
                each.name,
                namespace="models",
                labels=each.object["metadata"]["labels"],
                annotations=annotations,
                uid="u",
                **{key: value for key, value in each.object.items() if key != "metadata"},
                status={"replicas": 1},
            )


def test_diff_of_what_is_there_already_is_nothing(run, api, cluster, file):
    apply_all(api)
    result = run("diff", *cluster, file(minimal()))
    assert (result.out, result.err, result.code) == ("", "", 0)
    patches = [request for request in api.requests if request.method == "PATCH"]
    assert {json.dumps(request.query) for request in patches} == {
        json.dumps({"fieldManager": "graphgate", "force": "true", "dryRun": "All"})
    }
    assert len(patches) == 3


def test_diff_shows_what_would_change(run, api, cluster, file):
    apply_all(api)
    changed = with_predictor(replicas=3)
    result = run("diff", *cluster, file(changed))
    assert (result.code, result.err) == (1, "")
    lines = result.out.splitlines()
    assert lines[:2] == [
        "--- Deployment models/iris-main-0-classifier (live)",
        "+++ Deployment models/iris-main-0-classifier (new)",
    ]
    assert [line for line in lines[2:] if line[0] in "+-"] == ["+  replicas: 3"]


def test_diff_shows_a_new_object_as_it_is_rendered(run, api, cluster, file):
    apply_all(api, without={"iris-main"})
    result = run("diff", *cluster, file(minimal()))
    assert result.code == 1
    new = [line[1:] for line in result.out.splitlines()[3:]]
    (service,) = (
        each.object for each in render(parse(filled(minimal()))) if each.name == "iris-main"
    )
    assert yaml.safe_load("\n".join(new)) == service


def test_diff_keeps_the_owners_that_an_object_has(run, api, cluster, file):
    apply_all(api)
    owners = [{"kind": "SeldonDeployment", "uid": "o", "controller": True}]
    name = "iris-main"
    api._objects[SERVICES][name]["metadata"]["ownerReferences"] = owners
    assert run("diff", *cluster, file(minimal())).code == 0
    (sent,) = (r.body for r in api.requests if r.path == f"{SERVICES}/{name}" and r.body)
    assert sent["metadata"]["ownerReferences"] == owners


def test_diff_uses_the_namespace_of_the_flag_then_of_the_context(run, api, cluster, file):
    document = minimal()
    del document["metadata"]["namespace"]
    path = file(document)
    run("diff", *cluster, path)
    run("diff", "-n", "shop", *cluster, path)
    requests = [request.path for request in api.requests if request.method == "PATCH"]
    assert [path.split("/namespaces/")[1].split("/")[0] for path in requests] == [
        *["default"] * 3,
        *["shop"] * 3,
    ]


def test_diff_says_what_the_api_server_refuses_and_goes_on(run, api, cluster, file):
    path = f"{DEPLOYMENTS}/iris-main-0-classifier"
    api.set_response(
        path, 422, {"reason": "Invalid", "message": "spec.replicas: Invalid value: -1"}
    )
    result = run("diff", *cluster, file(minimal()))
    assert result.code == 2
    assert result.err == (
        f"graphgate: the API server at {api.url} refused GET {path}: spec.replicas: Invalid "
        "value: -1 (422 Invalid)\n"
    )
    assert result.out.count("--- Service models/") == 2


def test_diff_of_what_would_be_denied_is_exit_code_2(run, cluster, file):
    result = run("diff", *cluster, file(with_graph(name="clasifier")))
    assert (result.out, result.code) == ("", 2)
    assert "[missing-container]" in result.err


def test_kubeconfig_without_cluster_is_a_mistake_of_serve(run):
    result = run("serve", "--kubeconfig", "x")
    assert result.code == 2
    assert "Error: --kubeconfig and --context are for --watch-cluster" in result.err
