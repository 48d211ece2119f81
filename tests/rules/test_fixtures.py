"""Every fixture says in its head what is to be found in it; `make golden` writes the heads.

# deny traffic-not-100 spec.predictors
#   traffic of the 2 live predictors sums to 90, not 100 …
#   = the remedy
#   + {"op": …}                  one line for each operation of the fix
"""

import os
from pathlib import Path

import jsonpatch
import orjson
import pytest

from webhook.decisions.decide import decide
from webhook.decisions.judge import judge
from webhook.decisions.settings import read_settings
from webhook.documents import read
from webhook.graph.facts import NOTHING_KNOWN
from webhook.rules import all_rules, page

FIXTURES = Path(__file__).with_name("fixtures")
FILES = sorted(FIXTURES.glob("*/*.yaml"))
SETTINGS = read_settings()
UPDATE = bool(os.environ.get("GRAPHGATE_UPDATE"))


def head_and_body(text):
    lines = text.splitlines(keepends=True)
    size = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    return "".join(lines[:size]), "".join(lines[size:])


def findings(text):
    (result,) = judge("-", text, SETTINGS, NOTHING_KNOWN).results
    return result.findings


def described(text):
    lines = []
    for placed in findings(text):
        finding = placed.finding
        lines.append(f"# {placed.action} {finding.rule} {finding.path}")
        lines.append(f"#   {finding.fact}")
        if finding.remedy:
            lines.append(f"#   = {finding.remedy}")
        lines.extend(f"#   + {orjson.dumps(operation).decode()}" for operation in finding.fix)
    return "".join(f"{line}\n" for line in lines or ["# nothing is found"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_fixture_gives_exactly_the_findings_in_its_head(file):
    head, body = head_and_body(file.read_text())
    if UPDATE:
        file.write_text(described(body) + body)
        return
    assert described(body) == head


# Rules about updates need two documents (tests/decisions/test_updates.py), and too-large needs one
# that is too large for a fixture (tests/graph/test_bounds.py).
ELSEWHERE = {"too-large"}
ON_ONE_DOCUMENT = [
    rule.id for rule in all_rules() if "old" not in rule.wants and rule.id not in ELSEWHERE
]


@pytest.mark.parametrize("rule", ON_ONE_DOCUMENT)
def test_every_rule_has_a_fixture_that_it_finds_and_one_in_which_nothing_is_found(rule):
    heads = [head_and_body(file.read_text())[0] for file in (FIXTURES / rule).glob("*.yaml")]
    assert any(f" {rule} " in head for head in heads)
    assert any(head == "# nothing is found\n" for head in heads)


def test_no_folder_of_fixtures_is_left_over():
    assert {file.parent.name for file in FILES} <= {rule.id for rule in all_rules()}


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_has_a_page_with_all_sections(rule):
    told = page.read(rule.docstring)
    assert told.remedy
    assert not told.title.endswith(".")
    assert told.fix.endswith(".")
    assert rule.action in {"deny", "warn", "audit"}
    assert read(told.bad).errors == read(told.good).errors == ()


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_is_named_by_the_fault(rule):
    cure = ("require-", "must-", "avoid-", "do-not-", "use-", "prefer-", "check-", "valid-")
    assert not rule.id.startswith(cure)


def _cases_with_fix():
    for file in FILES:
        body = head_and_body(file.read_text())[1]
        for number, placed in enumerate(findings(body)):
            if placed.finding.fix:
                yield pytest.param(body, number, id=f"{file.parent.name}/{file.stem}/{number}")


@pytest.mark.parametrize(("body", "number"), list(_cases_with_fix()))
def test_a_fix_removes_its_finding_and_brings_no_denial(body, number):
    document = read(body).documents[0].value
    before = decide(document, SETTINGS, NOTHING_KNOWN)
    finding = findings(body)[number].finding
    mended = jsonpatch.apply_patch(document, list(finding.fix))
    after = decide(mended, SETTINGS, NOTHING_KNOWN)
    told = {(f.rule, f.path, f.fact) for f in (*after.denials, *after.warnings)}
    assert (finding.rule, finding.path, finding.fact) not in told
    assert {f.rule for f in after.denials} <= {f.rule for f in before.denials}
