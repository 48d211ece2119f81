"""How much of a document is read: bounds that no stored object reaches.

A body of 400 KB that holds 200,000 zeros where predictors belong would keep the schema validator
busy for five seconds, and nobody else would be answered meanwhile. What lies beyond a bound is cut
off before anything looks at it, and the cut is a fault of its own.
"""

from collections import deque
from typing import Any

import orjson

from webhook.graph.model import SchemaError
from webhook.graph.path import ROOT, Path

MAX_VALUES = 30_000
"""Values in one document. etcd stores at most 1.5 MiB by default (--max-request-bytes), and a
container of a real manifest has about forty values: this is room for 700 containers."""

MAX_NESTING = 240
"""Levels of nesting. A graph of a hundred levels needs 206; orjson writes no more than 254, and
jsonschema-rs reports on no more."""


def truncate_to_limits(document: Any) -> tuple[Any, tuple[SchemaError, ...]]:
    """Return the document, or a copy without what is beyond the bounds, and a fault for each cut.

    Costs two microseconds for a document of 4 KB that is within them.
    """
    try:
        serialized = orjson.dumps(document)
        # Each value but the first of a list or mapping follows a comma; texts may hold more.
        if len(serialized) < MAX_VALUES or serialized.count(b",") < MAX_VALUES:
            return document, ()
    except TypeError:
        pass  # nested too deeply to be written, or a number of more than 64 bits
    return _truncate(document)


def _truncate(document: Any) -> tuple[Any, tuple[SchemaError, ...]]:
    """Copy level by level, so that what is cut off is deep or late and never the frame."""
    errors: list[SchemaError] = []
    remaining = MAX_VALUES
    root: list[Any] = [None]
    pending: deque[tuple[Any, Any, Any, Path]] = deque([(document, root, 0, ROOT)])
    while pending:
        value, parent, key, path = pending.popleft()
        if not isinstance(value, (dict, list)):
            parent[key] = value
            continue
        if len(path) >= MAX_NESTING and value:
            errors.append(SchemaError("nesting", path))
            parent[key] = type(value)()
            continue
        kept = min(len(value), remaining)
        remaining -= kept
        if kept < len(value):
            errors.append(SchemaError("size", path, limit=MAX_VALUES))
        keys: list[Any] = list(value)[:kept] if isinstance(value, dict) else list(range(kept))
        copy: Any = dict.fromkeys(keys) if isinstance(value, dict) else [None] * kept
        parent[key] = copy
        pending.extend((value[k], copy, k, path / k) for k in keys)
    return root[0], tuple(errors)
