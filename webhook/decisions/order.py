"""Findings put in order: nothing said twice, each at a place that the document has."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from webhook.decisions.run import Found
from webhook.graph.finding import Finding
from webhook.graph.path import Path, nearest
from webhook.graph.words import printable
from webhook.rules import Action, all_rules


@cache
def _giving_way() -> frozenset[str]:
    return frozenset(rule.id for rule in all_rules() if rule.gives_way)


def without_repetition(found: list[Found]) -> list[Found]:
    """Leave out what a rule that gives way says of a place that another rule speaks of.

    A denial gives way to a denial only: nothing is admitted because a warning stands beside it.
    """
    yielding = _giving_way()
    others = [(action, finding.path) for action, finding in found if finding.rule not in yielding]
    spoken_of = {path for _, path in others}
    denied = {path for action, path in others if action == "deny"}
    return [
        (action, finding)
        for action, finding in found
        if finding.rule not in yielding
        or finding.path not in (denied if action == "deny" else spoken_of)
    ]


def by_action(document: Any, found: Iterable[Found]) -> dict[Action, tuple[Finding, ...]]:
    """Return the findings by action, in the order of the document, at places that it has."""
    placed = sorted(
        (
            (_rank(document, finding.path), finding.rule, action, finding)
            for action, finding in found
        ),
        key=lambda entry: entry[:2],
    )
    told: dict[Action, list[Finding]] = {"deny": [], "warn": [], "audit": [], "ignore": []}
    for _, _, action, finding in placed:
        told[action].append(
            replace(
                finding,
                path=nearest(document, finding.path),
                fact=printable(finding.fact),
                remedy=printable(finding.remedy),
            )
        )
    return {action: tuple(findings) for action, findings in told.items()}


def _rank(document: Any, path: Path) -> tuple[int, ...]:
    """Return where in the document the path lies, comparable with that of other paths."""
    rank: list[int] = []
    here = document
    for segment in path:
        if isinstance(here, dict) and segment in here:
            rank.append(list(here).index(segment))
            here = here[segment]
        elif isinstance(here, list) and isinstance(segment, int) and segment < len(here):
            rank.append(segment)
            here = here[segment]
        else:
            break
    return tuple(rank)
