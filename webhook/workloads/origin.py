"""Values that know where they came from.

Belongs here: the tree that leads from a place in a rendered object back to a place in the
SeldonDeployment, and the few ways to build a value together with it. Does not belong here: what
any object looks like.

The tree has one node per place that is not simply "the same place as my parent's copy":

    Origin(spec.predictors[0])                          a Deployment
    └── spec … containers → copied from componentSpecs[0].spec.containers
        └── 0 → copied from componentSpecs[0].spec.containers[0]
            └── env → copied from … .env
                └── 2 → spec.predictors[0]              an injected variable

so that a copied subtree of any size costs one node, and building an object copies no tables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from webhook.graph.path import Path, Segment

DEEPEST = 60
"""Levels below a copied value that are copied. The types of Kubernetes and KEDA end before 20; what
lies deeper is none of theirs, and Python's own stack ends at 1,000 frames."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from.

    path    the place in the SeldonDeployment; an injected value's is what called for it
    copied  whether places below the value are the same places below `path`
    parts   the places directly below the value that have an origin of their own
    """

    path: Path
    copied: bool = False
    parts: Mapping[Segment, "Origin"] = field(default_factory=dict)

    def trace(self, place: Iterable[Segment]) -> Path:
        """Return where the value at `place` (below this one) came from."""
        here = self
        segments = tuple(place)
        for depth, segment in enumerate(segments):
            part = here.parts.get(segment)
            if part is None:
                return here.path.join(segments[depth:]) if here.copied else here.path
            here = part
        return here.path


class Traced(NamedTuple):
    """A JSON value and its origin. The value belongs to nobody else: it may be handed out."""

    value: Any
    origin: Origin


def copy(value: Any, path: Path) -> Traced:
    """Return a copy of the author's `value`, which stands at `path`.

    Nulls are dropped (to the API server a null field is absent, and a null item is nothing).
    """
    return _copy(value, path, DEEPEST)


def _copy(value: Any, path: Path, depth: int) -> Traced:
    if type(value) is dict:
        kept = {
            key: _copy(item, path / key, depth - 1)
            for key, item in value.items()
            if item is not None and type(key) is str and (depth or type(item) not in (dict, list))
        }
        parts: dict[Segment, Origin] = {k: t.origin for k, t in kept.items() if t.origin.parts}
        return Traced({k: t.value for k, t in kept.items()}, Origin(path, copied=True, parts=parts))
    if type(value) is list:
        items = [
            (index, _copy(item, path / index, depth - 1))
            for index, item in enumerate(value)
            if item is not None and (depth or type(item) not in (dict, list))
        ]
        # An item has an origin of its own if a dropped one moved it, or something inside was moved.
        parts = {
            place: item.origin
            for place, (index, item) in enumerate(items)
            if place != index or item.origin.parts
        }
        return Traced([item.value for _, item in items], Origin(path, copied=True, parts=parts))
    return Traced(value, Origin(path, copied=True))


def ours(value: Any, path: Path) -> Traced:
    """Return a value that no author wrote; `path` is what called for it."""
    return Traced(value, Origin(path))


def table(path: Path, fields: Mapping[str, Any]) -> Traced:
    """Return a mapping put together from traced and plain values; plain ones are `ours` at `path`.

    Fields that are None are left out.
    """
    present = {
        key: part if isinstance(part, Traced) else ours(part, path)
        for key, part in fields.items()
        if part is not None
    }
    return Traced(
        {key: part.value for key, part in present.items()},
        Origin(path, parts={key: part.origin for key, part in present.items()}),
    )


def listing(path: Path, items: Iterable[Traced]) -> Traced:
    """Return a list put together from traced items; `path` is what called for the list."""
    return append(ours([], path), items)


def put(whole: Traced, fields: Mapping[str, Any]) -> Traced:
    """Return the mapping with `fields` set; plain values are `ours`, None leaves a field alone."""
    added = table(whole.origin.path, fields)
    return Traced(
        {**whole.value, **added.value},
        Origin(
            whole.origin.path, whole.origin.copied, {**whole.origin.parts, **added.origin.parts}
        ),
    )


def append(whole: Traced, items: Iterable[Traced]) -> Traced:
    """Return the list with `items` behind its own."""
    values = list(whole.value)
    parts = dict(whole.origin.parts)
    for item in items:
        parts[len(values)] = item.origin
        values.append(item.value)
    return Traced(values, Origin(whole.origin.path, whole.origin.copied, parts))


def entries(raw: Mapping[str, Any], key: str, path: Path) -> Traced:
    """Return a copy of the mappings in the author's list at `key` of `raw`, which is at `path`.

    What is no mapping can be no container, port, variable, volume or mount, and is left out.
    """
    value = raw.get(key)
    if type(value) is not list:
        return ours([], path)
    whole = copy(value, path / key)
    kept = [place for place, item in enumerate(whole.value) if type(item) is dict]
    if len(kept) == len(whole.value):
        return whole
    return listing(path / key, [pick(whole, place) for place in kept])


def merge(path: Path, *tables: Traced) -> Traced:
    """Return one mapping of several; a later one wins. Each entry keeps its origin."""
    values: dict[str, Any] = {}
    parts: dict[Segment, Origin] = {}
    for part in tables:
        for key, value in part.value.items():
            values[key] = value
            parts[key] = pick(part, key).origin
    return Traced(values, Origin(path, parts=parts))


def pick(whole: Traced, key: Segment) -> Traced:
    """Return the value at `key`, with its origin; raise LookupError if it is not there."""
    origin = whole.origin
    part = origin.parts.get(key)
    if part is None:
        part = Origin(origin.path / key, copied=True) if origin.copied else Origin(origin.path)
    return Traced(whole.value[key], part)


def arrange(whole: Traced, order: Iterable[str]) -> Traced:
    """Return the mapping with the keys of `order` first, the others as they stood."""
    value = whole.value
    first = [key for key in order if key in value]
    keys = dict.fromkeys([*first, *value])
    return Traced({key: value[key] for key in keys}, whole.origin)
