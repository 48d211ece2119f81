"""Every fixture says in its head what is to be found in it; `make golden` writes the heads.

# deny traffic-not-100 spec.predictors
#   traffic of the 2 non-shadow predictors must add up to 100, got 90 …
#   = the remedy
#   + {"op": …}                  one line for each operation of a safe fix
#   ? {"op": …}                  and of an unsafe one
"""

import os
from dataclasses import replace
from pathlib import Path

import jsonpatch
import orjson
import pytest

from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.lint.lint import lint_text
from webhook.rules import all_rules, docs
from webhook.settings.model import read_settings
from webhook.yamldoc import read

FIXTURES = Path(__file__).with_name("fixtures")
FILES = sorted(FIXTURES.glob("*/*.yaml"))
SETTINGS = read_settings()
OURS = Facts(operator="graphgate")
GATEWAY_API = {"kind": "gateway-api", "gateway": "gateways/public", "hosts": ["ml.example.com"]}
ISTIO = {"kind": "istio", "gateway": "istio-system/public"}


def routed(facts, **routing):
    """Return settings with which graphgate makes routes, and facts."""
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
    return read_settings({**head, "routing": routing}), facts


GIVEN = {
    "essential-field-of-newer-kubernetes": (SETTINGS, replace(OURS, kubernetes_minor=30)),
    "field-of-newer-kubernetes": (SETTINGS, replace(OURS, kubernetes_minor=30)),
    "ignored-routing-annotation": routed(OURS, kind="none"),
    "malformed-certificate-source": (SETTINGS, replace(OURS, kubernetes_minor=37)),
    "mesh-gateway-without-host": routed(
        OURS, **ISTIO, allowedGateways=["mesh"], allowedHosts=["iris.example.com"]
    ),
    "reserved-app-label": (SETTINGS, OURS),
    "too-many-split-predictors": routed(OURS, **GATEWAY_API),
    "unapproved-gateway": routed(OURS, **GATEWAY_API, allowedGateways=["gateways/internal"]),
    "unapproved-host": routed(OURS, **GATEWAY_API, allowedHosts=["*.models.example.com"]),
    "unapproved-route": routed(Facts(operator="seldon"), kind="ambassador"),
    "unrouted-traffic": routed(OURS, kind="none"),
    "unsupported-mirror-percentage": routed(replace(OURS, mirrors_percent=False), **GATEWAY_API),
    "value-of-newer-kubernetes": (SETTINGS, replace(OURS, kubernetes_minor=32)),
}
"""By folder, the settings and facts of the fixtures of rules that look at them."""
SIGNS = {"safe": "+", "unsafe": "?"}
UPDATE_FIXTURES = bool(os.environ.get("GRAPHGATE_UPDATE"))


def split_head(text):
    lines = text.splitlines(keepends=True)
    size = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    return "".join(lines[:size]), "".join(lines[size:])


def given_for(file):
    return GIVEN.get(file.parent.name, (SETTINGS, NO_FACTS))


def format_findings(text, settings=SETTINGS, facts=NO_FACTS):
    (result,) = lint_text("-", text, settings, facts).results
    return result.findings


def describe_findings(text, settings, facts):
    lines = []
    for located in format_findings(text, settings, facts):
        finding = located.finding
        assert "could not be evaluated" not in finding.message
        lines.append(f"# {located.action} {finding.rule_id} {finding.path}")
        lines.append(f"#   {finding.message}")
        if finding.remediation:
            lines.append(f"#   = {finding.remediation}")
        sign = SIGNS[finding.fix_safety]
        lines.extend(f"#   {sign} {orjson.dumps(operation).decode()}" for operation in finding.fix)
    return "".join(f"{line}\n" for line in lines or ["# nothing is found"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_fixture_gives_exactly_the_findings_in_its_head(file):
    head, body = split_head(file.read_text())
    if UPDATE_FIXTURES:
        file.write_text(describe_findings(body, *given_for(file)) + body)
        return
    assert describe_findings(body, *given_for(file)) == head


# Rules about updates need two documents (tests/engine/test_updates.py), and object-too-large needs
# one that is too large for a fixture (tests/graph/test_limits.py).
TESTED_ELSEWHERE = {"object-too-large"}
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
    document, given = read(body).documents[0].value, given_for(file)
    before = evaluate(document, *given)
    for located in format_findings(body, *given):
        finding = located.finding
        if not finding.fix:
            continue
        fixed = jsonpatch.apply_patch(document, list(finding.fix))
        after = evaluate(fixed, *given)
        messages = {(f.rule_id, f.path, f.message) for f in (*after.denials, *after.warnings)}
        assert (finding.rule_id, finding.path, finding.message) not in messages
        assert {f.rule_id for f in after.denials} <= {f.rule_id for f in before.denials}
