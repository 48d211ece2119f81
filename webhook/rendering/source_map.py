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

MAX_COPY_DEPTH = 60
"""Levels below a copied value that are copied. The types of Kubernetes and KEDA end before 20; what
lies deeper is not one of theirs, and Python's own stack ends at 1,000 frames."""


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Where a value came from.

    path       the place in the SeldonDeployment; an injected value's is what called for it
    is_copied  whether places below the value are the same places below `path`
    parts      the places directly below the value that have an origin of their own
    """

    path: Path
    is_copied: bool = False
    parts: Mapping[Segment, "SourceMap"] = field(default_factory=dict)

    def trace(self, path: Iterable[Segment]) -> Path:
        """Return where the value at `place` (below this one) came from."""
        current = self
        segments = tuple(path)
        for depth, segment in enumerate(segments):
            part = current.parts.get(segment)
            if part is None:
                return current.path.join(segments[depth:]) if current.is_copied else current.path
            current = part
        return current.path


class Sourced(NamedTuple):
    """A JSON value and its source. The value is not shared, so callers may keep it."""

    value: Any
    source_map: SourceMap


def from_user(value: Any, path: Path) -> Sourced:
    """Return a copy of the author's `value`, which is at `path`.

    Nulls are dropped (to the API server a null field is absent, and a null item is nothing).
    """
    return _copy_value(value, path, MAX_COPY_DEPTH)


def _copy_value(value: Any, path: Path, depth: int) -> Sourced:
    if type(value) is dict:
        kept = {
            key: _copy_value(item, path / key, depth - 1)
            for key, item in value.items()
            if item is not None and type(key) is str and (depth or type(item) not in (dict, list))
        }
        parts: dict[Segment, SourceMap] = {
            k: t.source_map for k, t in kept.items() if t.source_map.parts
        }
        return Sourced(
            {k: t.value for k, t in kept.items()}, SourceMap(path, is_copied=True, parts=parts)
        )
    if type(value) is list:
        items = [
            (index, _copy_value(item, path / index, depth - 1))
            for index, item in enumerate(value)
            if item is not None and (depth or type(item) not in (dict, list))
        ]
        # An item has an origin of its own if a dropped one moved it, or something inside was moved.
        parts = {
            place: item.source_map
            for place, (index, item) in enumerate(items)
            if place != index or item.source_map.parts
        }
        return Sourced(
            [item.value for _, item in items], SourceMap(path, is_copied=True, parts=parts)
        )
    return Sourced(value, SourceMap(path, is_copied=True))


def injected(value: Any, path: Path) -> Sourced:
    """Return a value that no author wrote; `path` is what called for it."""
    return Sourced(value, SourceMap(path))


def mapping_of(path: Path, fields: Mapping[str, Any]) -> Sourced:
    """Return a mapping put together from traced and plain values; plain ones are `ours` at `path`.

    Fields that are None are omitted.
    """
    present = {
        key: part if isinstance(part, Sourced) else injected(part, path)
        for key, part in fields.items()
        if part is not None
    }
    return Sourced(
        {key: part.value for key, part in present.items()},
        SourceMap(path, parts={key: part.source_map for key, part in present.items()}),
    )


def list_of(path: Path, items: Iterable[Sourced]) -> Sourced:
    """Return a list put together from traced items; `path` is what called for the list."""
    return with_items(injected([], path), items)


def with_fields(whole: Sourced, fields: Mapping[str, Any]) -> Sourced:
    """Return the mapping with `fields` set; plain values are `ours`, None leaves a field alone."""
    new_fields = mapping_of(whole.source_map.path, fields)
    return Sourced(
        {**whole.value, **new_fields.value},
        SourceMap(
            whole.source_map.path,
            whole.source_map.is_copied,
            {**whole.source_map.parts, **new_fields.source_map.parts},
        ),
    )


def with_items(whole: Sourced, items: Iterable[Sourced]) -> Sourced:
    """Return the list with `items` behind its own."""
    values = list(whole.value)
    parts = dict(whole.source_map.parts)
    for item in items:
        parts[len(values)] = item.source_map
        values.append(item.value)
    return Sourced(values, SourceMap(whole.source_map.path, whole.source_map.is_copied, parts))


def list_items(raw: Mapping[str, Any], key: str, path: Path) -> Sourced:
    """Return a copy of the mappings in the author's list at `key` of `raw`, which is at `path`.

    What is not a mapping cannot be a container, port, variable, volume or mount, and is left out.
    """
    value = raw.get(key)
    if type(value) is not list:
        return injected([], path)
    whole = from_user(value, path / key)
    kept = [place for place, item in enumerate(whole.value) if type(item) is dict]
    if len(kept) == len(whole.value):
        return whole
    return list_of(path / key, [get_item(whole, place) for place in kept])


def merge_mappings(path: Path, *mappings: Sourced) -> Sourced:
    """Return one mapping of several; a later one wins. Each entry keeps its origin."""
    values: dict[str, Any] = {}
    parts: dict[Segment, SourceMap] = {}
    for part in mappings:
        values.update(part.value)
        own = part.source_map.parts
        if own.keys() == part.value.keys():  # as merged before; all in C, since pods share much
            parts.update(own)
        else:
            for key in part.value:
                parts[key] = get_item(part, key).source_map
    return Sourced(values, SourceMap(path, parts=parts))


def get_item(whole: Sourced, key: Segment) -> Sourced:
    """Return the value at `key`, with its origin; raise LookupError if it is not there."""
    origin = whole.source_map
    part = origin.parts.get(key)
    if part is None:
        part = (
            SourceMap(origin.path / key, is_copied=True)
            if origin.is_copied
            else SourceMap(origin.path)
        )
    return Sourced(whole.value[key], part)


def with_key_order(whole: Sourced, order: Iterable[str]) -> Sourced:
    """Return the mapping with the keys of `order` first, the others in their order."""
    value = whole.value
    first = [key for key in order if key in value]
    keys = dict.fromkeys([*first, *value])
    return Sourced({key: value[key] for key in keys}, whole.source_map)
