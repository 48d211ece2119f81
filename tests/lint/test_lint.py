"""What is found in a file beside what is found in its documents."""

import pytest
import yaml

from tests.documents_of import with_graph, with_pod, with_predictor
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint.lint import (
    find_in_document,
    lint_object,
    lint_parsed,
    lint_text,
    unreadable_file_report,
)
from webhook.lint.result import LineEdit
from webhook.policy import SourceObject, load_policy_set
from webhook.settings.model import read_settings
from webhook.yamldoc import UneditableTextError, edit_text, read
from webhook.yamldoc.text_buffer import LINE_BREAK


def yaml_findings(text):
    (result,) = lint_text("-", text, read_settings(), NO_FACTS).results
    return [
        (str(f.finding.path), f.finding.remediation)
        for f in result.findings
        if f.finding.rule_id == "yaml/duplicate-key"
    ]


def test_the_first_key_of_an_item_that_comes_again_is_a_missing_dash():
    text = yaml.safe_dump(with_predictor(), sort_keys=False)
    again = "    name: canary\n    graph: {name: classifier}\n"
    here = "spec.predictors[0]"
    assert yaml_findings(text + again) == [
        (
            f"{here}.name",
            'write "- " before it if the next item begins here: name is the first key of one',
        ),
        (f"{here}.graph", ""),
    ]


def test_a_key_that_comes_again_outside_of_a_list_has_no_remediation():
    text = yaml.safe_dump(with_predictor(), sort_keys=False)
    assert yaml_findings(text + "kind: SeldonDeployment\n") == [("kind", "")]


def test_a_key_in_what_is_overwritten_is_survived():
    text = yaml.safe_dump(with_predictor(), sort_keys=False)
    assert yaml_findings(text + "x: {a: [{b: 1, b: 2}]}\nx: 1\n") == [("x.a[0].b", ""), ("x", "")]


def lint(text, **options):
    return lint_text("a.yaml", text, read_settings(), NO_FACTS, **options)


TWO = (
    "# a comment\n"
    + yaml.safe_dump(with_graph(type="model"), sort_keys=False)
    + "---\nkind: Pod\n---\nkind: SeldonDeploymnt\nmetadata: {name: b, namespace: models}\n"
)


def test_each_document_has_its_result_and_others_are_counted():
    report = lint(TWO)
    assert [(r.file, r.index, r.line, r.verdict) for r in report.results] == [
        ("a.yaml", 0, 2, "denied"),
        ("a.yaml", 2, 22, "error"),
    ]
    assert report.skipped_documents == 1
    assert [result.object_name for result in report.results] == ["models/iris", "models/b"]
    assert [result.operator is None for result in report.results] == [False, True]


def test_a_finding_is_placed_in_the_text():
    (denied, error) = lint(TWO).results
    (placed,) = denied.findings
    assert (placed.line, placed.column, placed.width, placed.source, placed.action) == (
        17,
        13,
        5,
        "      type: model",
        "deny",
    )
    assert placed.edits == ()
    (placed,) = error.findings
    assert (placed.line, placed.column, placed.width, placed.source, placed.action) == (
        22,
        7,
        15,
        "kind: SeldonDeploymnt",
        "deny",
    )


def test_a_field_of_a_wrong_name_is_marked_at_its_name_and_a_wrong_value_at_the_value():
    text = yaml.safe_dump(with_predictor(replica=2, replicas="two"))
    (result,) = lint(text).results
    marked = {f.finding.rule_id: f.source[f.column - 1 :][: f.width] for f in result.findings}
    assert marked == {"unknown-field": "replica", "wrong-type": "two"}


def test_a_finding_is_known_again_wherever_its_lines_have_moved():
    text = yaml.safe_dump(with_graph(type="FOO", children=[{"name": "a", "type": "BAR"}]))
    before, after = (
        {f.source.strip(): f.fingerprint for f in lint(each).results[0].findings}
        for each in (text, f"# a comment\n{text}")
    )
    assert before == after
    assert before["type: FOO"] != before["- name: a"] != ""


def test_results_have_what_was_evaluated_where_that_is_asked_for():
    given = read(TWO), read_settings(), NO_FACTS
    plain, rich = lint_parsed("a", *given), lint_parsed("a", *given, with_objects=True)
    assert [result.evaluated for result in plain.results] == [None, None]
    denied, error = (result.evaluated for result in rich.results)
    assert (denied and denied.submitted, error) == (yaml.safe_load(TWO.split("---")[0]), None)


def test_a_report_of_one_file_names_no_policies():
    report = lint(TWO)
    assert (report.policy_set_version, report.undecided) == ("", ())


def test_edits_are_the_lines_that_a_fix_changes():
    (denied, error) = lint(TWO, with_edits=True).results
    assert [f.edits for f in denied.findings] == [(LineEdit(17, 18, "      type: MODEL\n"),)]
    assert [f.edits for f in error.findings] == [(LineEdit(22, 23, "kind: SeldonDeployment\n"),)]


@pytest.mark.parametrize(
    "document",
    [
        with_graph(type="model"),
        with_graph(name="My_Model"),
        with_pod(labels={"team": "a", "tier": "b"}),
        with_pod(containers={"classifier": {"image": "registry.example/iris:1"}}),
    ],
    ids=["a value", "two names", "lines moved", "a list for a mapping"],
)
def test_the_edits_of_a_finding_make_of_the_text_what_its_fix_does(document):
    text = yaml.safe_dump(document)
    (result,) = lint(text, with_edits=True).results
    assert any(found.edits for found in result.findings)
    for found in result.findings:
        lines = text.splitlines(keepends=True)
        for edit in reversed(found.edits):
            lines[edit.start - 1 : edit.end - 1] = [edit.text]
        (parsed,) = read(text).documents
        assert "".join(lines) == edit_text(text, parsed, found.finding.fix)


def test_a_finding_without_a_fix_has_no_edits():
    text = yaml.safe_dump(with_graph(type="FOO"), sort_keys=False)
    (result,) = lint(text, with_edits=True).results
    assert [f.edits for f in result.findings] == [()]


def test_what_cannot_be_read_is_an_error_at_its_line():
    report = lint("kind: Pod\n---\na: [1\n")
    (result,) = report.results
    (placed,) = result.findings
    assert (result.verdict, result.index, report.skipped_documents) == ("error", 1, 1)
    assert (placed.finding.rule_id, placed.action) == ("unreadable", "deny")
    assert result.line == placed.line
    assert placed.source == "a: [1"


def test_bytes_that_are_no_text_are_an_error_at_their_line_without_a_source():
    report = lint(b"kind: Pod\na: \xff\n")
    (result,) = report.results
    (placed,) = result.findings
    assert (result.verdict, placed.finding.rule_id) == ("error", "unreadable")
    assert (result.line, placed.line, placed.column, placed.source) == (2, 2, 4, "")


@pytest.mark.parametrize("text", ['a: "b\n', 'a: "b', 'a: "b\u2028\u0085', "a: [1\r\r"])
def test_what_is_never_closed_is_placed_where_it_opens(text):
    (placed,) = lint(text).results[0].findings
    assert (placed.line, placed.source) == (1, LINE_BREAK.split(text)[0])


def test_a_file_that_was_read_is_checked_without_policies_too():
    text = yaml.safe_dump(with_graph(type="MODLE"))
    report = lint_parsed("-", read(text), read_settings(), NO_FACTS)
    assert report == lint_text("-", text, read_settings(), NO_FACTS)


def test_a_file_that_cannot_be_opened_is_one_error():
    (result,) = unreadable_file_report("a.yaml", "No such file").results
    (placed,) = result.findings
    assert (result.file, result.index, result.line, result.verdict) == ("a.yaml", 0, 1, "error")
    assert placed.finding.message == "cannot be opened: No such file"
    assert (placed.finding.rule_id, placed.action) == ("unreadable", "deny")


def test_an_allowed_object_says_what_would_be_filled_in():
    (result,) = lint(yaml.safe_dump(with_predictor())).results
    assert result.verdict == "allowed"
    assert result.patch != ()
    (denied,) = lint(yaml.safe_dump(with_graph(type="FOO"))).results
    assert (denied.verdict, denied.patch) == ("denied", ())


def test_the_object_before_an_update_is_asked_for():
    document = with_graph(type="FOO")
    asked = []

    def find_old(value):
        asked.append(value["metadata"]["name"])
        return document

    (result,) = lint(yaml.safe_dump(document), find_old=find_old).results
    assert (asked, result.verdict) == (["iris"], "allowed")  # an old fault only warns
    assert [f.action for f in result.findings] == ["warn"]


def test_a_file_that_says_it_is_being_deleted_is_created_all_the_same():
    """Of what an author writes nothing makes an object one that only waits to be gone."""
    document = with_graph(type="FOO")
    document["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    (result,) = lint(yaml.safe_dump(document)).results
    assert actions(result.findings) == [("unknown-node-type", "deny")]
    (updated,) = lint(yaml.safe_dump(document), find_old=lambda _: document).results
    assert (updated.verdict, updated.findings) == ("allowed", ())


def test_settings_may_silence_what_kubectl_reads_in_silence():
    text = yaml.safe_dump(with_predictor(), sort_keys=False) + "kind: SeldonDeployment\n"
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "rules": {"yaml/duplicate-key": {"action": "audit"}},
        }
    )
    (result,) = lint_text("-", text, settings, NO_FACTS).results
    assert [(f.finding.rule_id, f.action) for f in result.findings] == [
        ("yaml/duplicate-key", "audit")
    ]


def test_an_object_of_a_cluster_is_judged_on_line_one():
    result = lint_object("models/iris", with_graph(type="FOO"), read_settings(), NO_FACTS)
    assert (result.file, result.index, result.line, result.verdict) == (
        "models/iris",
        0,
        1,
        "denied",
    )
    assert [(f.finding.rule_id, f.action, f.line) for f in result.findings] == [
        ("unknown-node-type", "deny", 1)
    ]
    assert result.identity["name"] == "iris"


@pytest.mark.parametrize(("on_rule_error", "action"), [("deny", "deny"), ("allow", "warn")])
def test_a_rule_that_crashes_is_told_as_the_settings_say(monkeypatch, on_rule_error, action):
    def crash(*_, **__):
        raise KeyError("a")

    monkeypatch.setattr("webhook.rules.graph.unknown_node_type.check", crash)
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "onRuleError": on_rule_error,
        }
    )
    (result,) = lint_text("-", yaml.safe_dump(with_graph(type="FOO")), settings, NO_FACTS).results
    (placed,) = result.findings
    assert (placed.finding.rule_id, placed.action) == ("unknown-node-type", action)
    assert placed.finding.message == (
        "the rule could not be evaluated; this is a failure of graphgate, not of the object"
    )


@pytest.mark.parametrize("text", ["a: [1", "kind: Pod\n---\n\ta: 1"])
def test_a_fault_on_a_last_line_without_an_end_has_its_source(text):
    placed = lint(text).results[-1].findings[0]
    assert placed.source == text.splitlines()[placed.line - 1]


def test_what_is_only_for_the_record_is_listed():
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "rules": {"unknown-node-type": {"action": "audit"}},
        }
    )
    text = yaml.safe_dump(with_graph(type="FOO"))
    (result,) = lint_text("-", text, settings, NO_FACTS).results
    assert [(f.finding.rule_id, f.action) for f in result.findings] == [
        ("unknown-node-type", "audit")
    ]
    (document,) = read(text).documents
    found = find_in_document(document, settings, NO_FACTS) or []
    assert [action for action, _ in found] == ["audit"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("kind: Pod\n", None), ("kind: SeldonDeploymnt\n", [("deny", "misspelled-kind")])],
)
def test_a_document_of_another_kind_has_no_findings(text, found):
    (document,) = read(text).documents
    findings = find_in_document(document, read_settings(), NO_FACTS)
    assert (None if findings is None else [(a, f.rule_id) for a, f in findings]) == found


def settings(**section):
    return read_settings({"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **section})


def actions(findings):
    return [(found.finding.rule_id, found.action) for found in findings]


@pytest.mark.parametrize(
    ("mode", "verdict", "action"),
    [
        ("enforce", "denied", "deny"),
        ("warn", "allowed", "warn"),
        ("observe", "allowed", "audit"),
    ],
)
def test_what_comes_of_a_denial_is_the_modes_matter(mode, verdict, action):
    document = with_graph(type="FOO")
    expected = (verdict, [("unknown-node-type", action)])

    (result,) = lint_text("-", yaml.safe_dump(document), settings(mode=mode), NO_FACTS).results
    assert (result.verdict, actions(result.findings)) == expected
    (parsed,) = read(yaml.safe_dump(document)).documents
    found = find_in_document(parsed, settings(mode=mode), NO_FACTS)
    assert [(finding.rule_id, each) for each, finding in found or ()] == expected[1]
    of_cluster = lint_object("a", document, settings(mode=mode), NO_FACTS)
    assert (of_cluster.verdict, actions(of_cluster.findings)) == expected


@pytest.mark.parametrize("mode", ["warn", "observe"])
def test_the_record_stays_the_record_in_every_mode(mode):
    rules = {"unknown-node-type": {"action": "audit"}}
    text = yaml.safe_dump(with_graph(type="FOO"))
    (result,) = lint_text("-", text, settings(mode=mode, rules=rules), NO_FACTS).results
    assert actions(result.findings) == [("unknown-node-type", "audit")]


def test_a_warning_is_one_in_mode_warn():
    text = yaml.safe_dump(with_predictor(), sort_keys=False) + "kind: SeldonDeployment\n"
    (result,) = lint_text("-", text, settings(mode="warn"), NO_FACTS).results
    assert actions(result.findings) == [("yaml/duplicate-key", "warn")]


def test_a_key_that_comes_again_denies_where_settings_say_so():
    text = yaml.safe_dump(with_predictor(), sort_keys=False) + "kind: SeldonDeployment\n"
    strict = settings(rules={"yaml/duplicate-key": {"action": "deny"}})
    (result,) = lint_text("-", text, strict, NO_FACTS).results
    assert actions(result.findings) == [("yaml/duplicate-key", "deny")]
    assert (result.verdict, result.patch) == ("denied", ())


def test_the_settings_of_the_namespace_say_what_a_repeated_key_does():
    text = yaml.safe_dump(with_predictor(), sort_keys=False) + "kind: SeldonDeployment\n"
    rules = {"yaml/duplicate-key": {"action": "deny"}}
    for namespace, verdict in (("models", "denied"), ("shop", "allowed")):
        chosen = settings(namespaces={namespace: {"rules": rules}})
        (result,) = lint_text("-", text, chosen, NO_FACTS).results
        assert result.verdict == verdict


EXCEPTION = {
    "apiVersion": "graphgate.io/v1alpha1",
    "kind": "PolicyException",
    "metadata": {"name": "e", "namespace": "system"},
    "spec": {
        "reason": "tracked",
        "expiresAt": "2027-01-01T00:00:00Z",
        "exempt": {"rules": ["unknown-node-type"]},
    },
}


def test_what_an_exception_takes_back_is_told_with_the_exception():
    policies = PolicyContext(load_policy_set([SourceObject("e.yaml", EXCEPTION)]), 0)
    document = with_graph(type="FOO")
    (result,) = lint(yaml.safe_dump(document), policy_context=policies).results
    of_cluster = lint_object("a", document, read_settings(), NO_FACTS, policy_context=policies)
    for each in (result, of_cluster):
        assert (each.verdict, each.findings) == ("allowed", ())
        (suppressed,) = each.suppressed
        assert actions([suppressed.located]) == [("unknown-node-type", "deny")]
        assert (suppressed.exception, suppressed.reason, suppressed.expires_at) == (
            "e",
            "tracked",
            "2027-01-01T00:00:00Z",
        )
    assert result.suppressed[0].located.source.strip() == "type: FOO"


def test_a_fix_that_cannot_be_written_into_the_text_has_no_edits(monkeypatch):
    def refuse(*_):
        raise UneditableTextError("no place for it")

    monkeypatch.setattr("webhook.yamldoc.edit_text", refuse)
    (result,) = lint(yaml.safe_dump(with_graph(type="model")), with_edits=True).results
    (found,) = result.findings
    assert found.finding.fix != ()
    assert found.edits == ()


def test_an_object_that_is_allowed_in_a_cluster_has_what_would_be_filled_in():
    result = lint_object("a", with_predictor(), read_settings(), NO_FACTS)
    assert (result.verdict, [each["op"] for each in result.patch]) == ("allowed", ["add"])


def findings_of_repeated_keys(count):
    """Return what is found in a document whose annotations come twice; metadata is one of them."""
    twice = ", ".join(f"a{n}: b, a{n}: c" for n in range(count - 1))
    metadata = f"metadata: {{name: a, annotations: {{{twice}}}}}\n"
    (result,) = lint(yaml.safe_dump(with_predictor()) + metadata).results
    return result


def test_as_many_warnings_of_yaml_as_are_listed_hide_none():
    result = findings_of_repeated_keys(1000)
    assert len(result.findings) == 1000
    assert not [f for f in result.findings if f.finding.message.startswith("there")]


def test_what_yaml_warns_of_is_counted_where_it_is_too_much():
    result = findings_of_repeated_keys(1006)
    *listed, hidden = sorted(result.findings, key=lambda f: f.finding.message.startswith("there"))
    assert {located.finding.rule_id for located in result.findings} == {"yaml/duplicate-key"}
    assert len(listed) == 1000
    assert hidden.finding.message == "there are 6 more that are not listed"
