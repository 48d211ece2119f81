"""The verdict on documents: exit code, names, counts."""

import pytest

from webhook.engine.operator import OperatorChoice
from webhook.graph.finding import Finding
from webhook.graph.path import ROOT
from webhook.lint.result import DocumentResult, LocatedFinding, Report, identify_object


def result(verdict="allowed", **fields):
    return DocumentResult("-", 0, 1, verdict, **fields)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((), 0),
        (("allowed", "allowed"), 0),
        (("allowed", "denied"), 1),
        (("denied", "error", "allowed"), 2),
        (("error",), 2),
    ],
)
def test_the_worst_verdict_is_the_exit_code(verdicts, code):
    assert Report(tuple(map(result, verdicts))).exit_code == code


@pytest.mark.parametrize(
    ("metadata", "namespace", "name", "object_name"),
    [
        ({"namespace": "models", "name": "iris"}, "models", "iris", "models/iris"),
        ({"name": "iris"}, "", "iris", "iris"),
        ({"namespace": "models"}, "models", "", "models"),
        ({"generateName": "iris-"}, "", "iris-", "iris-"),
        ({"name": "iris", "generateName": "x-"}, "", "iris", "iris"),
        ({"name": 1, "namespace": True}, "", "", ""),
        (None, "", "", ""),
        (["name"], "", "", ""),
    ],
)
def test_an_object_says_what_it_is(metadata, namespace, name, object_name):
    identity = identify_object({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
    assert identity == {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": namespace,
        "name": name,
    }
    assert result(identity=identity).object_name == object_name


@pytest.mark.parametrize("value", [None, 1, [], "text", {}])
def test_what_says_nothing_is_nothing(value):
    nothing = {"apiVersion": "", "kind": "", "namespace": "", "name": ""}
    assert identify_object(value) == nothing
    assert result().object_name == ""


def test_findings_are_counted_by_action():
    finding = Finding(ROOT, "a fact")
    found = result(findings=tuple(LocatedFinding(finding, a) for a in ("deny", "warn", "deny")))
    assert [found.count(action) for action in ("deny", "warn", "audit")] == [2, 1, 0]


def test_operators_are_counted_where_pods_were_judged():
    choice = OperatorChoice("seldon", "the default")
    report = Report((result(operator=choice), result(), result(operator=choice)))
    assert report.operators == {choice: 2}


def test_a_finding_stands_on_the_first_line_unless_it_is_placed():
    located = LocatedFinding(Finding(ROOT, "a fact"), "deny")
    assert (located.line, located.column, located.width, located.source) == (1, 1, 1, "")


def found(action, rule="a", **fields):
    return LocatedFinding(Finding(ROOT, "a fact", rule_id=rule, **fields), action)


def test_only_findings_that_count_decide():
    deny, warn, cut = found("deny"), found("warn", "b"), found("deny", "c", incomplete=True)
    for findings, kept, verdict in (
        ((deny, warn), (warn,), "allowed"),
        ((found("deny", "b"), warn, deny), (found("deny", "b"), warn), "denied"),
        ((cut, deny), (cut,), "denied"),
    ):
        report = Report((result("denied", findings=findings),), 3)
        filtered = report.filtered(lambda rule: rule == "b")
        assert filtered == Report((result(verdict, findings=kept),), 3)


def test_what_could_not_be_read_stays_whatever_counts():
    report = Report((result("error", findings=(found("deny"),)),))
    assert report.filtered(lambda _: False) == report


def test_a_quiet_report_has_what_denies_or_could_not_be_read():
    findings = (found("deny"), found("warn"), found("audit"))
    results = tuple(
        result(verdict, findings=findings) for verdict in ("allowed", "denied", "error")
    )
    assert Report(results, 1).quiet() == Report(
        (result("denied", findings=findings[:1]), result("error", findings=findings[:1])), 1
    )


def test_files_can_be_called_otherwise():
    report = Report((result(), result("error"))).with_file_names(lambda name: f"a/{name}")
    assert [each.file for each in report.results] == ["a/-", "a/-"]


@pytest.mark.parametrize(("action", "warns"), [("deny", False), ("warn", True), ("audit", False)])
def test_a_report_warns_if_one_finding_does(action, warns):
    assert Report((result(), result(findings=(found(action),)))).has_warnings is warns
