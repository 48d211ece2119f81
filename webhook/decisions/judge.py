"""Files judged: the same engine as the webhook's, with the places in the author's text."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from webhook.decisions.decide import decide
from webhook.decisions.decision import Decision
from webhook.decisions.demands import Demands
from webhook.decisions.report.sentence import FAILED
from webhook.decisions.result import Placed, Replacement, Report, Result, identity
from webhook.decisions.settings import Settings
from webhook.documents import Document, Note, Reading, read
from webhook.errors import UnreadableDocument
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.path import ROOT
from webhook.rules import Action

KIND = "SeldonDeployment"

UNREADABLE = "unreadable"
"""The id under which a report says that a file could not be judged."""

_LINE_END = re.compile(r"\r\n|\n|\r")


def judge(
    file: str,
    content: str | bytes,
    settings: Settings,
    facts: Facts,
    *,
    demands: Demands | None = None,
    replacements: bool = False,
) -> Report:
    """Judge every SeldonDeployment in one file; documents of other kinds are counted as skipped.

    file     what the file is called in the report
    content  YAML or JSON; whatever cannot be read is a result with the verdict "error"
    demands       users' policies and exceptions
    replacements  whether fixes are also told as changes of the text
    """
    reading = read(content)
    lines = _LINE_END.split(reading.text.removeprefix("\ufeff"))
    results: list[Result] = []
    for document in reading.documents:
        if is_judged(document.value):
            decision = decide(document.value, settings, facts, demands=demands)
            result = _result(file, document, decision, lines)
            if replacements:
                result = _with_replacements(result, document, reading.text)
            results.append(result)
    skipped = len(reading.documents) - len(results)
    results.extend(_unreadable(file, reading, error, lines) for error in reading.errors)
    results.sort(key=lambda result: result.line)
    return Report(tuple(results), skipped)


def is_judged(document: Any) -> bool:
    """Tell whether a document is a SeldonDeployment, of whatever apiVersion."""
    return isinstance(document, dict) and document.get("kind") == KIND


def missing(file: str, reason: str) -> Report:
    """Return the report on a file that cannot be opened; `reason` as the system says it."""
    finding = Finding(ROOT, f"cannot be opened: {reason}", rule=UNREADABLE)
    return Report((Result(file, 0, 1, "error", (Placed(finding, "deny"),)),))


def _result(file: str, document: Document, decision: Decision, lines: list[str]) -> Result:
    told: list[tuple[Finding, Action]] = [
        *((finding, "deny") for finding in decision.denials),
        *((finding, "warn") for finding in decision.warnings),
        *((finding, "audit") for finding in decision.audits),
        *_failures(decision),
        *((_from_note(note), "warn") for note in document.notes),
    ]
    placed = [_place(finding, action, document, lines) for finding, action in told]
    return Result(
        file=file,
        index=document.index,
        line=document.position().line,
        verdict="denied" if decision.denied else "allowed",
        findings=tuple(sorted(placed, key=lambda p: (p.line, p.column))),
        patch=decision.patch,
        identity=identity(document.value),
    )


def _with_replacements(result: Result, document: Document, text: str) -> Result:
    findings = tuple(
        replace(placed, replacements=_changes(text, document, placed.finding))
        if placed.finding.fix
        else placed
        for placed in result.findings
    )
    return replace(result, findings=findings)


def _changes(text: str, document: Document, finding: Finding) -> tuple[Replacement, ...]:
    """Return a fix as replaced lines; () where it cannot be written into the text."""
    import difflib

    from webhook.documents import UneditableText, UnfitPatch, edit

    try:
        new = edit(text, document, finding.fix).splitlines(keepends=True)
    except (UneditableText, UnfitPatch):
        return ()
    matcher = difflib.SequenceMatcher(None, text.splitlines(keepends=True), new, autojunk=False)
    return tuple(
        Replacement(old_start + 1, old_end + 1, "".join(new[new_start:new_end]))
        for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes()
        if kind != "equal"
    )


def _failures(decision: Decision) -> Iterator[tuple[Finding, Action]]:
    for failure in decision.failures:
        action: Action = "deny" if decision.closed else "warn"
        yield Finding(ROOT, f"the rule {FAILED}", rule=failure.rule), action


def _from_note(note: Note) -> Finding:
    return Finding(note.path, note.fact, rule=f"yaml/{note.kind}")


def _place(finding: Finding, action: Action, document: Document, lines: list[str]) -> Placed:
    position = document.position(finding.path)
    return Placed(
        finding,
        action,
        line=position.line,
        column=position.column,
        width=position.end - position.column,
        source=lines[position.line - 1],
    )


def _unreadable(file: str, reading: Reading, error: UnreadableDocument, lines: list[str]) -> Result:
    finding = Finding(ROOT, str(error), rule=UNREADABLE)
    source = lines[error.line - 1] if error.line <= len(lines) else ""
    placed = Placed(finding, "deny", line=error.line, column=error.column, source=source)
    return Result(file, len(reading.documents), error.line, "error", (placed,))
