"""The result for one document of one file: the input of every report of `check`."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from webhook.engine.evaluated_object import EvaluatedObject
from webhook.engine.operator import OperatorChoice
from webhook.graph.finding import Finding, Operation
from webhook.rules import Action

Verdict = Literal["allowed", "denied", "error"]


@dataclass(frozen=True, slots=True)
class LineEdit:
    """Whole lines of the author's file that a fix replaces.

    start, end  the first line replaced, and the one behind the last, from 1; equal: an insertion
    text        what is there afterwards, with its line ends
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class LocatedFinding:
    """A finding with its place in the author's file.

    line, column  of its place, from 1
    width         characters of the marker under it
    source        the line itself, without its end
    fingerprint   what stays while the error is the same; "" where nothing could be read
    edits         the finding's fix as changes of the text; only where a report wants them
    """

    finding: Finding
    action: Action
    line: int = 1
    column: int = 1
    width: int = 1
    source: str = ""
    fingerprint: str = ""
    edits: tuple[LineEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class SuppressedResult:
    """A finding that an exception takes back: what it says, and the exception.

    expires_at  RFC 3339: when it holds again
    """

    located: LocatedFinding
    exception: str
    reason: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """One evaluated document, or one file that could not be read.

    file      as it was named; "-" for standard input
    index     of the document in the file, from 0
    line      on which it begins, from 1
    identity  apiVersion, kind, namespace and name, as far as they are there
    verdict   "error": it could not be evaluated, and the one finding says why
    findings  in the order of the document
    patch     what defaulting would add
    suppressed  findings that exceptions take back; the verdict does not count them
    operator    whose pods were evaluated, and from what evidence; None: none were
    evaluated      the object as it was evaluated, where that is asked for
    """

    file: str
    index: int
    line: int
    verdict: Verdict
    findings: tuple[LocatedFinding, ...] = ()
    patch: tuple[Operation, ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)
    suppressed: tuple[SuppressedResult, ...] = ()
    operator: OperatorChoice | None = None
    evaluated: EvaluatedObject | None = None

    @property
    def object_name(self) -> str:
        """Namespace and name, "models/iris"; what is not written is left out."""
        parts = (self.identity.get("namespace"), self.identity.get("name"))
        return "/".join(part for part in parts if part)

    def filtered(self, counts: Callable[[str], bool]) -> "DocumentResult":
        """Return the result with those findings whose rule counts; see `Report.filtered`."""
        if self.verdict == "error":
            return self
        kept = tuple(
            each
            for each in self.findings
            if each.finding.incomplete or counts(each.finding.rule_id)
        )
        denied = any(each.action == "deny" for each in kept)
        return replace(self, findings=kept, verdict="denied" if denied else "allowed")

    def count(self, action: Action) -> int:
        """Return how many findings have this action."""
        return sum(placed.action == action for placed in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run of `check` found.

    skipped_documents   documents of other kinds
    policy_set_version  version of the policies in force; "": there were none
    undecided           sentences: what policies could not say of these documents, and why
    """

    results: tuple[DocumentResult, ...]
    skipped_documents: int = 0
    policy_set_version: str = ""
    undecided: tuple[str, ...] = ()

    @property
    def operators(self) -> Mapping[OperatorChoice, int]:
        """Whose pods were evaluated, each with the number of objects."""
        return Counter(result.operator for result in self.results if result.operator is not None)

    @property
    def exit_code(self) -> int:
        """0: all allowed, 1: one denied, 2: one could not be evaluated (wins over 1)."""
        verdicts = {result.verdict for result in self.results}
        if "error" in verdicts:
            return 2
        return 1 if "denied" in verdicts else 0

    @property
    def has_warnings(self) -> bool:
        """Whether anything warns."""
        return any(result.count("warn") for result in self.results)

    def filtered(self, counts: Callable[[str], bool]) -> "Report":
        """Return the report with those findings whose rule counts.

        What could not be read in full, or at all, stays.
        """
        return replace(self, results=tuple(each.filtered(counts) for each in self.results))

    def with_file_names(self, rename: Callable[[str], str]) -> "Report":
        """Return the report with other names of its files."""
        results = (replace(each, file=rename(each.file)) for each in self.results)
        return replace(self, results=tuple(results))

    def quiet(self) -> "Report":
        """Return the report with what denies, or could not be evaluated, only."""
        return replace(
            self,
            results=tuple(
                replace(each, findings=tuple(f for f in each.findings if f.action == "deny"))
                for each in self.results
                if each.verdict != "allowed"
            ),
        )


def identify_object(document: Any) -> dict[str, str]:
    """Return what a document says it is, "" where it says nothing readable."""
    raw = document if isinstance(document, dict) else {}
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    parts = {
        "apiVersion": raw.get("apiVersion"),
        "kind": raw.get("kind"),
        "namespace": metadata.get("namespace"),
        "name": metadata.get("name") or metadata.get("generateName"),
    }
    return {key: value if isinstance(value, str) else "" for key, value in parts.items()}
