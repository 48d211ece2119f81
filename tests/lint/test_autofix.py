"""Laws of fixing, over every fixture and mutant; and what is safe, what is a guess."""

from collections import Counter
from random import Random

import pytest
import yaml

from tests.documents_of import with_graph, with_pod, with_predictor
from tests.rules.graphs import build_document
from tests.rules.mutants import MUTANTS, NotApplicableError
from tests.rules.test_fixtures import FILES, split_head
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint.autofix import autofix
from webhook.lint.lint import lint_text
from webhook.policy import load_policy_set, objects_from_file
from webhook.settings.model import read_settings
from webhook.yamldoc import UneditableTextError, edit_text, read

SETTINGS = read_settings()


def fix(text, *, unsafe=False):
    return autofix(text, SETTINGS, NO_FACTS, unsafe=unsafe)


def findings_in(text):
    (result,) = lint_text("-", text, SETTINGS, NO_FACTS).results
    return [located.finding for located in result.findings]


def denials_in(text):
    (result,) = lint_text("-", text, SETTINGS, NO_FACTS).results
    return Counter(f.finding.rule_id for f in result.findings if f.action == "deny")


def mutants():
    for name, (_, mutate) in MUTANTS.items():
        for seed in range(40):
            document = build_document(seed, 6, 3)
            try:
                mutate(document, Random(seed))
            except NotApplicableError:
                continue
            yield pytest.param(yaml.safe_dump(document, sort_keys=False), id=name)
            break


TEXTS = [
    *(
        pytest.param(split_head(file.read_text())[1], id=f"{file.parent.name}/{file.stem}")
        for file in FILES
    ),
    *mutants(),
]


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_second_run_changes_nothing_and_nothing_new_is_denied(text, unsafe):
    first = fix(text, unsafe=unsafe)
    second = fix(first.text, unsafe=unsafe)
    assert (second.text, second.applied) == (first.text, ())
    before, after = denials_in(text), denials_in(first.text)
    # Nodes that stood where nothing reads them are read once they are moved: what is wrong with
    # them takes the place of the denial that hid it.
    hidden = before["dropped-graph-part"] - after["dropped-graph-part"]
    assert (after - before).total() <= hidden


@pytest.mark.parametrize("text", TEXTS)
def test_every_safe_fix_removes_its_finding_and_brings_no_other(text):
    assert not [(f.rule_id, reason) for f, reason in fix(text).skipped]


@pytest.mark.parametrize("text", TEXTS)
def test_only_safe_fixes_are_applied_unless_asked(text):
    assert all(finding.fix_safety == "safe" for finding in fix(text).applied)


def test_a_fix_without_effect_ends_the_round_and_the_others_go_on(monkeypatch):
    text = yaml.safe_dump(with_graph(name="My_Model", type="model"))

    def edit_without_effect(text, document, patch):
        return text if "MODEL" in str(patch) else edit_text(text, document, patch)

    monkeypatch.setattr("webhook.lint.autofix.edit_text", edit_without_effect)
    result = fix(text)
    assert [reason for _, reason in result.skipped] == ["the fix changes nothing"]
    assert [finding.rule_id for finding in result.applied] == ["name-not-a-dns-label"]


def test_what_cannot_be_fixed_is_tried_again_after_another_fix(monkeypatch):
    text = yaml.safe_dump(with_graph(name="My_Model", type="model"))

    def edit_the_type_first(text, document, patch):
        if "MODEL" not in str(patch) and "type: model" in text:
            raise UneditableTextError("not yet")
        return edit_text(text, document, patch)

    monkeypatch.setattr("webhook.lint.autofix.edit_text", edit_the_type_first)
    result = fix(text)
    assert [f.rule_id for f in result.applied] == ["unknown-node-type", "name-not-a-dns-label"]
    assert result.skipped == ()


MODEL = "registry.example/iris:1"


def test_a_guess_mends_what_a_moved_part_shows():
    """The mount is read only under the field's right name, and its volume has another name."""
    mount = {"name": "modls", "mountPath": "/m"}
    container = {"name": "classifier", "image": MODEL, "volumemounts": [mount]}
    document = with_pod(containers=[container], volumes=[{"name": "models", "emptyDir": {}}])
    text = yaml.safe_dump(document)
    guessed = fix(text, unsafe=True)
    assert [f.rule_id for f in guessed.applied] == ["unknown-field", "unknown-volume"]
    assert fix(text).applied == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("always", ["unknown-field", "unknown-pod-enum-value"]),
        ("daily", []),
    ],
)
def test_a_name_and_its_value_are_mended_together_or_not_at_all(value, expected):
    """With the name alone, an object that is admitted would be denied."""
    container = {"name": "classifier", "image": MODEL, "imagepullpolicy": value}
    result = fix(yaml.safe_dump(with_pod(containers=[container])))
    assert [f.rule_id for f in result.applied] == expected
    reasons = [reason.partition(":")[0] for _, reason in result.skipped]
    assert reasons == ([] if expected else ["the fix would lead to"])


def test_what_a_part_shows_that_is_only_now_read_does_not_stop_its_fix():
    container = {"name": "classifier", "image": MODEL, "livenessProbe": {"path": "/", "port": "x"}}
    result = fix(yaml.safe_dump(with_pod(containers=[container])))
    assert [f.rule_id for f in result.applied] == ["probe-without-handler"]
    assert [f.rule_id for f in findings_in(result.text)] == ["unknown-port-name"]


def test_the_changes_are_those_of_all_documents():
    first, second = (yaml.safe_dump(with_graph(type=type_)) for type_ in ("MODEL", "model"))
    text = f"{first}---\n{second}---\n{first}---\n{second}"
    result = fix(text)
    lines = text.splitlines(keepends=True)
    assert [lines[start:end] for start, end, _ in result.changes] == [["      type: model\n"]] * 2
    for start, end, new in reversed(result.changes):
        lines[start:end] = new
    assert "".join(lines) == result.text


def test_a_file_is_read_as_often_as_is_allowed(monkeypatch):
    """The first fix reads all of it once; for the second one nothing is left."""
    monkeypatch.setattr("webhook.lint.autofix.MAX_TEXT_READS", 1)
    result = fix(yaml.safe_dump(with_graph(name="My_Model", type="model")))
    assert len(result.applied) == 1
    assert [reason for _, reason in result.skipped] == [
        "too many fixes for one run; run graphgate fix again"
    ]


def test_each_document_of_a_file_gets_its_own_hundred_rounds():
    many = with_predictor(
        graph={"name": "m"},
        componentSpecs=[
            {
                "spec": {
                    "containers": [
                        {
                            "name": "m",
                            "image": "i",
                            "env": [{"name": f"A{n}", "value": n} for n in range(101)],
                        }
                    ]
                }
            }
        ],
    )
    text = yaml.safe_dump(many) + "---\n" + yaml.safe_dump(with_graph(type="model"))
    result = fix(text)
    assert Counter(finding.rule_id for finding in result.applied) == {
        "wrong-type": 100,
        "unknown-node-type": 1,
    }
    assert [reason for _, reason in result.skipped] == [
        "100 fixes were applied; run graphgate fix again"
    ]


GUESSES = [
    (with_graph(name="clasifier"), "missing-container"),
    (with_predictor(traffic=50), "traffic-not-100"),
    (with_predictor(shadow=True), "no-live-predictor"),
]


@pytest.mark.parametrize(("document", "rule"), GUESSES, ids=[rule for _, rule in GUESSES])
def test_a_guess_is_applied_only_when_asked(document, rule):
    text = yaml.safe_dump(document)
    assert (fix(text).text, rule in {f.rule_id for f in findings_in(text)}) == (text, True)
    assert rule in {finding.rule_id for finding in fix(text, unsafe=True).applied}


def test_a_safe_fix_that_would_bring_a_denial_is_not_applied():
    text = yaml.safe_dump(with_predictor(shadows=True))
    result = fix(text)
    assert (result.text, result.applied) == (text, ())
    ((finding, reason),) = result.skipped
    assert (finding.fix_safety, reason) == (
        "safe",
        "the fix would lead to: the only predictor is a shadow [no-live-predictor]",
    )


def test_a_fix_may_bring_what_is_only_for_the_record():
    silent = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "rules": {"no-live-predictor": {"action": "audit"}},
        }
    )
    result = autofix(yaml.safe_dump(with_predictor(shadows=True)), silent, NO_FACTS)
    (predictor,) = yaml.safe_load(result.text)["spec"]["predictors"]
    assert predictor["shadow"] is True
    assert result.skipped == ()


def test_a_value_that_is_wrong_in_its_new_place_too_is_not_moved_there():
    """The one name of a list that was written without the list is no name of a host."""
    aliases = [{"ip": "10.0.0.7", "hostnames": "Bad_Name"}]
    text = yaml.safe_dump(with_pod(hostAliases=aliases))
    result = fix(text)
    assert (result.text, result.applied) == (text, ())
    ((finding, reason),) = result.skipped
    assert finding.rule_id == "wrong-type"
    assert reason.startswith('the fix would lead to: invalid host name "Bad_Name"')


def with_pod_of(pod):
    return with_predictor(componentSpecs=[{"spec": pod}])


def test_the_deepest_place_is_fixed_first():
    container = {"name": "classifier", "image": "i:1", "env": [{"name": "A", "value": 1}]}
    document = with_pod_of({"containers": [container]})
    document["spec"]["annotations"] = {"a": True}
    document["spec"]["predictors"][0]["labels"] = {"a": 2}
    result = fix(yaml.safe_dump(document))
    assert [str(finding.path).rpartition("].")[2] for finding in result.applied] == [
        "value",
        "labels.a",
        "spec.annotations.a",
    ]


def test_a_patch_is_as_deep_as_its_deepest_operation():
    """A node and its container are renamed by one patch, which reaches into the pod."""
    pod = {"containers": [{"name": "My_Model", "image": "i:1"}]}
    document = with_predictor(
        graph={"name": "My_Model"},
        componentSpecs=[{"metadata": {"labels": {"a": 1}}, "spec": pod}],
    )
    result = fix(yaml.safe_dump(document))
    assert [finding.rule_id for finding in result.applied] == [
        "name-not-a-dns-label",
        "name-not-a-dns-label",
        "wrong-type",
    ]


def test_what_is_safe_is_fixed_before_what_is_guessed():
    document = with_graph(name="clasifier")
    document["spec"]["annotations"] = {"a": True}
    result = fix(yaml.safe_dump(document), unsafe=True)
    assert [finding.rule_id for finding in result.applied] == ["wrong-type", "missing-container"]


ENV = """\
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata:
  name: iris
spec:
  predictors:
  - name: main
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/iris:1
          env:
%s
    graph:
      name: classifier
"""


def env_text(*lines):
    return ENV % "\n".join(" " * 10 + line for line in lines)


def test_an_item_whose_keys_all_come_again_is_split_there():
    text = env_text(
        "# before",
        "-   name: A  # the first",
        '    value: "1"',
        "    # the second",
        "    name: B",
        '    value: "2"',
        "- name: C",
        '  value: "3"',
        "- name: D",
        '  value: "4"',
        "  name: E",
        '  value: "5"',
        "  name: F",
        '  value: "6"',
    )
    fixed = fix(text)
    assert fixed.text == env_text(
        "# before",
        "-   name: A  # the first",
        '    value: "1"',
        "    # the second",
        "-   name: B",
        '    value: "2"',
        "- name: C",
        '  value: "3"',
        "- name: D",
        '  value: "4"',
        "- name: E",
        '  value: "5"',
        "- name: F",
        '  value: "6"',
    )
    assert findings_in(fixed.text) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["- name: A", '  value: "1"', "  name: B"],
        ["- name: A", '  value: "1"', "  name: A", '  value: "2"'],
        ["- name: A", "  name: B"],
        ["- name: A", '  value: "1"', '  value: "2"', "  name: B"],
    ],
    ids=["one key again", "the same name", "nothing but a name", "another order"],
)
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_an_item_that_may_be_one_is_not_split(lines, unsafe):
    text = env_text(*lines)
    assert fix(text, unsafe=unsafe).text == text


def test_items_in_flow_style_are_split_as_well():
    fixed = fix(env_text('- {name: A, value: "1", name: B, value: "2"}'))
    (predictor,) = yaml.safe_load(fixed.text)["spec"]["predictors"]
    (container,) = predictor["componentSpecs"][0]["spec"]["containers"]
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]


def test_what_is_of_another_kind_or_cannot_be_read_stays_as_it_is():
    wrong = yaml.safe_dump(with_graph(type="model"))
    text = f"kind: Pod\nspec: {{replicas: '1'}}\n---\n{wrong}---\nkind: [\n"
    result = fix(text)
    assert result.text == text.replace("type: model", "type: MODEL")
    assert [finding.rule_id for finding in result.applied] == ["unknown-node-type"]


POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: labelled
  annotations:
    graphgate.io/suggested-fix: >-
      [JSONPatch{op: "add", path: "/metadata/labels", value: {"team": "wine"}}]
spec:
  matchConstraints:
    resourceRules:
    - apiGroups: [machinelearning.seldon.io]
      apiVersions: ["*"]
      operations: ["*"]
      resources: [seldondeployments]
  validations:
  - expression: has(object.metadata.labels)
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: labelled}
spec: {policyName: labelled, validationActions: [Deny]}
"""


def test_the_fix_of_a_policy_is_applied():
    policies = load_policy_set(objects_from_file("policy.yaml", read(POLICY)))
    assert policies.problems == ()
    text = yaml.safe_dump(with_predictor())
    result = autofix(text, SETTINGS, NO_FACTS, PolicyContext(policies, 0), unsafe=True)
    assert yaml.safe_load(result.text)["metadata"]["labels"] == {"team": "wine"}
    assert [finding.rule_id for finding in result.applied] == ["policy/labelled/0"]


def test_what_is_only_for_the_record_is_not_fixed():
    silent = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "rules": {"unknown-node-type": {"action": "audit"}},
        }
    )
    text = yaml.safe_dump(with_graph(type="model"))
    assert autofix(text, silent, NO_FACTS).text == text


def test_a_fix_that_leaves_its_finding_is_not_applied(monkeypatch):
    def edit_elsewhere(text, document, patch):
        return text + "# not there\n"

    monkeypatch.setattr("webhook.lint.autofix.edit_text", edit_elsewhere)
    text = yaml.safe_dump(with_graph(type="model"))
    result = fix(text)
    assert (result.text, result.applied) == (text, ())
    assert [reason for _, reason in result.skipped] == ["the fix does not remove the finding"]


def test_a_kind_is_mended_though_only_then_the_rest_is_read():
    document = with_graph(type="MODLE") | {"kind": "SeldonDeploymnt"}
    mended = fix(yaml.safe_dump(document))
    assert [f.rule_id for f in mended.applied] == ["misspelled-kind", "unknown-node-type"]
    assert mended.skipped == ()
    document["spec"]["predictors"][0]["graph"]["type"] = "NONE_OF_THEM"
    mended = fix(yaml.safe_dump(document))
    assert [f.rule_id for f in mended.applied] == ["misspelled-kind"]


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_the_fix_of_a_warning_denies_nothing_that_stays(unsafe):
    """The logger is not read below endpoint; at its place it lacks a mode, which is required."""
    document = with_graph(endpoint={"type": "REST", "logger": {"url": "http://logs"}})
    text = yaml.safe_dump(document)
    result = fix(text, unsafe=unsafe)
    assert (result.text, result.applied) == (text, ())
    ((finding, reason),) = result.skipped
    assert finding.rule_id == "misplaced-field"
    assert reason.startswith("the fix would lead to: mode is required")


def test_what_comes_to_light_is_fixed_as_well():
    container = {"name": "classifier", "image": "i:1", "Env": [{"name": "A", "value": 1}]}
    result = fix(yaml.safe_dump(with_pod_of({"containers": [container]})))
    assert [finding.rule_id for finding in result.applied] == ["unknown-field", "wrong-type"]
    assert findings_in(result.text) == []
