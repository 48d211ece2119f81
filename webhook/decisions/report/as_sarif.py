"""SARIF 2.1.0 (OASIS), what code scanning services read: findings with rules, places and fixes."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import orjson

from webhook.decisions.report.sentence import explanation
from webhook.decisions.result import Placed, Report, Result
from webhook.rules import Action, all_rules, page

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"

_LEVELS: dict[Action, str] = {"deny": "error", "warn": "warning", "audit": "note", "ignore": "none"}


def write(report: Report) -> str:
    """Return the report as indented JSON with a final newline."""
    told = list(_told(report))
    ids = sorted({placed.finding.rule for _, placed in told})
    log = {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {"driver": {"name": "graphgate", "rules": _rules(ids)}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(result, placed, ids) for result, placed in told],
            }
        ],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _told(report: Report) -> Iterator[tuple[Result, Placed]]:
    for result in report.results:
        for placed in result.findings:
            yield result, placed


def _rules(ids: Iterable[str]) -> list[dict[str, Any]]:
    known = {rule.id: rule for rule in all_rules()}
    described = []
    for name in ids:
        rule: dict[str, Any] = {"id": name}
        if name in known:
            prose = page.read(known[name].docstring)
            rule["shortDescription"] = {"text": prose.title}
            rule["fullDescription"] = {"text": prose.why}
            rule["help"] = {"text": prose.fix}
            rule["defaultConfiguration"] = {"level": _LEVELS[known[name].action]}
        described.append(rule)
    return described


def _result(result: Result, placed: Placed, ids: list[str]) -> dict[str, Any]:
    finding = placed.finding
    told: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": _LEVELS[placed.action],
        "message": {"text": explanation(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(result),
                    "region": {
                        "startLine": placed.line,
                        "startColumn": placed.column,
                        "endColumn": placed.column + placed.width,
                    },
                },
                "logicalLocations": [{"fullyQualifiedName": str(finding.path)}],
            }
        ],
    }
    if placed.replacements:
        told["fixes"] = [_fix(result, placed)]
    return told


def _fix(result: Result, placed: Placed) -> dict[str, Any]:
    """Return the fix: whole lines go, others come (3.57: a region without length inserts)."""
    return {
        "description": {"text": placed.finding.remedy},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(result),
                "replacements": [
                    {
                        "deletedRegion": {
                            "startLine": change.start,
                            "startColumn": 1,
                            "endLine": change.end,
                            "endColumn": 1,
                        },
                        "insertedContent": {"text": change.text},
                    }
                    for change in placed.replacements
                ],
            }
        ],
    }


def _artifact(result: Result) -> dict[str, str]:
    """Return the file as a URI reference; standard input has no better name than "stdin"."""
    return {"uri": "stdin" if result.file == "-" else quote(result.file)}
