"""Old sins: faults that an object had before an update do not deny the update.

Without this, whoever tightens a rule locks every object that breaks it: it could not even be
labelled. A finding is old if rule, place and value are the same as before, where a place counts
list items by their name and not by their number.
"""

from collections.abc import Iterable
from typing import Any

from webhook.engine.rule_runner import ActionFinding
from webhook.graph.finding import Finding
from webhook.graph.path import Path, resolve_path

_FindingKey = tuple[str, tuple[str | int, ...], str]


def ratchet(
    findings: Iterable[ActionFinding],
    document: Any,
    old_findings: Iterable[ActionFinding],
    old_document: Any,
) -> list[ActionFinding]:
    """Return the findings, with "warn" for each denial that was there before."""
    old_keys = {_finding_key(finding, old_document) for _, finding in old_findings}
    return [
        ("warn", finding)
        if action == "deny" and _finding_key(finding, document) in old_keys
        else (action, finding)
        for action, finding in findings
    ]


def _finding_key(finding: Finding, document: Any) -> _FindingKey:
    return finding.rule_id, _path_by_names(finding.path, document), _faulty_value(finding, document)


def _path_by_names(path: Path, document: Any) -> tuple[str | int, ...]:
    """Return the path with the names of list items in place of their numbers."""
    named: list[str | int] = []
    here = document
    for segment in path:
        if isinstance(here, list) and isinstance(segment, int) and segment < len(here):
            here = here[segment]
            name = here.get("name") if isinstance(here, dict) else None
            named.append(name if isinstance(name, str) else segment)
        else:
            here = here.get(segment) if isinstance(here, dict) else None
            named.append(segment)
    return tuple(named)


def _faulty_value(finding: Finding, document: Any) -> str:
    """Return what is wrong there: the value, or the fact where the value is a whole structure."""
    try:
        value = resolve_path(document, finding.path)
    except LookupError:
        return "missing"
    return finding.message if isinstance(value, (dict, list)) else repr(value)
