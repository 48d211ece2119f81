"""Fields that only newer versions of Kubernetes have."""

import functools
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from webhook.graph.path import ROOT, Path
from webhook.graph.schema.document import schema

_PREFIX = "#/$defs/"


@functools.cache
def _since() -> Mapping[str, Mapping[str, int]]:
    """Return, by definition and field, the first minor version that has it."""
    table: Mapping[str, Mapping[str, int]] = orjson.loads(
        pathlib.Path(__file__).with_name("since.json").read_bytes()
    )
    return table


def newer_fields(document: Any, minor: int) -> Iterator[tuple[Path, int]]:
    """Yield each field that Kubernetes 1.`minor` does not have, and the first minor with it.

    What is inside of such a field is not looked into. A document is nested at most as deep as
    `bounds` lets through.
    """
    yield from _walk(document, schema(), ROOT, minor)


def _walk(
    value: Any, place: Mapping[str, Any], path: Path, minor: int
) -> Iterator[tuple[Path, int]]:
    name = place.get("$ref", "").removeprefix(_PREFIX)
    definition = schema()["$defs"].get(name, place)
    if isinstance(value, dict):
        since = _since().get(name, {})
        for key, inner in value.items():
            if since.get(key, 0) > minor:
                yield path / key, since[key]
                continue
            below = definition.get("properties", {}).get(key)
            below = below or place.get("additionalProperties")
            if isinstance(below, dict) and isinstance(inner, (dict, list)):
                yield from _walk(inner, below, path / key, minor)
    elif isinstance(value, list) and isinstance(place.get("items"), dict):
        for index, inner in enumerate(value):
            if isinstance(inner, (dict, list)):
                yield from _walk(inner, place["items"], path / index, minor)
