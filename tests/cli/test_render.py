"""`render` shows what Seldon's operator of a version makes of a document."""

import json

import pytest
import yaml

from tests.documents_of import with_pod, with_predictor

SIDECAR = with_pod(
    initContainers=[
        {"name": "proxy", "image": "registry.example/proxy:1", "restartPolicy": "Always"}
    ]
)


def init_container(out):
    (pod,) = [each["spec"] for each in yaml.safe_load_all(out) if each["kind"] == "Deployment"]
    (container,) = pod["template"]["spec"]["initContainers"]
    return container


@pytest.mark.parametrize(("version", "is_kept"), [("1.18.2", True), ("null", False)])
def test_the_version_of_the_operator_is_a_setting(run, tmp_path, version, is_kept):
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "apiVersion: graphgate.io/v1alpha1\nkind: Settings\noperator: seldon\n"
        f"operatorVersion: {version}\n"
    )
    ran = run("render", "--settings", settings, "-", stdin=json.dumps(SIDECAR))
    assert ran.code == 0
    assert ("restartPolicy" in init_container(ran.out)) is is_kept


def test_the_version_of_the_operator_is_a_fact(run, tmp_path):
    facts = tmp_path / "facts.yaml"
    facts.write_text("apiVersion: graphgate.io/v1alpha1\nkind: Facts\noperatorVersion: 1.18.2\n")
    flags = ("--operator", "seldon", "--facts", facts)
    ran = run("render", *flags, "-", stdin=json.dumps(SIDECAR))
    assert init_container(ran.out)["restartPolicy"] == "Always"


def test_a_sidecar_that_would_never_end_is_denied_where_the_version_is_known(run, tmp_path):
    facts = tmp_path / "facts.yaml"
    facts.write_text("apiVersion: graphgate.io/v1alpha1\nkind: Facts\noperatorVersion: 1.17.1\n")
    ran = run("check", "--facts", facts, stdin=json.dumps(SIDECAR))
    assert ran.code == 1
    assert "[essential-field-newer-than-operator]" in ran.out
    assert run("check", stdin=json.dumps(SIDECAR)).code == 0


def test_images_and_servers_that_the_settings_name_are_rendered(run, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "apiVersion: graphgate.io/v1alpha1\nkind: Settings\n"
        "rendering: {modelServerImages: {OUR_SERVER: {seldon: registry.example/ours:1}}}\n"
    )
    graph = {"name": "iris", "implementation": "OUR_SERVER", "modelUri": "gs://models/iris"}
    document = with_predictor(graph=graph, componentSpecs=None)
    ran = run("render", "--settings", settings, "-", stdin=json.dumps(document))
    assert ran.code == 0, ran.out
    assert "registry.example/ours:1" in ran.out


@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_an_object_that_gets_its_name_later_is_shown_with_an_example(run, operator):
    document = with_predictor()
    document["metadata"] = {"generateName": "iris-"}
    ran = run("render", "--operator", operator, "-", stdin=json.dumps(document))
    assert ran.err == (
        'graphgate: -:1: the object has only generateName; it is shown as "iris-xxxxx", '
        "the API server chooses the last five characters\n"
    )
    names = [each["metadata"]["name"] for each in yaml.safe_load_all(ran.out)]
    assert names[0] == "iris-xxxxx-main-0-classifier"
    assert all(name.startswith("iris-xxxxx") for name in names)
