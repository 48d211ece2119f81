"""The report on an object: what it says, how large it is, and when it is the same."""

import orjson
import pytest

from tests.audit.test_audit import BAD, GOOD, SETTINGS
from tests.documents_of import minimal
from webhook.audit import AuditedObject, Auditor
from webhook.audit.reports import KINDS, OPENREPORTS, build_report, report_digest
from webhook.auditor.metrics import MAX_NAMESPACES, MAX_RULES, AuditorMetrics
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.lint.result import DocumentResult, LocatedFinding, SuppressedResult


def audited(document):
    return Auditor(SETTINGS, NO_FACTS).audit_object(document)


def with_findings(number, message="wrong", suppressed=()):
    finding = Finding(Path(("spec",)), message, rule_id="policy/x/0")
    identity = {"apiVersion": "v1", "kind": "SeldonDeployment", "namespace": "a", "name": "b"}
    findings = tuple(LocatedFinding(finding, "deny") for _ in range(number))
    result = DocumentResult("a/b", 0, 1, "denied", findings, (), identity, suppressed)
    return AuditedObject(result, "u")


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_report_is_owned_by_its_object(kind):
    report = build_report(audited(BAD), kind)
    (owner,) = report["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("SeldonDeployment", "bad", "bad")
    assert report["metadata"]["namespace"] == report["scope"]["namespace"] == "shop"
    assert report["summary"] == {"pass": 0, "fail": 1, "warn": 0, "error": 0, "skip": 0}


def test_an_object_without_findings_passes():
    (result,) = build_report(audited(GOOD), OPENREPORTS)["results"]
    assert result["result"] == "pass"


def test_an_exception_is_a_result_that_is_skipped():
    finding = Finding(Path(("spec",)), "wrong", rule_id="policy/x/0")
    exempt = SuppressedResult(
        LocatedFinding(finding, "deny"), "mine", "why", "2999-01-01T00:00:00Z"
    )
    (result,) = build_report(with_findings(0, suppressed=(exempt,)), OPENREPORTS)["results"]
    assert (result["result"], result["scored"]) == ("skip", False)
    assert result["properties"]["exception"] == "mine"
    assert result["properties"]["expiresAt"] == "2999-01-01T00:00:00Z"


def test_a_report_fits_into_the_store_and_says_what_it_left_out():
    report = build_report(with_findings(5000, "x" * 10_000), OPENREPORTS)
    assert len(orjson.dumps(report)) < 1_000_000
    assert report["summary"]["error"] == 1
    assert report["results"][-1]["message"].startswith("4900 more findings")


def test_the_same_verdict_is_the_same_report_whatever_else_has_changed():
    def touch(document):
        document["metadata"].update(resourceVersion="9", uid="u", namespace="models")
        document["status"] = {"state": "Available"}

    before = minimal(lambda document: document["metadata"].update(uid="u"))
    digests = {
        report_digest(build_report(audited(document), OPENREPORTS))
        for document in (before, minimal(touch))
    }
    assert len(digests) == 1


def test_what_the_api_server_adds_is_no_difference():
    report = build_report(audited(BAD), OPENREPORTS)
    stored = {**report, "metadata": {**report["metadata"], "uid": "x", "managedFields": []}}
    assert report_digest(stored) == report_digest(report)
    stored["results"] = []
    assert report_digest(stored) != report_digest(report)


def test_labels_of_metrics_are_bounded_and_sums_stay_right():
    metrics = AuditorMetrics()
    objects = [
        (f"ns-{number}", "denied", {(f"policy/p-{number}/0", "deny"): 1})
        for number in range(MAX_RULES + MAX_NAMESPACES)
    ]
    metrics.register_findings(lambda: objects)
    series = [
        line
        for line in metrics.render_metrics().decode().splitlines()
        if line.startswith("graphgate_audit_findings{")
    ]
    assert sum(float(line.rpartition(" ")[2]) for line in series) == len(objects)
    namespaces = {line.partition('namespace="')[2].partition('"')[0] for line in series}
    rules = {line.partition('rule="')[2].partition('"')[0] for line in series}
    assert (len(namespaces), len(rules)) == (MAX_NAMESPACES + 1, MAX_RULES + 1)
