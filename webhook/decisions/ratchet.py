"""Old sins: faults that an object had before an update do not deny the update.

Without this, whoever tightens a rule locks every object that breaks it: it could not even be
labelled. A finding is old if rule, place and value are the same as before, where a place counts
list items by their name and not by their number.
"""

from collections.abc import Iterable
from typing import Any

from webhook.decisions.run import Found
from webhook.graph.finding import Finding
from webhook.graph.path import Path, resolve

_Key = tuple[str, tuple[str | int, ...], str]


def ratchet(
    found: Iterable[Found], document: Any, found_before: Iterable[Found], old_document: Any
) -> list[Found]:
    """Return the findings, with "warn" for each denial that was there before."""
    before = {_key(finding, old_document) for _, finding in found_before}
    return [
        ("warn", finding)
        if action == "deny" and _key(finding, document) in before
        else (action, finding)
        for action, finding in found
    ]


def _key(finding: Finding, document: Any) -> _Key:
    return finding.rule, _named(finding.path, document), _value(finding, document)


def _named(path: Path, document: Any) -> tuple[str | int, ...]:
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


def _value(finding: Finding, document: Any) -> str:
    """Return what is wrong there: the value, or the fact where the value is a whole structure."""
    try:
        value = resolve(document, finding.path)
    except LookupError:
        return "missing"
    return finding.fact if isinstance(value, (dict, list)) else repr(value)
