"""What a change of settings, policies or Kubernetes would do: the verdicts that it changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from webhook.audit.auditor import EVERYTHING, Auditor, ObjectFilter
from webhook.audit.model import MAX_TITLE_LENGTH, VERDICT_WORDS, AuditedObject
from webhook.engine.messages import format_finding, format_path
from webhook.graph.text import shorten
from webhook.lint.result import LocatedFinding
from webhook.yamldoc import ParsedFile


@dataclass(frozen=True, slots=True)
class Impact:
    """One object, evaluated before and after the change."""

    before: AuditedObject
    after: AuditedObject

    def moved(self, lines: int) -> "Impact":
        """Return it shifted down by a number of lines."""
        return Impact(self.before.moved(lines), self.after.moved(lines))

    @property
    def is_changed(self) -> bool:
        """Whether the verdict is another one."""
        return self.before.result.verdict != self.after.result.verdict

    @property
    def reasons(self) -> tuple[LocatedFinding, ...]:
        """Denials that are new after the change; those that are gone, if it becomes allowed."""
        old, new = _denials(self.before), _denials(self.after)
        if self.after.result.verdict == "allowed":
            old, new = new, old
        known = {(each.finding.rule_id, each.finding.path) for each in old}
        added = [each for each in new if (each.finding.rule_id, each.finding.path) not in known]
        return tuple(added or new)


def _denials(audited: AuditedObject) -> list[LocatedFinding]:
    return [each for each in audited.result.findings if each.action == "deny"]


@dataclass(frozen=True, slots=True)
class ImpactAuditor:
    """Evaluates each object twice."""

    before: Auditor
    after: Auditor

    def audit_object(self, document: dict[str, Any]) -> Impact:
        """Return what the change does to an object of a cluster."""
        return Impact(self.before.audit_object(document), self.after.audit_object(document))

    def audit_file(
        self, file: str, parsed_file: ParsedFile, selected: ObjectFilter = EVERYTHING
    ) -> Iterator[Impact]:
        """Yield what the change does to the objects of a file."""
        pairs = zip(
            self.before.audit_file(file, parsed_file, selected),
            self.after.audit_file(file, parsed_file, selected),
            strict=True,
        )
        for before, after in pairs:
            yield Impact(before, after)

    def audit_unreadable(self, file: str, reason: str) -> Impact:
        """Return what is said of a file that cannot be opened: the same twice."""
        audited = self.before.audit_unreadable(file, reason)
        return Impact(audited, audited)


@dataclass(slots=True)
class ImpactTally:
    """How many objects there are, and how many verdicts change."""

    objects: int = 0
    changes: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, impact: Impact) -> None:
        """Count one object."""
        self.objects += 1
        if impact.is_changed:
            change = (impact.before.result.verdict, impact.after.result.verdict)
            self.changes[change] = self.changes.get(change, 0) + 1

    @property
    def exit_code(self) -> int:
        """0: no new denial, 1: an object would be denied, 2: one could not be evaluated."""
        verdicts = {after for _, after in self.changes}
        return 2 if "error" in verdicts else 1 if "denied" in verdicts else 0

    def summary(self) -> str:
        """Return '120 objects: 2 allowed now and denied then' or that nothing changes."""
        noun = "object" if self.objects == 1 else "objects"
        changes = [
            f"{count:,} {VERDICT_WORDS[before]} now, {VERDICT_WORDS[after]} after the change"
            for (before, after), count in sorted(self.changes.items())
        ]
        return f"{self.objects:,} {noun}: {', '.join(changes) or 'no verdict changes'}"


def format_impact(impact: Impact) -> str:
    """Return the lines on an object whose verdict changes; "" for any other.

    models/iris: allowed now, denied then
      spec.predictors[0].graph.name: no container … [missing-container]
    """
    if not impact.is_changed:
        return ""
    before, after = impact.before.result.verdict, impact.after.result.verdict
    title = shorten(impact.after.title, MAX_TITLE_LENGTH)
    sign = "no longer: " if after == "allowed" else ""
    lines = [f"{title}: {VERDICT_WORDS[before]} now, {VERDICT_WORDS[after]} after the change"]
    lines += [f"  {sign}{format_finding(each.finding)}" for each in impact.reasons]
    return "\n".join(lines) + "\n\n"


def impact_record(impact: Impact) -> dict[str, Any]:
    """Return an object whose verdict changes as JSON data."""
    identity = impact.after.result.identity
    return {
        "namespace": identity.get("namespace", ""),
        "name": identity.get("name", ""),
        "file": impact.after.result.file,
        "line": impact.after.result.line,
        "before": impact.before.result.verdict,
        "after": impact.after.result.verdict,
        "reasons": [
            {
                "ruleId": each.finding.rule_id,
                "path": format_path(each.finding.path),
                "message": each.finding.message,
                "remediation": each.finding.remediation,
            }
            for each in impact.reasons
        ],
    }
