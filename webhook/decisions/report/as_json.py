"""The report of `check -o json`: an interface, versioned and documented in docs/cli.md."""

from typing import Any

import orjson

from webhook.decisions.result import Placed, Report, Result

VERSION = 1


def write(report: Report) -> str:
    """Return the report as indented JSON with a final newline."""
    document = {
        "version": VERSION,
        "skipped": report.skipped,
        **({"policies": report.policies} if report.policies else {}),
        "results": [_result(result) for result in report.results],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _result(result: Result) -> dict[str, Any]:
    return {
        "file": result.file,
        "index": result.index,
        "line": result.line,
        "object": dict(result.identity),
        "verdict": result.verdict,
        "findings": [_finding(placed) for placed in result.findings],
        "patch": list(result.patch),
    }


def _finding(placed: Placed) -> dict[str, Any]:
    finding = placed.finding
    return {
        "rule": finding.rule,
        "action": placed.action,
        "path": str(finding.path),
        "pointer": finding.path.pointer,
        "line": placed.line,
        "column": placed.column,
        "message": finding.fact,
        "remedy": finding.remedy,
        "fix": list(finding.fix),
    }
