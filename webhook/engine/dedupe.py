"""Findings put in order: nothing said twice, each at a place that the document has."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from webhook.engine.rule_runner import ActionFinding
from webhook.graph.finding import Finding
from webhook.graph.path import Path, nearest_existing_path
from webhook.graph.text import escape_control_chars
from webhook.rules import Action, supersedable_ids


def drop_superseded(findings: list[ActionFinding]) -> list[ActionFinding]:
    """Drop findings of superseded rules at paths where the superseding rule has a finding.

    Only a denial supersedes a denial: nothing is admitted because of a warning.
    """
    superseded = supersedable_ids()
    others = [
        (action, finding.path) for action, finding in findings if finding.rule_id not in superseded
    ]
    reported_paths = {path for _, path in others}
    denied = {path for action, path in others if action == "deny"}
    return [
        (action, finding)
        for action, finding in findings
        if finding.rule_id not in superseded
        or finding.path not in (denied if action == "deny" else reported_paths)
    ]


def group_by_action(
    document: Any, action_findings: Iterable[ActionFinding]
) -> dict[Action, tuple[Finding, ...]]:
    """Return the findings by action, in the order of the document, at places that it has."""
    order = _DocumentOrder(document)
    ranked = sorted(
        (
            (order.rank(finding.path), finding.rule_id, action, finding)
            for action, finding in action_findings
        ),
        key=lambda entry: entry[:2],
    )
    grouped: dict[Action, list[Finding]] = {"deny": [], "warn": [], "audit": [], "off": []}
    for _, _, action, finding in ranked:
        grouped[action].append(locate_finding(finding, document))
    return {action: tuple(findings) for action, findings in grouped.items()}


def locate_finding(finding: Finding, document: Any) -> Finding:
    """Return a finding at a place that the document has, with texts that a terminal may show."""
    return replace(
        finding,
        path=nearest_existing_path(document, finding.path),
        message=escape_control_chars(finding.message),
        remediation=escape_control_chars(finding.remediation),
    )


class _DocumentOrder:
    """Where in a document paths lie, comparable with each other."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._positions: dict[int, dict[str, int]] = {}

    def rank(self, path: Path) -> tuple[int, ...]:
        """Return the position of each step among its neighbours, as far as the document goes."""
        rank: list[int] = []
        here = self._document
        for segment in path:
            if isinstance(here, dict) and segment in here:
                rank.append(self._position(here, segment))
                here = here[segment]
            elif isinstance(here, list) and isinstance(segment, int) and segment < len(here):
                rank.append(segment)
                here = here[segment]
            else:
                break
        return tuple(rank)

    def _position(self, mapping: dict[Any, Any], key: Any) -> int:
        positions = self._positions.get(id(mapping))
        if positions is None:  # counted once, and not for each finding in it
            positions = {name: index for index, name in enumerate(mapping)}
            self._positions[id(mapping)] = positions
        return positions[key]
