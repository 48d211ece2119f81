"""The audit as CSV (RFC 4180): a row for each finding, and one for each object without any."""

import csv
import io
from collections.abc import Iterator

from webhook.audit.model import AuditContext, AuditedObject
from webhook.audit.tally import Tally
from webhook.lint.result import LocatedFinding

COLUMNS = (
    "namespace", "name", "team", "verdict", "action", "rule", "path", "message", "remediation",
    "exception", "exception_reason", "exception_expires_at", "file", "line",
)  # fmt: skip

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet evaluates a cell with such a prefix (OWASP, CSV injection)."""


class Writer:
    """Writes rows."""

    def __init__(self, context: AuditContext) -> None:
        del context  # a table has no place for it
        self._is_first = True

    def add(self, audited: AuditedObject) -> str:
        """Return the object's rows."""
        rows = [list(COLUMNS)] if self._is_first else []
        self._is_first = False
        return _format([*rows, *_rows(audited)])

    def finish(self, tally: Tally) -> str:
        """Return the names of the columns where there was no object."""
        del tally
        return _format([list(COLUMNS)]) if self._is_first else ""


def _rows(audited: AuditedObject) -> Iterator[list[str]]:
    result = audited.result
    head = [audited.namespace, audited.name, audited.team, result.verdict]
    tail = [result.file, str(result.line)]
    for placed in result.findings:
        yield [*head, placed.action, *_finding(placed), "", "", "", *tail]
    for each in result.suppressed:
        exception = [each.exception, each.reason, each.expires_at]
        yield [*head, "exempt", *_finding(each.located), *exception, *tail]
    if not (result.findings or result.suppressed):
        yield [*head, *[""] * 8, *tail]


def _finding(located: LocatedFinding) -> list[str]:
    finding = located.finding
    return [finding.rule_id, str(finding.path), finding.message, finding.remediation]


def _format(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(cell) for cell in row] for row in rows])
    return text.getvalue()


def _cell(text: str) -> str:
    text = text.replace("\0", "\ufffd")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
