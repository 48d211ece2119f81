"""`graphgate security`: every container that will run, also those that nobody wrote."""

import json

import pytest

from tests.documents_of import minimal, with_graph, with_pod, with_predictor
from tests.seeds import EXAMPLES
from webhook.defaulting import DefaultingOptions
from webhook.engine.evaluated_object import read_object
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.graph.parse import parse
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import render
from webhook.report.security_context import explain_security
from webhook.report.security_context_text import format_text
from webhook.settings.model import read_settings
from webhook.yamldoc import read

SETTINGS = read_settings(operator="graphgate")
OF_SELDON = read_settings(operator="seldon")
SERVER = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "gs://b/m"}


def model_server(**predictor):
    document = with_predictor(graph=SERVER, **predictor)
    del document["spec"]["predictors"][0]["componentSpecs"]
    return document


def explain(document, facts=NO_FACTS, settings=SETTINGS):
    return [*explain_security(read_object(document, settings, facts))]


def fields(container):
    return {each.field: (each.value, each.source) for each in container.fields}


def test_a_model_server_without_a_template_has_its_containers():
    containers = explain(model_server())
    assert [(c.name, str(c.path), c.injected) for c in containers] == [
        ("classifier-model-initializer", "spec.predictors[0]", True),
        ("classifier", "spec.predictors[0].graph", True),
        ("seldon-container-engine", "spec.predictors[0]", True),
    ]
    server = fields(containers[1])
    assert server["runAsUser"] == ("8888", "default")
    assert server["allowPrivilegeEscalation"] == ("false", "graphgate")
    assert server["readOnlyRootFilesystem"] == ("writable", "")


def test_an_explainer_without_a_container_has_one():
    names = [c.name for c in explain(model_server(explainer={"type": "AnchorTabular"}))]
    assert names[-1] == "iris-main-explainer"


def test_what_is_added_to_an_author_s_pod_comes_after_it():
    containers = explain(minimal())
    assert [c.injected for c in containers] == [False, True]
    assert containers[1].name == "seldon-container-engine"


def test_an_author_s_value_of_the_pod_is_the_author_s_for_added_containers_too():
    document = with_pod(securityContext={"runAsUser": 1000})
    assert [fields(c)["runAsUser"] for c in explain(document)] == [
        ("1000", "author, at the pod"),
        ("1000", "author, at the pod"),
    ]


def test_a_default_of_the_namespace_says_so():
    namespace = Namespace(annotations={"graphgate.io/security-defaults": '{"runAsUser": 2000}'})
    document = model_server()
    document["metadata"]["namespace"] = "team"
    containers = explain(document, Facts(namespaces={"team": namespace}))
    assert {fields(c)["runAsUser"] for c in containers} <= {
        ("2000", "namespace"),
        ("8888", "graphgate"),
    }
    assert fields(containers[1])["runAsUser"] == ("2000", "namespace")


def test_the_text_says_what_is_added():
    text = format_text("m", explain(minimal()))
    assert '"classifier"\n' in text
    assert '"seldon-container-engine", added by graphgate\n' in text


def test_containers_of_seldon_s_operator_are_as_it_adds_them():
    """It drops no capabilities: its pods do not meet restricted, whatever the template says."""
    document = with_pod(
        securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    )
    (container,) = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    of_graphgate, of_seldon = explain(document), explain(document, settings=OF_SELDON)
    assert [dict(c.levels)["restricted"] for c in of_graphgate] == [True, True]
    assert [dict(c.levels)["restricted"] for c in of_seldon] == [False, False]
    assert fields(of_graphgate[1])["capabilities"] == ("drop ALL", "graphgate")
    assert fields(of_seldon[1])["capabilities"] == ("the runtime's default set", "")
    assert fields(of_seldon[1])["allowPrivilegeEscalation"] == ("false", "Seldon's operator")
    assert "engine\", added by Seldon's operator\n" in format_text("m", of_seldon)


def test_each_value_names_who_set_it():
    document = with_pod(securityContext={"fsGroup": 5})
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"].append(
        {"name": "own", "image": "i", "securityContext": {"runAsUser": 1000, "runAsNonRoot": True}}
    )
    first, second, _ = explain(document)
    values = fields(first)
    assert values["runAsUser"] == ("8888", "default")
    assert values["privileged"] == ("no", "")
    values = fields(second)
    assert values["runAsUser"] == ("1000", "author, at the container")
    assert values["runAsNonRoot"] == ("true", "author, at the container")
    assert dict(second.levels) == {"privileged": True, "baseline": True, "restricted": False}


def test_a_namespace_s_override_is_named():
    override = json.dumps({"runAsUser": 1234})
    facts = Facts(
        namespaces={"models": Namespace({}, {"graphgate.io/security-defaults": override})}
    )
    container, _ = explain(minimal(), facts)
    assert ("1234", "namespace") in [(r.value, r.source) for r in container.fields]


def test_what_openshift_assigns_is_named():
    facts = Facts(
        namespaces={"models": Namespace({}, {"openshift.io/sa.scc.uid-range": "1000620000/10000"})},
        openshift=True,
    )
    container, _ = explain(minimal(), facts)
    assert {r.field for r in container.fields if r.source == "SCC"} == {
        "runAsUser",
        "runAsNonRoot",
        "seccompProfile",
        "capabilities",
    }


def documents():
    yield minimal()
    yield model_server(explainer={"type": "AnchorTabular"})
    yield with_graph(name="x", implementation="SKLEARN_SERVER", modelUri="gs://b/m")
    for file in sorted(EXAMPLES.rglob("*.yaml")):
        for document in read(file.read_bytes()).documents:
            if document.value.get("kind") == "SeldonDeployment":
                yield document.value


@pytest.mark.parametrize("document", [*documents()])
def test_every_container_of_every_rendered_pod_is_shown_once(document):
    options = RenderOptions(orchestrator=OrchestratorOptions(""), defaults=DefaultingOptions())
    expected = sorted(
        container["name"]
        for rendered in render(parse(document), options, NO_FACTS)
        if rendered.kind == "Deployment"
        for role in ("initContainers", "containers")
        for container in rendered.object["spec"]["template"]["spec"].get(role, ())
    )
    assert sorted(container.name for container in explain(document)) == expected
