"""The report of `check -o json`: an interface, versioned and documented in docs/cli.md."""

from typing import Any

from webhook.lint.result import DocumentResult, LocatedFinding, Report, SuppressedResult
from webhook.report.json_text import format_json

VERSION = 1


def write(report: Report) -> str:
    """Return the report as indented JSON with a final newline."""
    document = {
        "version": VERSION,
        "skippedDocuments": report.skipped_documents,
        **({"policySetVersion": report.policy_set_version} if report.policy_set_version else {}),
        **({"undecided": list(report.undecided)} if report.undecided else {}),
        "results": [_result(result) for result in report.results],
    }
    return format_json(document)


def _result(result: DocumentResult) -> dict[str, Any]:
    return {
        "file": result.file,
        "index": result.index,
        "line": result.line,
        "object": dict(result.identity),
        "verdict": result.verdict,
        "operator": None if result.operator is None else result.operator._asdict(),
        "findings": [_finding(placed) for placed in result.findings],
        "suppressed": [_suppressed(each) for each in result.suppressed],
        "patch": list(result.patch),
    }


def _suppressed(suppressed: SuppressedResult) -> dict[str, Any]:
    return {
        **_finding(suppressed.located),
        "exception": {
            "name": suppressed.exception,
            "reason": suppressed.reason,
            "expiresAt": suppressed.expires_at,
        },
    }


def _finding(located: LocatedFinding) -> dict[str, Any]:
    finding = located.finding
    return {
        "ruleId": finding.rule_id,
        "action": located.action,
        "path": str(finding.path),
        "pointer": finding.path.pointer,
        "line": located.line,
        "column": located.column,
        "message": finding.message,
        "remediation": finding.remediation,
        "fix": list(finding.fix),
        **({"fixSafety": finding.fix_safety} if finding.fix else {}),
    }
