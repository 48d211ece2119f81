"""Making a failing document small: what can be left out, is."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.soundness.mutate import all_locations
from webhook.graph.path import Path, resolve_path


def shrink(
    document: dict[str, Any], fails: Callable[[dict[str, Any]], bool], tries: int = 600
) -> dict[str, Any]:
    """Return a document that still fails, without what can be removed and with short texts.

    Removes greedily, large parts first, until nothing more can go or `tries` are used up.
    """
    current = document
    changed = True
    while changed and tries > 0:
        changed = False
        for path in _paths(current):
            if tries <= 0:
                break
            smaller = _without(current, path)
            if smaller is None:
                continue  # went with its parent
            tries -= 1
            if fails(smaller):
                current = smaller
                changed = True
    return current


def _paths(document: dict[str, Any]) -> list[Path]:
    """Return every place, the shallow ones first, of a list the last items first."""
    found = [place.path for place in all_locations(document)]
    return sorted(found, key=lambda path: (len(path), [-s if type(s) is int else 0 for s in path]))


def _without(document: dict[str, Any], path: Path) -> dict[str, Any] | None:
    try:
        resolve_path(document, path)
    except LookupError:
        return None
    copy = deepcopy(document)
    del resolve_path(copy, path.parent)[path[-1]]
    return copy
