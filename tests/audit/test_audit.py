"""Every object of files or a cluster judged: sums, formats, exit codes."""

import csv
import io
import json
from xml.etree import ElementTree

import pytest
from sarif_pydantic import Sarif

from tests.documents_of import minimal, with_graph, with_predictor
from tests.picture.graphs import hostile
from webhook.audit import AuditContext, Auditor, Tally
from webhook.audit.auditor import settings_version
from webhook.audit.formats import FORMATS, open_writer
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.graph.selectors import parse_selector
from webhook.settings.model import read_settings

SETTINGS = read_settings()
CONTEXT = AuditContext("here", "2026-01-01T00:00:00Z", "0.1.0", settings_version(SETTINGS))


def named(document, name="iris", namespace="models", **labels):
    document["metadata"] = {"name": name, "namespace": namespace, "labels": labels, "uid": name}
    return document


GOOD = named(minimal(), "good", "shop", team="search")
BAD = named(with_graph(name="nope"), "bad", "shop", team="ads")
WARNED = named(with_predictor(replica=2), "warned", "risk", team="ads")


def audit(*documents, output="json", facts=NO_FACTS):
    auditor = Auditor(SETTINGS, facts, with_details=True)
    writer, tally = open_writer(output, CONTEXT), Tally()
    text = ""
    for document in documents:
        audited = auditor.audit_object(document)
        tally.add(audited)
        text += writer.add(audited)
    return text + writer.finish(tally), tally


def test_sums_are_by_rule_namespace_and_team():
    _, tally = audit(GOOD, BAD, WARNED)
    assert (tally.objects, tally.verdicts["denied"], tally.warned) == (3, 1, 1)
    assert {rule: (c.deny, c.warn, c.objects) for rule, c in tally.rules.items()} == {
        "missing-container": (1, 0, 1),
        "unknown-field": (0, 1, 1),
    }
    assert {n: (c.objects, c.denied, c.warned) for n, c in tally.namespaces.items()} == {
        "shop": (2, 1, 0),
        "risk": (1, 0, 1),
    }
    assert {n: (c.objects, c.denied, c.findings) for n, c in tally.teams.items()} == {
        "search": (1, 0, 0),
        "ads": (2, 1, 2),
    }


def test_the_namespace_says_whose_an_object_is_where_it_does_not():
    facts = Facts(namespaces={"models": Namespace(labels={"team": "vision"})})
    _, tally = audit(named(minimal()), facts=facts)
    assert set(tally.teams) == {"vision"}


def test_text_names_the_object_and_what_is_wrong():
    text, _ = audit(GOOD, BAD, output="text")
    assert text.startswith("shop/bad: denied\n  deny  spec.predictors[0].graph.name: ")
    assert "2 SeldonDeployments: 1 allowed, 1 denied\n" in text
    assert "shop/good" not in text


def test_json_has_findings_security_and_versions():
    text, _ = audit(GOOD, BAD)
    report = json.loads(text)
    assert (report["version"], report["settingsVersion"]) == (1, settings_version(SETTINGS))
    good, bad = report["objects"]
    assert good["object"]["uid"] == "good"
    assert (good["verdict"], bad["verdict"]) == ("allowed", "denied")
    assert bad["findings"][0]["ruleId"] == "missing-container"
    assert {container["name"] for container in good["containers"]} == {
        "classifier",
        "seldon-container-engine",
    }
    assert report["totals"]["denied"] == 1


def test_csv_has_a_row_for_each_finding_and_for_each_object_without_any():
    text, _ = audit(GOOD, BAD, output="csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["namespace"], row["name"], row["team"], row["rule"]) for row in rows] == [
        ("shop", "good", "search", ""),
        ("shop", "bad", "ads", "missing-container"),
    ]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1"])
def test_no_cell_of_csv_is_a_formula(start):
    text, _ = audit(named(minimal(), name=start, namespace=start), output="csv")
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in row)


def test_sarif_and_junit_name_the_object_of_a_cluster():
    sarif, _ = audit(BAD, output="sarif")
    (run,) = Sarif.model_validate_json(sarif).runs
    location = run.results[0].locations[0].physical_location
    assert location.artifact_location.uri == "shop/bad"
    junit, _ = audit(GOOD, BAD, output="junit")
    cases = ElementTree.fromstring(junit.encode()).findall("*/testcase")
    assert [case.get("name") for case in cases] == ["shop/good", "shop/bad"]


@pytest.mark.parametrize("output", FORMATS)
def test_every_format_takes_nothing_and_anything(output):
    assert audit(output=output)[0] is not None
    strange = {"kind": "SeldonDeployment", "metadata": 3, "spec": [None]}
    assert audit(hostile(), strange, output=output)[0]


def test_equal_settings_have_one_version():
    assert settings_version(read_settings()) == settings_version(SETTINGS)
    other = read_settings({"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings",
                           "rules": {"traffic-not-100": {"action": "warn"}}})  # fmt: skip
    assert settings_version(other) != settings_version(SETTINGS)


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("", {}, True),
        ("a=1", {"a": "1"}, True),
        ("a==1,b!=2", {"a": "1"}, True),
        ("a==1,b!=2", {"a": "1", "b": "2"}, False),
        ("a in (1, 2)", {"a": "2"}, True),
        ("a notin (1,2),b", {"b": "x"}, True),
        ("!a", {"a": "1"}, False),
        ("a", {}, False),
    ],
)
def test_selectors_are_those_of_kubectl(text, labels, expected):
    assert parse_selector(text).matches(labels) is expected


@pytest.mark.parametrize("text", ["a=1,", "=1", "a in 1", "a b", "a=(1)", ",", "in (a)"])
def test_what_is_no_selector_is_refused(text):
    with pytest.raises(ValueError, match="label selector"):
        parse_selector(text)


def write_all(folder):
    for document in (GOOD, BAD, WARNED):
        path = folder / f"{document['metadata']['name']}.json"
        path.write_text(json.dumps(document))
    return folder


def test_files_are_audited_and_the_exit_code_tells(run, tmp_path):
    ran = run("audit", write_all(tmp_path))
    assert ran.code == 1
    assert "3 SeldonDeployments: 2 allowed, 1 of them with warnings, 1 denied" in ran.out
    assert run("audit", "-n", "risk", tmp_path).code == 0


def test_files_can_be_chosen_by_namespace_and_label(run, tmp_path):
    write_all(tmp_path)
    report = json.loads(run("audit", "-o", "json", "-l", "team=ads", tmp_path).out)
    assert [each["object"]["name"] for each in report["objects"]] == ["bad", "warned"]
    report = json.loads(run("audit", "-o", "json", "-n", "shop", "-l", "team=ads", tmp_path).out)
    assert [each["object"]["name"] for each in report["objects"]] == ["bad"]


def test_a_file_that_cannot_be_read_is_part_of_the_audit(run, tmp_path):
    (tmp_path / "broken.yaml").write_text("a: [")
    ran = run("audit", tmp_path / "broken.yaml", tmp_path / "gone.yaml")
    assert ran.code == 2
    assert "2 could not be evaluated" in ran.out


def test_a_selector_that_is_none_is_one_sentence(run, tmp_path):
    assert run("audit", "-l", "a=1,", tmp_path).err.startswith("graphgate: --selector: ")


def test_check_names_the_objects_of_a_list(run):
    objects = {"apiVersion": "v1", "kind": "List", "items": [GOOD, BAD]}
    assert (
        "  shop/bad  spec.predictors[0].graph.name"
        in run("check", "-", stdin=json.dumps(objects)).out
    )


def test_check_does_not_name_the_object_of_a_file(run):
    assert "shop/bad" not in run("check", "-", stdin=json.dumps(BAD)).out
