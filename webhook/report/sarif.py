"""SARIF 2.1.0 (OASIS), what code scanning services read: findings with rules, places and fixes."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from webhook.engine.messages import format_message
from webhook.graph.well_known import HOME_PAGE
from webhook.lint.result import DocumentResult, LocatedFinding, Report, SuppressedResult
from webhook.report.json_text import format_json
from webhook.rules import Action
from webhook.rules.descriptors import describe

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"

_ROOT = "%SRCROOT%"

_LEVELS: dict[Action, str] = {"deny": "error", "warn": "warning", "audit": "note", "off": "none"}


def write(report: Report) -> str:
    """Return the report as indented JSON with a final newline."""
    located_findings = list(_located_findings(report))
    suppressed = [each.located for result in report.results for each in result.suppressed]
    located = [*(placed for _, placed in located_findings), *suppressed]
    ids = sorted({placed.finding.rule_id for placed in located})
    log = {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "graphgate",
                        "version": version("graphgate"),
                        "informationUri": HOME_PAGE,
                        "rules": _rules(ids),
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    _ROOT: {"description": {"text": "The root of the repository."}}
                },
                "properties": {
                    "operators": [
                        {**choice._asdict(), "objects": count}
                        for choice, count in report.operators.items()
                    ],
                    "undecided": list(report.undecided),
                },
                "results": [
                    *(_result(result, placed, ids) for result, placed in located_findings),
                    *(
                        _result(result, each.located, ids) | {"suppressions": [_suppression(each)]}
                        for result in report.results
                        for each in result.suppressed
                    ),
                ],
            }
        ],
    }
    return format_json(log)


def _located_findings(report: Report) -> Iterator[tuple[DocumentResult, LocatedFinding]]:
    for result in report.results:
        for placed in result.findings:
            yield result, placed


def _rules(ids: Iterable[str]) -> list[dict[str, Any]]:
    described = []
    for name in ids:
        rule: dict[str, Any] = {"id": name}
        descriptor = describe(name)
        if descriptor is not None:
            rule["shortDescription"] = {"text": descriptor.title}
            rule["fullDescription"] = {"text": descriptor.why}
            rule["help"] = {"text": descriptor.fix}
            rule["helpUri"] = f"{HOME_PAGE}/rules/{quote(name)}"
            if descriptor.action is not None:
                rule["defaultConfiguration"] = {"level": _LEVELS[descriptor.action]}
        described.append(rule)
    return described


def _result(result: DocumentResult, located: LocatedFinding, ids: list[str]) -> dict[str, Any]:
    finding = located.finding
    sarif_result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "ruleIndex": ids.index(finding.rule_id),
        "level": _LEVELS[located.action],
        "message": {"text": _without_links(format_message(finding))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(result),
                    "region": {
                        "startLine": located.line,
                        "startColumn": located.column,
                        "endColumn": located.column + located.width,
                    },
                },
                "logicalLocations": [{"fullyQualifiedName": str(finding.path)}],
            }
        ],
    }
    if located.fingerprint:
        sarif_result["partialFingerprints"] = {"graphgateFault/v1": located.fingerprint}
    if located.edits:
        sarif_result["fixes"] = [_fix(result, located)]
    return sarif_result


def _without_links(text: str) -> str:
    """Return a message in which a viewer finds no link: "[text](address)" is one (3.11.6).

    What an object holds would lead whoever reads the alert anywhere.
    """
    return text.replace("](", "] (")


def _suppression(suppressed: SuppressedResult) -> dict[str, Any]:
    """Return why a result does not count (3.35): an exception that is outside of the file."""
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"exempt by {suppressed.exception} until {suppressed.expires_at}: "
        f"{suppressed.reason}",
    }


def _fix(result: DocumentResult, located: LocatedFinding) -> dict[str, Any]:
    """Return the fix: whole lines go, others come (3.57: a region without length inserts)."""
    return {
        "description": {"text": located.finding.remediation},
        "properties": {"safety": located.finding.fix_safety},
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
                    for change in located.edits
                ],
            }
        ],
    }


def _artifact(result: DocumentResult) -> dict[str, str]:
    """Return the file as a URI reference; standard input has no better name than "stdin"."""
    if result.file == "-":
        return {"uri": "stdin"}
    return {"uri": quote(result.file, errors="surrogateescape"), "uriBaseId": _ROOT}
