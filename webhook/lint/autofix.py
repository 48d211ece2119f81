"""Files fixed: one fix after the other, the author's text kept everywhere else.

A fix stays only if its finding is gone after it and nothing new is found. So a fix without effect,
or one that would break something else, ends there and is reported, and the others go on.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.path import Path, resolve_path
from webhook.lint.line_diff import LineChange, changed_lines, split_lines
from webhook.lint.lint import MAX_TEXT_READS, find_in_document
from webhook.rules import Action
from webhook.rules.other_ids import MISSPELLED_KIND_RULE_ID
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
"""Maximum fixes in one document; a second run applies the next ones."""

_Findings = tuple[tuple[Action, Finding], ...]


@dataclass(frozen=True, slots=True)
class FixResult:
    """A file after its fixes.

    text         the new text; the old one where nothing could be fixed
    parsed_file  the old text as it was read
    applied      the findings that were fixed, in the order in which they were
    skipped      why an available fix was not applied: finding and reason
    changes      the lines of the old text that are others, for a diff
    """

    text: str
    parsed_file: ParsedFile
    applied: tuple[Finding, ...]
    skipped: tuple[tuple[Finding, str], ...]
    changes: tuple[LineChange, ...]


def autofix(
    content: str | bytes,
    settings: Settings,
    facts: Facts,
    policy_context: PolicyContext | None = None,
    *,
    unsafe: bool = False,
) -> FixResult:
    """Check, apply one fix, check again, until no fix is left.

    The deepest place goes first, so that a fix never meets a place that another one has moved.
    Parts of the file that cannot be read stay as they are. `unsafe`: apply guesses as well.
    """
    original = read(content)
    old = original.text
    fixer = _Fixer(
        settings, facts, policy_context, unsafe=unsafe, reads_left=MAX_TEXT_READS * len(old)
    )
    texts: list[str] = []
    changes: list[LineChange] = []
    at, line = 0, 0
    for (start, end), documents in groupby(original.documents, key=lambda each: each.span):
        part = old[start:end]
        fixed = fixer.fix_part(part, [each.index for each in documents])
        texts += (old[at:start], fixed)
        line += old.count("\n", at, start)
        changes += (
            change._replace(start=line + change.start, end=line + change.end)
            for change in changed_lines(split_lines(part), split_lines(fixed))
        )
        line += part.count("\n")
        at = end
    text = "".join((*texts, old[at:]))
    skipped = tuple(fixer.skipped.values())
    return FixResult(text, original, tuple(fixer.applied), skipped, tuple(changes))


class _NotAppliedError(Exception):
    """Why a fix is not applied."""


@dataclass(slots=True)
class _Fixer:
    """One part of the file after the other, and what happened so far.

    reads_left   characters that may be read again
    parsed_file  the part as far as it is fixed
    """

    settings: Settings
    facts: Facts
    policy_context: PolicyContext | None
    unsafe: bool
    reads_left: int
    parsed_file: ParsedFile = field(default_factory=lambda: ParsedFile((), (), ""))
    applied: list[Finding] = field(default_factory=list)
    skipped: dict[tuple[int, str, str], tuple[Finding, str]] = field(default_factory=dict)

    def fix_part(self, text: str, indexes: list[int]) -> str:
        """Return what stands between two "---", with the fixes of its documents.

        indexes  of the documents, in the file
        """
        self.parsed_file = read(text)
        for number, index in enumerate(indexes):
            self._fix_document(number, index)
        return self.parsed_file.text

    def _fix_document(self, number: int, index: int) -> None:
        """Apply the fixes of one document, which is the part's document `number`."""
        findings = self._findings(self.parsed_file.documents[number])
        rounds = 0
        while (finding := self._next_fix(index, findings)) is not None:
            try:
                if rounds == MAX_FIX_ROUNDS:
                    raise _NotAppliedError(  # noqa: TRY301 — one way for all reasons
                        f"{MAX_FIX_ROUNDS} fixes were applied; run graphgate fix again"
                    )
                self.parsed_file, after = self._apply(number, finding, findings)
            except (UneditableTextError, PatchMismatchError, _NotAppliedError) as error:
                self.skipped[_finding_key(index, finding)] = finding, str(error)
            else:
                rounds += 1
                # A node and its container, for example, are renamed by one fix of two findings.
                self.applied += [f for _, f in findings if f.fix == finding.fix]
                findings = after
                # What could not be fixed before may be possible now.
                self.skipped = {key: v for key, v in self.skipped.items() if key[0] != index}

    def _next_fix(self, index: int, findings: _Findings) -> Finding | None:
        """Return the finding to fix now; None if there is none."""
        fixable = [
            finding
            for action, finding in findings
            if action != "audit"
            and finding.has_fix(unsafe=self.unsafe)
            and _finding_key(index, finding) not in self.skipped
        ]
        # What is safe takes precedence over what is guessed, which it may make needless.
        order = [f for f in fixable if f.fix_safety == "safe"] or fixable
        return max(order, key=lambda finding: _patch_depth(finding.fix), default=None)

    def _apply(
        self, number: int, finding: Finding, before: _Findings
    ) -> tuple[ParsedFile, _Findings]:
        """Return the part with one fix, and what is found in the document then."""
        self.reads_left -= len(self.parsed_file.text)
        if self.reads_left < 0:
            raise _NotAppliedError("too many fixes for one run; run graphgate fix again")
        document = self.parsed_file.documents[number]
        text = edit_text(self.parsed_file.text, document, finding.fix)
        if text == self.parsed_file.text:
            raise _NotAppliedError("the fix changes nothing")
        parsed_file = read(text)
        after = self._findings(parsed_file.documents[number])
        if any(_is_same(finding, other) for _, other in after):
            raise _NotAppliedError("the fix does not remove the finding")
        moved = _moved_places(finding.fix, document.value)
        if (new := self._new_finding(finding, moved, before, after)) is not None:
            raise _NotAppliedError(f"the fix would lead to: {new.message} [{new.rule_id}]")
        return parsed_file, after

    def _new_finding(
        self, fixed: Finding, moved: dict[str, bool], before: _Findings, after: _Findings
    ) -> Finding | None:
        """Return a denial or warning that the fix introduced; None if there is none.

        Names in messages may have changed and places moved, so the findings of each rule are
        counted. What is said of a part that was moved was not read before: the fix is not to blame
        for it, unless it denies an object that was only warned about, and nothing fixes that. Of a
        single value that is so only where another fix corrects it: `imagepullpolicy: always`.
        """
        if fixed.rule_id == MISSPELLED_KIND_RULE_ID:
            return None  # only now the document is checked at all
        was_denied = any(action == "deny" and found == fixed for action, found in before)
        known = Counter(finding.rule_id for _, finding in before)
        for action, finding in after:
            pointer = finding.path.pointer
            if action == "audit":
                continue
            parts = [has_parts for path, has_parts in moved.items() if _is_below(pointer, path)]
            is_forgiven = any(parts) and (action == "warn" or was_denied)
            if is_forgiven or (parts and finding.has_fix(unsafe=self.unsafe)):
                continue
            known[finding.rule_id] -= 1
            if known[finding.rule_id] < 0:
                return finding
        return None

    def _findings(self, document: Document) -> _Findings:
        found = find_in_document(
            document, self.settings, self.facts, policy_context=self.policy_context
        )
        return tuple(found) if found is not None else ()


def _moved_places(operations: tuple[Operation, ...], document: Any) -> dict[str, bool]:
    """Return where what a patch moves is at its end, and whether that is a mapping or list."""
    places: dict[str, bool] = {}
    for operation in operations:
        if operation["op"] == "remove":
            parent, _, token = operation["path"].rpartition("/")
            places = {_after_removal(place, parent, token): places[place] for place in places}
        elif (has_parts := _holds_parts(operation, document)) or operation["op"] == "move":
            places[operation["path"]] = has_parts
    return places


def _is_below(pointer: str, place: str) -> bool:
    return f"{pointer}/".startswith(f"{place}/")


def _after_removal(place: str, parent: str, token: str) -> str:
    """Return a place after an item of the list at `parent` is gone: items behind it move up."""
    index, slash, rest = place.removeprefix(f"{parent}/").partition("/")
    if not (place.startswith(f"{parent}/") and token.isdecimal() and index.isdecimal()):
        return place
    return f"{parent}/{int(index) - (int(index) > int(token))}{slash}{rest}"


def _holds_parts(operation: Operation, document: Any) -> bool:
    value = operation.get("value")
    source = {"move": operation.get("from"), "replace": operation["path"]}.get(operation["op"])
    if source is not None:
        try:
            value = resolve_path(document, Path.from_pointer(source, document))
        except (LookupError, ValueError):
            return True  # an operation before it made the place
    return isinstance(value, (dict, list))


def _is_same(finding: Finding, other: Finding) -> bool:
    return (finding.rule_id, finding.path, finding.message) == (
        other.rule_id,
        other.path,
        other.message,
    )


def _patch_depth(operations: tuple[Operation, ...]) -> int:
    return max(operation["path"].count("/") for operation in operations)


def _finding_key(index: int, finding: Finding) -> tuple[int, str, str]:
    return index, finding.path.pointer, finding.rule_id
