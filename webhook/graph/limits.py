"""How much of a document is read: bounds that no stored object reaches.

A body of 400 KB that holds 200,000 zeros where predictors belong would keep the schema validator
busy for five seconds and block all other requests. What exceeds a limit is cut off before anything
reads it, and the cut is a separate error, which always denies.

The largest real object that we know of has 208 KB, 14,500 values, 185 nodes and as many containers.
"""

import re
from itertools import islice
from typing import Any

import orjson

from webhook.graph.model import SchemaError
from webhook.graph.path import Trail, build_trail_path

MAX_REVIEW_VALUES = 200_000
"""Values in one AdmissionReview; a body with more is not even parsed. A review of an update holds
the object twice, and twice again the names of its fields (metadata.managedFields)."""

MAX_VALUES = 30_000
"""Values in one document: texts, numbers, lists, mappings. etcd stores at most 1.5 MiB by default
(--max-request-bytes), and a container of a real manifest has about forty values: this is room for
700 containers."""

MAX_TEXT_LENGTH = 256 * 1024
"""Characters of one text or key. Kubernetes takes as many of all annotations together
(TotalAnnotationSizeLimitB), and Linux half of it for a variable or argument (MAX_ARG_STRLEN). A
name of three megabytes is rendered a hundred times, which takes 380 MiB."""

MAX_NESTING = 240
"""Levels of nesting. A graph of a hundred levels needs 206; orjson writes no more than 254."""

MAX_GRAPH_DEPTH = 100
"""Levels of nodes that are read. Real graphs have fewer than ten; Seldon's own CRD keeps eleven."""

MAX_NODES = 400
"""Nodes of all graphs together."""

MAX_CONTAINERS = 400
"""Containers of all components together, init containers among them."""

MAX_COMPONENTS = 300
"""Items of all componentSpecs together; each becomes a Deployment."""

MAX_PREDICTORS = 100
"""Traffic is given in whole percents: more could not all have some. Real ones are one to five."""

MAX_SHARED_ENTRIES = 20_000
"""Annotations and labels of the spec and of predictors, times the Deployments and Services that get
them. A document of 300 KiB can ask for ten million; fifty of them, for two hundred pods with a
Service each, are twenty thousand."""

MAX_SHARED_CHARACTERS = 4 * 1024 * 1024
"""Characters of these, counted likewise: 7,000 for each of 300 pods with a Service each. Two small
predictors with as many annotations as Kubernetes takes, 256 KiB, are below it."""

MAX_SCHEMA_ERRORS = 1000
"""Schema errors of one kind that are reported; the others appear when these are fixed."""

MAX_CUTS_TOLD = 20
"""Paths reported at which reading ended: one is enough to explain it."""

# Possessive, and the closing mark may be missing: it never backtracks.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def exceeds_values(serialized: bytes, limit: int) -> bool:
    """Return whether JSON text holds more than `limit` values, without parsing it.

    Each value but the first of a list or mapping follows a comma, and the first an opening
    bracket; texts may hold both, so they are left out where that matters. Takes a few milliseconds
    for each megabyte. No value is shorter than two bytes, with its comma or its brackets.
    """
    if len(serialized) <= 2 * limit or _count_values(serialized) <= limit:
        return False
    return _count_values(_TEXT.sub(b"", serialized)) > limit


def _count_values(serialized: bytes) -> int:
    # One pass; counting each of the three takes four times as long.
    return len(serialized) - len(serialized.translate(None, b",[{")) + 1


def truncate_to_limits(document: Any) -> tuple[Any, tuple[SchemaError, ...]]:
    """Return the document, or a copy without what is beyond the bounds, and an error for each cut.

    Costs two microseconds for a document of 4 KB that is within them.
    """
    try:
        serialized = orjson.dumps(document)
        fits = len(serialized) <= MAX_TEXT_LENGTH or not _holds_long_text(document)
        if fits and not exceeds_values(serialized, MAX_VALUES):
            return document, ()
    except TypeError:
        pass  # nested too deeply to be written, or a number of more than 64 bits
    return _truncate(document)


def _holds_long_text(document: Any) -> bool:
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if any(map(_is_long_text, value)):
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif _is_long_text(value):
            return True
    return False


def _is_long_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) > MAX_TEXT_LENGTH


def _truncate(document: Any) -> tuple[Any, tuple[SchemaError, ...]]:
    """Copy level by level, so that what is cut off is deep or late and never the frame."""
    errors: list[SchemaError] = []
    remaining = MAX_VALUES
    root: list[Any] = [None]
    level: list[tuple[Any, Any, Any, Trail]] = [(document, root, 0, None)]
    for depth in range(MAX_NESTING + 1):
        below: list[tuple[Any, Any, Any, Trail]] = []
        for value, parent, key, trail in level:
            if _is_long_text(value):
                parent[key] = value[:MAX_TEXT_LENGTH]
                errors.append(_cut_text(trail))
                continue
            if not isinstance(value, (dict, list)):
                parent[key] = value
                continue
            kept = min(len(value), remaining) if depth < MAX_NESTING else 0
            if kept < len(value) and len(errors) < MAX_CUTS_TOLD:
                errors.append(_cut(trail, depth))
            remaining -= kept
            is_mapping = isinstance(value, dict)
            keys: list[Any] = list(islice(value, kept)) if is_mapping else list(range(kept))
            if is_mapping and any(map(_is_long_text, keys)):
                keys = [k for k in keys if not _is_long_text(k)]
                errors.append(_cut_text(trail))
            copy: Any = dict.fromkeys(keys) if is_mapping else [None] * kept
            parent[key] = copy
            below.extend((value[k], copy, k, (trail, k)) for k in keys)
        level = below
    return root[0], tuple(errors)


def _cut_text(trail: Trail) -> SchemaError:
    path = build_trail_path(trail)
    return SchemaError("size", path, limit=MAX_TEXT_LENGTH, noun="characters")


def _cut(trail: Trail, depth: int) -> SchemaError:
    if depth >= MAX_NESTING:
        return SchemaError("nesting", build_trail_path(trail))
    return SchemaError("size", build_trail_path(trail), limit=MAX_VALUES, noun="values")
