"""Fields that only newer versions of Kubernetes have."""

import functools
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from webhook.graph.path import ROOT, Path
from webhook.graph.schema.document import load_schema
from webhook.graph.schema.lookup import DEFINITIONS_PREFIX


@functools.cache
def _minimum_versions() -> Mapping[str, Mapping[str, int]]:
    """Return, by definition and field, the first minor version that has it."""
    table: Mapping[str, Mapping[str, int]] = orjson.loads(
        pathlib.Path(__file__).with_name("since.json").read_bytes()
    )
    return table


def fields_newer_than(document: Any, kubernetes_minor: int) -> Iterator[tuple[Path, int]]:
    """Yield each field that Kubernetes 1.`minor` does not have, and the first minor with it.

    The content of such a field is not checked. A document is nested at most as deep as
    `bounds` lets through.
    """
    yield from _walk(document, load_schema(), ROOT, kubernetes_minor)


def _walk(
    value: Any, field_schema: Mapping[str, Any], path: Path, kubernetes_minor: int
) -> Iterator[tuple[Path, int]]:
    name = field_schema.get("$ref", "").removeprefix(DEFINITIONS_PREFIX)
    definition = load_schema()["$defs"].get(name, field_schema)
    if isinstance(value, dict):
        since = _minimum_versions().get(name, {})
        for key, child in value.items():
            if since.get(key, 0) > kubernetes_minor:
                yield path / key, since[key]
                continue
            child_schema = definition.get("properties", {}).get(key)
            child_schema = child_schema or field_schema.get("additionalProperties")
            if isinstance(child_schema, dict) and isinstance(child, (dict, list)):
                yield from _walk(child, child_schema, path / key, kubernetes_minor)
    elif isinstance(value, list) and isinstance(field_schema.get("items"), dict):
        for index, child in enumerate(value):
            if isinstance(child, (dict, list)):
                yield from _walk(child, field_schema["items"], path / index, kubernetes_minor)
