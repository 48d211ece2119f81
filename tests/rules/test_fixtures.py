"""Every fixture says in its head what is to be found in it; `make golden` writes the heads.

# deny traffic-not-100 spec.predictors
#   traffic of the 2 non-shadow predictors must add up to 100, got 90 …
#   = the remedy
#   + {"op": …}                  one line for each operation of a safe fix
#   ? {"op": …}                  and of an unsafe one
"""

import os
from pathlib import Path

import jsonpatch
import orjson
import pytest

from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint.lint import lint_text
from webhook.rules import all_rules, docs
from webhook.settings.model import read_settings
from webhook.yamldoc import read

FIXTURES = Path(__file__).with_name("fixtures")
FILES = sorted(FIXTURES.glob("*/*.yaml"))
SETTINGS = read_settings()
UPDATE_FIXTURES = bool(os.environ.get("GRAPHGATE_UPDATE"))


def split_head(text):
    lines = text.splitlines(keepends=True)
    size = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    return "".join(lines[:size]), "".join(lines[size:])


def format_findings(text):
    (result,) = lint_text("-", text, SETTINGS, NO_FACTS).results
    return result.findings


def describe_findings(text):
    lines = []
    for located in format_findings(text):
        finding = located.finding
        assert "could not be evaluated" not in finding.message
        lines.append(f"# {located.action} {finding.rule_id} {finding.path}")
        lines.append(f"#   {finding.message}")
        if finding.remediation:
            lines.append(f"#   = {finding.remediation}")
        sign = "+" if finding.fix_safety == "safe" else "?"
        lines.extend(f"#   {sign} {orjson.dumps(operation).decode()}" for operation in finding.fix)
    return "".join(f"{line}\n" for line in lines or ["# nothing is found"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_fixture_gives_exactly_the_findings_in_its_head(file):
    head, body = split_head(file.read_text())
    if UPDATE_FIXTURES:
        file.write_text(describe_findings(body) + body)
        return
    assert describe_findings(body) == head


# Rules about updates need two documents (tests/engine/test_updates.py), and object-too-large needs
# one that is too large for a fixture (tests/graph/test_limits.py).
# reserved-app-label asks who reconciles (tests/engine/test_operator.py), and some what routes
# (tests/engine/test_routing.py) or which Kubernetes is there (tests/rules/test_facts.py,
# tests/rules/test_certificate_sources.py).
TESTED_ELSEWHERE = {
    "field-of-newer-kubernetes",
    "ignored-routing-annotation",
    "malformed-certificate-source",
    "mesh-gateway-without-host",
    "object-too-large",
    "reserved-app-label",
    "essential-field-of-newer-kubernetes",
    "too-many-split-predictors",
    "unapproved-gateway",
    "unapproved-host",
    "unapproved-route",
    "unrouted-traffic",
    "unsupported-mirror-percentage",
    "value-of-newer-kubernetes",
}
ON_ONE_DOCUMENT = [
    rule.id for rule in all_rules() if "old" not in rule.inputs and rule.id not in TESTED_ELSEWHERE
]


@pytest.mark.parametrize("rule", ON_ONE_DOCUMENT)
def test_every_rule_has_a_fixture_that_it_finds_and_one_in_which_nothing_is_found(rule):
    heads = [split_head(file.read_text())[0] for file in (FIXTURES / rule).glob("*.yaml")]
    assert any(f" {rule} " in head for head in heads)
    assert any(head == "# nothing is found\n" for head in heads)


def test_no_folder_of_fixtures_is_left_over():
    assert {file.parent.name for file in FILES} <= {rule.id for rule in all_rules()}


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_has_a_page_with_all_sections(rule):
    doc = docs.parse_docstring(rule.docstring)
    assert doc.remediation
    assert not doc.title.endswith(".")
    assert doc.fix.endswith(".")
    assert rule.action in {"deny", "warn", "audit"}
    assert read(doc.bad).errors == read(doc.good).errors == ()


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_is_named_by_the_fault(rule):
    doc_fix = ("require-", "must-", "avoid-", "do-not-", "use-", "prefer-", "check-", "valid-")
    assert not rule.id.startswith(doc_fix)


WITH_FIX = [f for f in FILES if any(s in f.read_text() for s in ("\n#   + {", "\n#   ? {"))]


@pytest.mark.parametrize("file", WITH_FIX, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_fix_removes_its_finding_and_brings_no_denial(file):
    body = split_head(file.read_text())[1]
    document = read(body).documents[0].value
    before = evaluate(document, SETTINGS, NO_FACTS)
    for finding in [located.finding for located in format_findings(body) if located.finding.fix]:
        fixed = jsonpatch.apply_patch(document, list(finding.fix))
        after = evaluate(fixed, SETTINGS, NO_FACTS)
        messages = {(f.rule_id, f.path, f.message) for f in (*after.denials, *after.warnings)}
        assert (finding.rule_id, finding.path, finding.message) not in messages
        assert {f.rule_id for f in after.denials} <= {f.rule_id for f in before.denials}
