"""Print each message and remediation beside its source, to be read as a user reads them.

    python -m tools.messages [WORD ...]
    python -m tools.messages --literals [FOLDER ...]

Sources are the fixtures of the rules and the cases of the table of constraints. WORD keeps the
findings whose rule id contains one of the words; without any, all are printed. --literals prints
the other texts instead: every string of several words in the code of FOLDER (default: webhook),
which are errors, statuses, log texts and help texts.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
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


def iter_literals(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and text of each string of several words that is not a docstring.

    Placeholders of an f-string are shown as `{expression}`.
    """
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        skipped = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Expr, ast.JoinedStr))
            for inner in ast.iter_child_nodes(node)
            if isinstance(inner, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and id(node) not in skipped:
                text = _literal_text(node)
                if " " in text.strip():
                    yield str(file), node.lineno, text


def _literal_text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_literal_text, node.values))
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _print_literals(folders: list[str]) -> None:
    for folder in folders or ["webhook"]:
        for file, line, text in iter_literals(Path(folder)):
            print(f"{file}:{line}: {text}")


def main() -> None:
    """Print the titles and the texts, one rule after the other."""
    if sys.argv[1:2] == ["--literals"]:
        _print_literals(sys.argv[2:])
        return
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
