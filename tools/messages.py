"""Print each message and remediation beside its source, to be read as a user reads them.

    python -m tools.messages [WORD ...]

Sources are the fixtures of the rules and the cases of the table of constraints. WORD keeps the
findings whose rule id contains one of the words; without any, all are printed.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tests.rules import constraint_cases, test_constraints, test_fixtures, test_pod_templates
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.rules import all_rules, docs
from webhook.settings.model import read_settings
from webhook.yamldoc import read


class Message(NamedTuple):
    """A text as users see it; `source` is the fixture or the case that gives it."""

    source: str
    rule_id: str
    path: str
    message: str
    remediation: str


def collect(words: Iterable[str] = ()) -> list[Message]:
    """Return the distinct texts by rule, each with its first source."""
    first: dict[tuple[str, str, str], Message] = {}
    words = tuple(words)
    settings, facts = read_settings(), Facts(kubernetes_minor=36)
    for source, document in _documents():
        decision = evaluate(document, settings, facts)
        findings = (*decision.denials, *decision.warnings, *decision.audits)
        for finding in findings:
            if not words or any(word in finding.rule_id for word in words):
                message = _message(source, finding)
                first.setdefault((message.rule_id, message.message, message.remediation), message)
    return sorted(first.values(), key=lambda each: each.rule_id)


def _documents() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in test_fixtures.FILES:
        for document in read(file.read_text()).documents:
            yield f"{file.parent.name}/{file.name}", document.value
    for case in constraint_cases.cases():
        yield f"constraint_cases: {case.name}", test_constraints.document_of(case)
    for case in test_pod_templates.CASES:
        yield f"pod_templates: {case['name']}", test_pod_templates.build_document(case)


def _message(source: str, finding: Finding) -> Message:
    return Message(source, finding.rule_id, str(finding.path), finding.message, finding.remediation)


def main() -> None:
    """Print the titles and the texts, one rule after the other."""
    titles = {rule.id: docs.parse_docstring(rule.docstring).title for rule in all_rules()}
    rule_id = ""
    for each in collect(sys.argv[1:]):
        if each.rule_id != rule_id:
            rule_id = each.rule_id
            print(f"\n{rule_id}: {titles.get(rule_id, '')}")
        print(f"  {each.path}  [{each.source}]\n    {each.message}")
        if each.remediation:
            print(f"    = {each.remediation}")


if __name__ == "__main__":
    main()
