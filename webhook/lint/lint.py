"""Files evaluated: the same engine as the webhook's, with the places in the author's text."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from webhook.engine.decision import Decision
from webhook.engine.evaluate import evaluate, evaluate_object
from webhook.engine.evaluated_object import EvaluatedObject, read_object
from webhook.engine.messages import RULE_ERROR_TEXT
from webhook.engine.operator import OperatorChoice, resolve_operator
from webhook.engine.overrides import override_actions
from webhook.engine.policy_context import PolicyContext
from webhook.engine.rule_runner import MAX_FINDINGS_PER_RULE, ActionFinding
from webhook.errors import DocumentError
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.finding_identity import finding_fingerprint
from webhook.graph.path import ROOT, Path, resolve_path
from webhook.lint.kind import find_misspelled_kind, is_seldon_deployment
from webhook.lint.result import (
    DocumentResult,
    LineEdit,
    LocatedFinding,
    Report,
    SuppressedResult,
    identify_object,
)
from webhook.rules import Action
from webhook.rules.other_ids import UNREADABLE_RULE_ID, YAML_RULE_ID_PREFIX
from webhook.settings.model import Settings
from webhook.yamldoc import Document, ParsedFile, read
from webhook.yamldoc.text_buffer import LINE_BREAK

_NO_FIX: tuple[Operation, ...] = ()

MAX_TEXT_READS = 100
"""How often a file may be read to write its fixes into it: each reads what stands between two
"---", which for a List is all of it."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
"""A line with its end, as `SourceText` counts them."""


def lint_text(
    file: str,
    content: str | bytes,
    settings: Settings,
    facts: Facts,
    *,
    policy_context: PolicyContext | None = None,
    find_old: Callable[[Any], Any] | None = None,
    with_edits: bool = False,
) -> Report:
    """Check every SeldonDeployment in one file; documents of other kinds are counted as skipped.

    file            what the file is called in the report
    content         YAML or JSON; whatever cannot be read is a result with the verdict "error", and
                    so is a document that is probably meant as a SeldonDeployment
    policy_context  users' policies and exceptions
    find_old        returns the object before an update that a document makes; None: it is created
    with_edits      whether fixes are also given as changes of the text
    """
    return lint_parsed(
        file,
        read(content),
        settings,
        facts,
        policy_context=policy_context,
        find_old=find_old,
        with_edits=with_edits,
    )


def lint_parsed(
    file: str,
    parsed_file: ParsedFile,
    settings: Settings,
    facts: Facts,
    *,
    policy_context: PolicyContext | None = None,
    find_old: Callable[[Any], Any] | None = None,
    with_edits: bool = False,
    with_objects: bool = False,
) -> Report:
    """Check every SeldonDeployment in a file that was read already, as `lint_text`.

    with_objects  whether each result has its object as it was evaluated, for further use
    """
    lines = LINE_BREAK.split(parsed_file.text.removeprefix("\ufeff"))
    editor = _FixEditor(parsed_file.text) if with_edits else None
    results: list[DocumentResult] = []
    for document in parsed_file.documents:
        if is_seldon_deployment(document.value):
            old = None if find_old is None else find_old(document.value)
            evaluated = read_document(document, settings, facts, policy_context, old)
            decision = evaluate_object(evaluated)
            found = [*_action_findings(decision), *_yaml_findings(document, evaluated)]
            result = replace(
                _document_result(file, document, decision, found, lines),
                operator=operator_of(evaluated),
                evaluated=evaluated if with_objects else None,
            )
        elif (misspelled := find_misspelled_kind(document.value)) is not None:
            result = _error_result(file, document, misspelled, lines)
        else:
            continue
        results.append(result if editor is None else editor.with_edits(result, document))
    skipped = len(parsed_file.documents) - len(results)
    results.extend(
        _unreadable_result(file, parsed_file, error, lines) for error in parsed_file.errors
    )
    results.sort(key=lambda result: result.line)
    return Report(tuple(results), skipped)


def lint_object(
    name: str,
    document: Any,
    settings: Settings,
    facts: Facts,
    *,
    policy_context: PolicyContext | None = None,
) -> DocumentResult:
    """Check one SeldonDeployment that comes from no text, as a cluster has it.

    name  takes the place of the file name; every finding is on line 1
    """
    decision = evaluate(document, settings, facts, policy_context=policy_context)
    return DocumentResult(
        file=name,
        index=0,
        line=1,
        verdict="denied" if decision.denied else "allowed",
        findings=tuple(
            LocatedFinding(finding, action)
            for action, finding in _soften(_action_findings(decision), decision)
        ),
        patch=decision.patch,
        identity=identify_object(document),
        suppressed=tuple(
            SuppressedResult(
                LocatedFinding(each.finding, each.action),
                each.exception,
                each.reason,
                each.expires_at,
            )
            for each in decision.suppressed
        ),
    )


def find_in_document(
    document: Document,
    settings: Settings,
    facts: Facts,
    *,
    policy_context: PolicyContext | None = None,
) -> list[ActionFinding] | None:
    """Return what is found in a document, with actions; None if it is of another kind."""
    if is_seldon_deployment(document.value):
        return find_in_object(document, read_document(document, settings, facts, policy_context))
    misspelled = find_misspelled_kind(document.value)
    return None if misspelled is None else [("deny", misspelled)]


def find_in_object(document: Document, evaluated: EvaluatedObject) -> list[ActionFinding]:
    """Return what is found in a SeldonDeployment that was read from a document, with actions."""
    decision = evaluate_object(evaluated)
    return _soften([*_action_findings(decision), *_yaml_findings(document, evaluated)], decision)


def read_document(
    document: Document,
    settings: Settings,
    facts: Facts,
    policy_context: PolicyContext | None = None,
    old_document: Any = None,
) -> EvaluatedObject:
    """Return the SeldonDeployment in a document, with its defaults."""
    return read_object(
        document.value,
        settings,
        facts,
        old_document=old_document,
        is_creation=old_document is None,
        policy_context=policy_context,
        authored_text=document,
    )


def operator_of(evaluated: EvaluatedObject) -> OperatorChoice:
    """Return whose pods the engine evaluates, and the evidence."""
    return resolve_operator(evaluated.submitted, evaluated.settings, evaluated.given_facts)


def unreadable_file_report(file: str, reason: str) -> Report:
    """Return the report on a file that cannot be opened; `reason` as the system says it."""
    finding = Finding(ROOT, f"cannot be opened: {reason}", rule_id=UNREADABLE_RULE_ID)
    return Report((DocumentResult(file, 0, 1, "error", (LocatedFinding(finding, "deny"),)),))


def _document_result(
    file: str,
    document: Document,
    decision: Decision,
    found: list[ActionFinding],
    lines: list[str],
) -> DocumentResult:
    found = _soften(found, decision)
    denied = decision.denied or any(action == "deny" for action, _ in found)
    located = [_locate(finding, action, document, lines) for action, finding in found]
    return DocumentResult(
        file=file,
        index=document.index,
        line=document.position().line,
        verdict="denied" if denied else "allowed",
        findings=tuple(sorted(located, key=lambda p: (p.line, p.column))),
        patch=() if denied else decision.patch,
        identity=identify_object(document.value),
        suppressed=tuple(
            SuppressedResult(
                _locate(each.finding, each.action, document, lines),
                each.exception,
                each.reason,
                each.expires_at,
            )
            for each in decision.suppressed
        ),
    )


def _action_findings(decision: Decision) -> list[ActionFinding]:
    return [
        *(("deny", finding) for finding in decision.denials),
        *(("warn", finding) for finding in decision.warnings),
        *(("audit", finding) for finding in decision.audits),
        *_rule_error_findings(decision),
    ]


def _soften(found: list[ActionFinding], decision: Decision) -> list[ActionFinding]:
    """Return the findings with their actions in the namespace's mode."""
    if decision.mode == "enforce" or decision.denied:
        return found
    if decision.mode == "observe":
        return [("audit", finding) for _, finding in found]
    return [("warn" if action == "deny" else action, finding) for action, finding in found]


def _error_result(
    file: str, document: Document, finding: Finding, lines: list[str]
) -> DocumentResult:
    """Return the result for a document that is probably meant as a SeldonDeployment."""
    return DocumentResult(
        file=file,
        index=document.index,
        line=document.position().line,
        verdict="error",
        findings=(_locate(finding, "deny", document, lines),),
        identity=identify_object(document.value),
    )


class _FixEditor:
    """Fixes of one file as replaced lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._reads_left = MAX_TEXT_READS * len(text)
        # The fixes of one part come one after the other.
        self._read_part = lru_cache(maxsize=1)(lambda start, end: read(text[start:end]))

    def with_edits(self, result: DocumentResult, document: Document) -> DocumentResult:
        """Return what was found in a document, with the edits of its fixes."""
        findings = tuple(
            replace(placed, edits=self._text_edits(document, placed.finding))
            if placed.finding.fix
            else placed
            for placed in result.findings
        )
        return replace(result, findings=findings)

    def _text_edits(self, document: Document, finding: Finding) -> tuple[LineEdit, ...]:
        """Return a fix as replaced lines.

        () where it cannot be written into the text, or where the file was read too often already.
        """
        from webhook.lint.line_diff import changed_lines
        from webhook.yamldoc import PatchMismatchError, UneditableTextError, edit_text

        start, end = document.span
        self._reads_left -= end - start
        if self._reads_left < 0:
            return ()
        part = self._read_part(start, end)
        try:
            new = edit_text(part.text, part.documents[document.index_in_span], finding.fix)
        except (UneditableTextError, PatchMismatchError):
            return ()
        before = document.source.line_and_column(start)[0]
        return tuple(
            LineEdit(before + change.start, before + change.end, "".join(change.lines))
            for change in changed_lines(_LINE.findall(part.text), _LINE.findall(new))
        )


def _rule_error_findings(decision: Decision) -> Iterator[ActionFinding]:
    for failure in decision.rule_errors:
        action: Action = "deny" if decision.fail_closed else "warn"
        yield action, Finding(ROOT, f"the rule {RULE_ERROR_TEXT}", rule_id=failure.rule_id)


def _yaml_findings(document: Document, evaluated: EvaluatedObject) -> Iterator[ActionFinding]:
    """Yield what kubectl reads in silence; settings may give it another action than "warn"."""
    yaml_warnings = document.warnings
    if not yaml_warnings:
        return
    repeats: dict[Path, dict[int, None]] = {}
    for each in yaml_warnings:
        if _begins_item(each.path, document.value):
            repeats.setdefault(each.path.parent.parent, {})[int(each.path[-2])] = None
    findings = []
    counts: Counter[str] = Counter()
    for each in yaml_warnings:
        rule_id = f"{YAML_RULE_ID_PREFIX}{each.kind}"
        counts[rule_id] += 1
        if counts[rule_id] > MAX_FINDINGS_PER_RULE:
            continue
        remediation, fix = "", _NO_FIX
        if _begins_item(each.path, document.value):
            remediation = (
                f'write "- " before it if the next item begins here: {each.path[-1]} is the first '
                "key of one"
            )
            # The first finding in a list has the fix for all of them.
            listed = each.path.parent.parent
            if listed in repeats:
                fix = _split_items(listed, repeats.pop(listed), document)
        findings.append(
            Finding(
                each.path,
                each.message,
                remediation,
                fix,
                rule_id=rule_id,
                fix_safety="safe",
            )
        )
    for rule_id, count in counts.items():
        if count > MAX_FINDINGS_PER_RULE:
            message = f"there are {count - MAX_FINDINGS_PER_RULE:,} more that are not listed"
            findings.append(Finding(ROOT, message, rule_id=rule_id))
    warnings: list[ActionFinding] = [("warn", finding) for finding in findings]
    yield from override_actions(warnings, evaluated.settings.action_overrides)


def _begins_item(path: Path, document: Any) -> bool:
    """Return whether a key that comes again is the first one of a list's item."""
    place = path.parent
    try:
        item = resolve_path(document, place)
    except LookupError:
        return False  # in a part that is overwritten itself
    is_item = type(item) is dict and place != ROOT and type(place[-1]) is int
    return is_item and next(iter(item)) == path[-1]


def _split_items(
    path: Path, places: Mapping[int, None], document: Document
) -> tuple[Operation, ...]:
    """Return the patch that makes several items of each at `places` whose keys all come again."""
    items = resolve_path(document.value, path)
    complete: list[Any] = []
    for index, item in enumerate(items):
        parts = document.split_mapping(path / index) if index in places else ()
        complete += (_repeated_items(parts) if parts else []) or [item]
    if len(complete) == len(items):
        return ()
    return ({"op": "replace", "path": path.pointer, "value": complete},)


def _repeated_items(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the parts of a mapping if each is evidently an item: of the same keys, and others."""
    first, *others = parts
    key = next(iter(first))
    are_alike = len(first) > 1 and all(
        part.keys() == first.keys() and next(iter(part)) == key for part in others
    )
    is_repeated = are_alike and any(part[key] != first[key] for part in others)
    return list(parts) if is_repeated else []


def _locate(
    finding: Finding, action: Action, document: Document, lines: list[str]
) -> LocatedFinding:
    position = document.position(finding.path, at_key=finding.at_key)
    return LocatedFinding(
        finding,
        action,
        line=position.line,
        column=position.column,
        width=position.end - position.column,
        source=lines[position.line - 1],
        fingerprint=finding_fingerprint(finding, document.value),
    )


def _unreadable_result(
    file: str, parsed_file: ParsedFile, error: DocumentError, lines: list[str]
) -> DocumentResult:
    finding = Finding(ROOT, str(error), rule_id=UNREADABLE_RULE_ID)
    # Bytes that cannot be decoded have no lines.
    source = lines[error.line - 1] if error.line <= len(lines) else ""
    located = LocatedFinding(finding, "deny", line=error.line, column=error.column, source=source)
    return DocumentResult(file, len(parsed_file.documents), error.line, "error", (located,))
