"""The audit for a terminal: the objects with findings, then the sums.

models/iris: denied
  deny  spec.predictors[0].graph.name: no container named "iris"; … [missing-container]
"""

from collections.abc import Sequence

from webhook.audit.model import MAX_TITLE_LENGTH, VERDICT_WORDS, AuditContext, AuditedObject
from webhook.audit.tally import Tally, sorted_groups
from webhook.engine.messages import MAX_MESSAGE_LENGTH, format_finding
from webhook.graph.text import shorten


class Writer:
    """Writes text."""

    def __init__(self, context: AuditContext) -> None:
        self._context = context

    def add(self, audited: AuditedObject) -> str:
        """Return the object's findings and exceptions; nothing of one that has neither."""
        result = audited.result
        if not (result.findings or result.suppressed):
            return ""
        lines = [f"{shorten(audited.title, MAX_TITLE_LENGTH)}: {VERDICT_WORDS[result.verdict]}"]
        lines += [
            f"  {placed.action:5} {format_finding(placed.finding)}" for placed in result.findings
        ]
        lines += [
            f"  exempt {format_finding(each.located.finding)}; by {each.exception} until "
            f"{each.expires_at}: {shorten(each.reason, MAX_MESSAGE_LENGTH)}"
            for each in result.suppressed
        ]
        return "\n".join(lines) + "\n\n"

    def finish(self, tally: Tally) -> str:
        """Return the sums."""
        context = self._context
        blocks = []
        if tally.rules:
            rows = [
                [name, count.deny, count.warn, count.audit, count.exempt, count.objects]
                for name, count in tally.sorted_rules()
            ]
            blocks.append(_table(["rule", "deny", "warn", "audit", "exempt", "objects"], rows))
        for title, groups in (("namespace", tally.namespaces), ("team", tally.teams)):
            rows = [
                [name or "(none)", count.objects, count.denied, count.warned, count.findings]
                for name, count in sorted_groups(groups)
            ]
            if rows:
                blocks.append(_table([title, "objects", "denied", "warned", "findings"], rows))
        versions = [f"graphgate {context.version}", f"settings {context.settings_version}"]
        if context.policy_set_version:
            versions.append(f"policies {context.policy_set_version}")
        if context.kubernetes_version:
            versions.append(f"Kubernetes {context.kubernetes_version}")
        noun = "SeldonDeployment" if tally.objects == 1 else "SeldonDeployments"
        parts = [f"{tally.objects} {noun}: {tally.verdicts['allowed']} allowed"]
        if tally.warned:
            parts.append(f"{tally.warned} of them with warnings")
        if tally.verdicts["denied"]:
            parts.append(f"{tally.verdicts['denied']} denied")
        if tally.verdicts["error"]:
            parts.append(f"{tally.verdicts['error']} could not be evaluated")
        if tally.exempt:
            parts.append(f"{tally.exempt} findings exempt")
        source = f"of {context.source}, {context.created_at}; {', '.join(versions)}"
        return "\n".join([*blocks, ", ".join(parts), source]) + "\n"


def _table(head: list[str], rows: Sequence[Sequence[object]]) -> str:
    texts = [head, *([shorten(str(cell), 253) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in texts
    ]
    return "\n".join(lines) + "\n"
