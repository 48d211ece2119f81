"""An unrendered template is reported as one, once at each place, and never changed."""

import pytest

from tests.documents_of import with_graph, with_predictor
from webhook.engine.evaluate import evaluate
from webhook.engine.placeholders import explain_placeholders
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding, Operation
from webhook.graph.path import ROOT
from webhook.settings.model import read_settings


def denials(document):
    return evaluate(document, read_settings(), NO_FACTS).denials


def test_one_finding_at_one_place_whatever_rules_found():
    found = denials(with_graph(name="${NAME}"))
    assert [(str(f.path), f.message, f.fix) for f in found] == [
        ("spec.predictors[0].graph.name", "unrendered template: ${NAME}", ())
    ]


def test_no_fix_of_another_finding_changes_a_template():
    document = with_predictor(
        graph={"name": "My_Model"},
        componentSpecs=[
            {
                "spec": {
                    "containers": [{"name": "My_Model", "image": "i"}],
                    "volumes": [{"name": "${V}", "emptyDir": {}}, {"name": "A_b", "emptyDir": {}}],
                }
            }
        ],
    )
    found = {str(f.path).rpartition("spec.")[2]: f for f in denials(document)}
    assert found["volumes[0].name"].message == "unrendered template: ${V}"
    assert all(
        "${V}" not in str(operation) and "/volumes/0" not in operation["path"]
        for finding in found.values()
        for operation in finding.fix
    )


def test_what_a_program_reads_is_no_template():
    document = with_graph()
    (container,) = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    container["args"] = ["echo ${HOME}", 1]
    assert [f.message for f in denials(document)] == ["args[1] must be a string, got 1"]


@pytest.mark.parametrize("field", ["args", "command"])
def test_what_is_found_in_a_text_of_programs_is_told_as_it_is(field):
    finding = Finding(ROOT / "lifecycle" / field / 0, "too long", rule_id="a")
    document = {"lifecycle": {field: ["${HOME}"]}}
    assert explain_placeholders(document, [("deny", finding)]) == [("deny", finding)]


@pytest.mark.parametrize(
    ("path", "is_template"),
    [
        (ROOT / "image", True),
        (ROOT / "env" / 0 / "value", False),
        (ROOT / "subPathExpr", False),
    ],
)
def test_what_kubernetes_replaces_itself_is_no_template(path, is_template):
    document = {"image": "$(A)", "env": [{"value": "$(A)"}], "subPathExpr": "$(A)"}
    ((_, finding),) = explain_placeholders(document, [("deny", Finding(path, "m", rule_id="a"))])
    assert finding.message == ("unrendered template: $(A)" if is_template else "m")


def test_a_key_may_be_a_template():
    path = ROOT / "labels" / "{{ key }}"
    found = Finding(path, "m", rule_id="a")
    ((_, finding),) = explain_placeholders({"labels": {"{{ key }}": "a"}}, [("deny", found)])
    assert finding.message == "unrendered template: {{ key }}"


NAME = ROOT / "metadata" / "name"


def explained(*found):
    """Return action and rule id of what is kept of findings at one template."""
    document = {"metadata": {"name": "${NAME}"}}
    findings = [(action, Finding(NAME, "m", rule_id=rule)) for action, rule in found]
    return [
        (action, finding.rule_id) for action, finding in explain_placeholders(document, findings)
    ]


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([("warn", "a"), ("deny", "b")], [("deny", "b")]),
        ([("deny", "a"), ("warn", "b")], [("deny", "a")]),
        ([("deny", "a"), ("deny", "b")], [("deny", "a")]),
        ([("warn", "a"), ("audit", "b")], [("warn", "a")]),
        ([("warn", "a"), ("deny", "policy/p/0")], [("warn", "a"), ("deny", "policy/p/0")]),
    ],
)
def test_the_first_denial_at_a_template_is_kept_or_what_is_first(found, kept):
    assert explained(*found) == kept


@pytest.mark.parametrize(
    ("operation", "kept"), [("replace", False), ("remove", False), ("add", True)]
)
def test_a_fix_goes_that_changes_a_template_elsewhere(operation, kept):
    document = {"metadata": {"name": "${NAME}", "namespace": "a b"}}
    fix: tuple[Operation, ...] = ({"op": operation, "path": NAME.pointer, "value": "x"},)
    found = Finding(ROOT / "metadata" / "namespace", "m", fix=fix, rule_id="a")
    ((action, finding),) = explain_placeholders(document, [("warn", found)])
    assert (action, finding.fix, finding.message) == ("warn", fix if kept else (), "m")


def test_a_template_says_how_it_is_rendered():
    document = {"metadata": {"name": "{{ .Values.name }}"}}
    ((_, finding),) = explain_placeholders(document, [("deny", Finding(NAME, "m", "r"))])
    assert "helm template" in finding.remediation
