"""Files mended: one fix after the other, the author's text kept everywhere else."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from webhook.decisions.decide import decide
from webhook.decisions.decision import Decision
from webhook.decisions.demands import Demands
from webhook.decisions.judge import is_judged
from webhook.decisions.settings import Settings
from webhook.documents import (
    Document,
    Reading,
    UneditableText,
    UnfitPatch,
    edit,
    read,
)
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding, Operation

MOST_ROUNDS = 100
"""Fixes in one file. Each leads to one finding less; a manifest of more faults needs its author."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A file after its fixes.

    text     the new text; the old one where nothing could be mended
    reading  the old text as it was read
    fixed    the findings that were mended, in the order in which they were
    left     why a fix that there is could not be written into the text: finding and reason
    """

    text: str
    reading: Reading
    fixed: tuple[Finding, ...]
    left: tuple[tuple[Finding, str], ...]


def mend(
    content: str | bytes, settings: Settings, facts: Facts, demands: Demands | None = None
) -> Mended:
    """Judge, apply one fix, judge again, until no fix is left.

    The deepest place goes first, so that a fix never meets a place that another one has moved.
    Parts of the file that cannot be read stay as they are.
    """
    first = read(content)
    reading, fixed = first, []
    refused: dict[tuple[str, str], tuple[Finding, str]] = {}
    for _ in range(MOST_ROUNDS):
        found = _next(reading, _Judged(settings, facts, demands), set(refused))
        if found is None:
            break
        document, finding = found
        try:
            text = edit(reading.text, document, finding.fix)
        except (UneditableText, UnfitPatch) as error:
            refused[_key(document, finding)] = (finding, str(error))
            continue
        reading = read(text)
        fixed.append(finding)
    return Mended(reading.text, first, tuple(fixed), tuple(refused.values()))


class _Judged(NamedTuple):
    """How documents are judged between fixes."""

    settings: Settings
    facts: Facts
    demands: Demands | None

    def decide(self, document: Any) -> Decision:
        return decide(document, self.settings, self.facts, demands=self.demands)


def _next(
    reading: Reading, judged: _Judged, refused: set[tuple[str, str]]
) -> tuple[Document, Finding] | None:
    """Return the fix to apply now and its document; None if there is none."""
    for document in reading.documents:
        if not is_judged(document.value):
            continue
        decision = judged.decide(document.value)
        fixable = [
            finding
            for finding in _findings(decision)
            if finding.fix and _key(document, finding) not in refused
        ]
        if fixable:
            return document, max(fixable, key=lambda finding: _depth(finding.fix))
    return None


def _findings(decision: Decision) -> tuple[Finding, ...]:
    return decision.denials + decision.warnings


def _depth(operations: tuple[Operation, ...]) -> int:
    return max(operation["path"].count("/") for operation in operations)


def _key(document: Document, finding: Finding) -> tuple[str, str]:
    return f"{document.index}{finding.path.pointer}", finding.rule
