"""The formats besides text and JSON: right by their standards, and the same words in all."""

import json
from xml.etree import ElementTree

import pytest
from sarif_pydantic import Sarif

from tests.documents_of import minimal, with_graph
from tests.seeds import SEEDS
from webhook.admission import handle_review
from webhook.engine.messages import format_finding
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.graph.path import ROOT
from webhook.lint.lint import lint_text, unreadable_file_report
from webhook.lint.result import DocumentResult, LocatedFinding, Report
from webhook.report import github as as_github
from webhook.report import json as as_json
from webhook.report import junit as as_junit
from webhook.report import sarif as as_sarif
from webhook.report import text as as_text
from webhook.rules.descriptors import describe, known_ids
from webhook.settings.model import read_settings

SETTINGS = read_settings()
BROKEN = (SEEDS / "three-steps.yaml").read_text()


def lint_report(text, file="three steps.yaml"):
    return lint_text(file, text, SETTINGS, NO_FACTS, with_edits=True)


def extras(value):
    """Yield the fields that a model of SARIF does not know."""
    if hasattr(value, "model_extra"):
        yield from (value.model_extra or {}).items()
        for name in type(value).model_fields:
            yield from extras(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from extras(item)


def test_sarif_holds_nothing_that_the_standard_does_not_know():
    reported = Sarif.model_validate_json(as_sarif.write(lint_report(BROKEN)))
    # run.columnKind (3.14.17 of the standard) is missing from this reading of it.
    assert list(extras(reported)) == [("columnKind", "unicodeCodePoints")]
    assert reported.version == "2.1.0"


def test_sarif_tells_of_each_rule_once_and_points_at_it():
    (run,) = json.loads(as_sarif.write(lint_report(BROKEN)))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["children-not-a-list", "name-not-a-dns-label"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])


def with_label(document):
    document["metadata"]["labels"] = {"seldon.io/controller-id": "graphgate"}
    return document


def test_every_report_says_whose_pods_were_judged_and_what_shows_it():
    default = "the default, because the operator is unknown"
    label = "the label seldon.io/controller-id=graphgate"
    documents = [minimal(), with_label(minimal()), minimal()]
    report = lint_report("\n---\n".join(json.dumps(each) for each in documents))
    text = as_text.write(report)
    assert text.splitlines()[-2:] == [
        f"pods of 2 objects checked as Seldon's operator creates them: {default}",
        f"pods of 1 object checked as graphgate's reconciler creates them: {label}",
    ]
    (run,) = json.loads(as_sarif.write(report))["runs"]
    assert run["properties"]["operators"] == [
        {"name": "seldon", "evidence": default, "objects": 2},
        {"name": "graphgate", "evidence": label, "objects": 1},
    ]
    results = json.loads(as_json.write(report))["results"]
    assert [result["operator"]["name"] for result in results] == ["seldon", "graphgate", "seldon"]


def test_what_was_not_judged_has_no_pods():
    report = lint_report("a: [")
    assert "pods" not in as_text.write(report)
    assert json.loads(as_json.write(report))["results"][0]["operator"] is None


def test_sarif_has_no_link_that_an_object_wrote():
    document = with_graph(name="[fix](https://shop.example.com)")
    (run,) = json.loads(as_sarif.write(lint_report(json.dumps(document))))["runs"]
    messages = [result["message"]["text"] for result in run["results"]]
    assert any("[fix] (https://shop.example.com)" in message for message in messages)
    assert all("](" not in message for message in messages)


@pytest.mark.parametrize("rule_id", [*known_ids(), "policy/gpu-limit/0"])
def test_sarif_describes_every_id(rule_id):
    finding = Finding(ROOT, "the message", rule_id=rule_id)
    result = DocumentResult("f.yaml", 0, 1, "denied", (LocatedFinding(finding, "deny"),))
    (run,) = json.loads(as_sarif.write(Report((result,))))["runs"]
    (described,) = run["tool"]["driver"]["rules"]
    assert described["id"] == rule_id
    for field in ("shortDescription", "fullDescription", "help"):
        assert described[field]["text"]


def test_sarif_names_files_as_uris():
    (run,) = json.loads(as_sarif.write(lint_report(BROKEN)))["runs"]
    path = run["results"][0]["locations"][0]["physicalLocation"]
    assert path == {
        "artifactLocation": {"uri": "three%20steps.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 11, "startColumn": 17, "endColumn": 25},
    }


def applied(text, replacements):
    lines = text.splitlines(keepends=True)
    for change in reversed(replacements):
        region = change["deletedRegion"]
        new = change["insertedContent"]["text"]
        lines[region["startLine"] - 1 : region["endLine"] - 1] = [new]
    return "".join(lines)


def test_a_fix_in_sarif_gives_the_text_in_which_the_finding_is_gone():
    (run,) = json.loads(as_sarif.write(lint_report(BROKEN)))["runs"]
    for result in run["results"]:
        (change,) = result["fixes"][0]["artifactChanges"]
        fixed = lint_report(applied(BROKEN, change["replacements"]))
        left = [format_finding(p.finding) for p in fixed.results[0].findings]
        path = result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
        assert f"{path}: {result['message']['text']}" not in left
        assert len(left) < len(run["results"])


def test_junit_has_a_case_for_each_document():
    text = f"{BROKEN}---\n{json.dumps(minimal())}\n---\nx: [1\n"
    root = ElementTree.fromstring(as_junit.write(lint_report(text)))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert [[child.tag for child in case] for case in suite] == [["failure"], [], ["error"]]
    assert [case.get("name") for case in suite] == ["seldon-model", "models/iris", "document 2"]


def test_junit_is_xml_whatever_the_document_holds():
    text = json.dumps(with_graph(name="\x00\x1f<&\ud7ff\ufffe"))
    ElementTree.fromstring(as_junit.write(lint_report(text)))


def test_github_commands_escape_what_would_end_them():
    text = json.dumps(with_graph(name="100%\n::x"))
    lines = as_github.write(lint_report(text, file="a,b:c.yaml")).splitlines()
    assert len(lines) == len(lint_report(text).results[0].findings)
    assert all(line.startswith("::error file=a%2Cb%3Ac.yaml,line=1,col=") for line in lines)
    assert '"100%25\\n::x"' in lines[0]


@pytest.mark.parametrize("write", [as_text, as_json, as_sarif, as_junit, as_github])
@pytest.mark.parametrize(
    "report",
    [
        Report(()),
        Report((), 3),
        unreadable_file_report("gone.yaml", "No such file"),
        lint_report("a: ["),
    ],
    ids=["empty", "skipped", "missing", "torn"],
)
def test_every_format_tells_of_a_report_without_findings_or_files(write, report):
    reported = write.write(report)
    assert reported.endswith("\n") or (reported == "" and not report.results and write is as_github)


def test_the_words_are_the_same_in_every_format_and_in_the_webhook():
    report = lint_report(BROKEN)
    reported = {format_finding(p.finding) for p in report.results[0].findings}
    body = json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "u",
                "operation": "CREATE",
                "resource": {
                    "group": "machinelearning.seldon.io",
                    "resource": "seldondeployments",
                },
                "object": report_value(BROKEN),
            },
        }
    ).encode()
    message = json.loads(handle_review(body, "mutate", SETTINGS, NO_FACTS).body)["response"][
        "status"
    ]
    assert {line.removeprefix("* ") for line in message["message"].splitlines()[1:]} == reported
    github = as_github.write(report)
    junit = ElementTree.fromstring(as_junit.write(report)).findtext(".//failure") or ""
    sarif = json.loads(as_sarif.write(report))["runs"][0]["results"]
    assert all(words in github for words in reported)
    assert all(words in junit for words in reported)
    assert reported == {
        f"{r['locations'][0]['logicalLocations'][0]['fullyQualifiedName']}: {r['message']['text']}"
        for r in sarif
    }


def report_value(text):
    from webhook.yamldoc import read

    return read(text).documents[0].value


def test_a_terminal_obeys_nothing_that_a_file_holds():
    hostile = BROKEN.replace("step_one", '"step_one\u202e\x9b"', 1)
    text = as_text.write(lint_report(hostile, "a\x1b[2Jb.yaml"))
    assert "a\\x1b[2Jb.yaml:11:" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_a_megabyte_in_a_file_makes_no_long_line():
    long = BROKEN.replace("step_one", "x" * 1_000_000, 1)
    assert max(map(len, as_text.write(lint_report(long)).split("\n"))) < 5000


def test_sarif_describes_the_tool_and_every_rule():
    (run,) = json.loads(as_sarif.write(lint_report(BROKEN)))["runs"]
    driver = run["tool"]["driver"]
    assert driver["version"]
    assert driver["informationUri"].startswith("https://")
    assert driver["rules"]
    for rule in driver["rules"]:
        assert rule["helpUri"] == f"{driver['informationUri']}/rules/{rule['id']}"
        for part in ("shortDescription", "fullDescription", "help"):
            assert rule[part]["text"]


def test_no_id_of_a_finding_is_without_a_description():
    for rule_id in (*known_ids(), "policy/replicas-bounded/0"):
        assert describe(rule_id) is not None
