"""Files mended: one fix after the other, the author's text kept everywhere else."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from webhook.engine.decision import Decision
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.lint.lint import is_seldon_deployment
from webhook.settings.model import Settings
from webhook.yamldoc import (
    Document,
    ParsedFile,
    PatchMismatchError,
    UneditableTextError,
    edit_text,
    read,
)

MAX_FIX_ROUNDS = 100
"""Fixes in one file. Each leads to one finding less; a manifest of more faults needs its author."""


@dataclass(frozen=True, slots=True)
class FixResult:
    """A file after its fixes.

    text     the new text; the old one where nothing could be mended
    reading  the old text as it was read
    fixed    the findings that were mended, in the order in which they were
    left     why a fix that there is could not be written into the text: finding and reason
    """

    text: str
    parsed_file: ParsedFile
    applied: tuple[Finding, ...]
    skipped: tuple[tuple[Finding, str], ...]


def autofix(
    content: str | bytes,
    settings: Settings,
    facts: Facts,
    policy_context: PolicyContext | None = None,
) -> FixResult:
    """Judge, apply one fix, judge again, until no fix is left.

    The deepest place goes first, so that a fix never meets a place that another one has moved.
    Parts of the file that cannot be read stay as they are.
    """
    original = read(content)
    parsed_file, applied = original, []
    skipped: dict[tuple[str, str], tuple[Finding, str]] = {}
    for _ in range(MAX_FIX_ROUNDS):
        next_fix = _next_fix(
            parsed_file, _DocumentEvaluator(settings, facts, policy_context), set(skipped)
        )
        if next_fix is None:
            break
        document, finding = next_fix
        try:
            text = edit_text(parsed_file.text, document, finding.fix)
        except (UneditableTextError, PatchMismatchError) as error:
            skipped[_finding_key(document, finding)] = (finding, str(error))
            continue
        parsed_file = read(text)
        applied.append(finding)
    return FixResult(parsed_file.text, original, tuple(applied), tuple(skipped.values()))


class _DocumentEvaluator(NamedTuple):
    """How documents are judged between fixes."""

    settings: Settings
    facts: Facts
    policy_context: PolicyContext | None

    def evaluate(self, document: Any) -> Decision:
        return evaluate(document, self.settings, self.facts, policy_context=self.policy_context)


def _next_fix(
    parsed_file: ParsedFile, evaluator: _DocumentEvaluator, skipped: set[tuple[str, str]]
) -> tuple[Document, Finding] | None:
    """Return the fix to apply now and its document; None if there is none."""
    for document in parsed_file.documents:
        if not is_seldon_deployment(document.value):
            continue
        decision = evaluator.evaluate(document.value)
        fixable = [
            finding
            for finding in _findings(decision)
            if finding.fix and _finding_key(document, finding) not in skipped
        ]
        if fixable:
            return document, max(fixable, key=lambda finding: _patch_depth(finding.fix))
    return None


def _findings(decision: Decision) -> tuple[Finding, ...]:
    return decision.denials + decision.warnings


def _patch_depth(operations: tuple[Operation, ...]) -> int:
    return max(operation["path"].count("/") for operation in operations)


def _finding_key(document: Document, finding: Finding) -> tuple[str, str]:
    return f"{document.index}{finding.path.pointer}", finding.rule_id
