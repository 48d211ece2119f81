"""Old faults: what an object had before an update does not deny the update.

Without this, whoever tightens a rule locks every object that breaks it: it could not even be
labelled. A finding is old if the same rule was broken before by the same values at the same places,
where a place counts list items by their name and not by their number. What a finding says is not
compared: one sentence may stand for many objects.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from webhook.engine.rule_runner import ActionFinding
from webhook.graph.finding import Finding
from webhook.graph.path import Path, resolve_path

_Place = tuple[str, tuple[str | int, ...], bytes]
"""The rule that is broken, where, and by what."""


def ratchet(
    findings: Iterable[ActionFinding],
    documents: Sequence[Any],
    old_findings: Iterable[ActionFinding],
    old_document: Any,
    *,
    same_spec: bool = False,
) -> list[ActionFinding]:
    """Return the findings, with "warn" for each denial that was there before.

    documents  the object as it is judged and, if that differs, as it was submitted: defaults that
               are filled in now change a structure that its author left alone

    same_spec  whether the update leaves the spec alone. Only then is a finding old that says that
               not everything was read or told: what was not read is still what it was
    """
    old_places = Counter[_Place]()
    old_incomplete: set[str] = set()
    for _, finding in old_findings:
        if finding.incomplete:
            old_incomplete.add(finding.rule_id)
        else:
            old_places.update(_places(finding, old_document))
    ratcheted: list[ActionFinding] = []
    for action, finding in findings:
        if action != "deny":
            ratcheted.append((action, finding))
        elif finding.incomplete:
            is_old = same_spec and finding.rule_id in old_incomplete
            ratcheted.append(("warn" if is_old else "deny", finding))
        else:
            spellings = [Counter(_places(finding, document)) for document in documents]
            places = next((p for p in spellings if _includes(old_places, p)), None)
            is_old = places is not None
            if places is not None:  # each old fault excuses one
                old_places.subtract(places)
            ratcheted.append(("warn" if is_old else "deny", finding))
    return ratcheted


def _includes(old_places: Counter[_Place], places: Counter[_Place]) -> bool:
    # `<=` and `-=` of Counter look at all old places, for each finding.
    return all(old_places[place] >= number for place, number in places.items())


def _places(finding: Finding, document: Any) -> list[_Place]:
    return [
        (finding.rule_id, _path_by_names(path, document), _value_at(document, path))
        for path in finding.evidence or (finding.path,)
    ]


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


def _value_at(document: Any, path: Path) -> bytes:
    """Return what stands there, as something to compare; b"" if nothing does."""
    try:
        value = resolve_path(document, path)
    except LookupError:
        return b""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # nested too deeply, or a number of more than 64 bits
        return repr(value).encode()
