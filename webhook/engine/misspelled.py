"""One mistake, one finding: a field that is missing, and an unknown one that is meant by it."""

from dataclasses import replace

from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.rules import Action, supersedable_ids

_STRENGTH: dict[Action, int] = {"off": 0, "audit": 1, "warn": 2, "deny": 3}


def merge_misspelled(findings: list[tuple[Action, Finding]]) -> list[tuple[Action, Finding]]:
    """Drop what is said of a missing field where the fix of an unknown one puts it there.

    The unknown field is where the author looks. Whether it denies, and by which rule, is up to the
    rule that misses the field, if that one is stronger. What else would be superseded at the
    unknown field (`dedupe`) goes with it.
    """
    meant: dict[str, int] = {}
    for index, (_, finding) in enumerate(findings):
        if finding.at_key and len(finding.fix) == 1 and finding.fix[0]["op"] == "move":
            meant.setdefault(finding.fix[0]["path"], index)
    if not meant:
        return findings
    merged: list[tuple[Action, Finding] | None] = list(findings)
    raised: dict[Path, int] = {}
    for index, (action, finding) in enumerate(findings):
        unknown = meant.get(finding.path.pointer)
        if unknown is None or not _STRENGTH[action]:
            continue
        merged[index] = None
        own, misspelled = merged[unknown] or findings[unknown]
        if _STRENGTH[action] > _STRENGTH[own]:
            merged[unknown] = action, replace(misspelled, rule_id=finding.rule_id)
            raised[misspelled.path] = unknown
    superseded = supersedable_ids()
    return [
        each
        for index, each in enumerate(merged)
        if each is not None
        and (raised.get(each[1].path, index) == index or each[1].rule_id not in superseded)
    ]
