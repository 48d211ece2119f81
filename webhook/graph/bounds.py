"""How much of a document is read: bounds that no stored object reaches.

A body of 400 KB that holds 200,000 zeros where predictors belong would keep the schema validator
busy for five seconds, and nobody else would be answered meanwhile. What lies beyond a bound is cut
off before anything looks at it, and the cut is a fault of its own.
"""

from collections import deque
from typing import Any

import orjson

from webhook.graph.model import Fault
from webhook.graph.path import ROOT, Path

MOST_VALUES = 30_000
"""Values in one document. etcd stores at most 1.5 MiB by default (--max-request-bytes), and a
container of a real manifest has about forty values: this is room for 700 containers."""

DEEPEST_VALUE = 240
"""Levels of nesting. A graph of a hundred levels needs 206; orjson writes no more than 254, and
jsonschema-rs reports on no more."""


def within_bounds(document: Any) -> tuple[Any, tuple[Fault, ...]]:
    """Return the document, or a copy without what is beyond the bounds, and a fault for each cut.

    Costs two microseconds for a document of 4 KB that is within them.
    """
    try:
        written = orjson.dumps(document)
        # Each value but the first of a list or mapping follows a comma; texts may hold more.
        if len(written) < MOST_VALUES or written.count(b",") < MOST_VALUES:
            return document, ()
    except TypeError:
        pass  # nested too deeply to be written, or a number of more than 64 bits
    return _copy(document)


def _copy(document: Any) -> tuple[Any, tuple[Fault, ...]]:
    """Copy level by level, so that what is cut off is deep or late and never the frame."""
    faults: list[Fault] = []
    left = MOST_VALUES
    root: list[Any] = [None]
    pending: deque[tuple[Any, Any, Any, Path]] = deque([(document, root, 0, ROOT)])
    while pending:
        value, holder, key, path = pending.popleft()
        if not isinstance(value, (dict, list)):
            holder[key] = value
            continue
        if len(path) >= DEEPEST_VALUE and value:
            faults.append(Fault("nesting", path))
            holder[key] = type(value)()
            continue
        taken = min(len(value), left)
        left -= taken
        if taken < len(value):
            faults.append(Fault("size", path, limit=MOST_VALUES))
        keys: list[Any] = list(value)[:taken] if isinstance(value, dict) else list(range(taken))
        here: Any = dict.fromkeys(keys) if isinstance(value, dict) else [None] * taken
        holder[key] = here
        pending.extend((value[k], here, k, path / k) for k in keys)
    return root[0], tuple(faults)
