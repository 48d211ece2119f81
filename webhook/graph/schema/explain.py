"""Where a document departs from the schema, and how: for documents of any size and shape.

Whether it departs at all, the compiled validator says (`document.get_validator`). Its list of
errors is not used: it is made as a whole before the first can be read, and each error holds a copy
of the value it is about, so that a deep document of 200 KB costs gigabytes. Here the same schema is
followed through the document once, value by value, and nothing is copied.

Only the keywords that the schema uses are known: type, $ref, items, properties, required,
additionalProperties, minimum and maximum. A test compares what is found with jsonschema-rs.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from webhook.graph.model import SchemaError
from webhook.graph.path import Trail, build_trail_path
from webhook.graph.schema.document import load_schema


@dataclass(slots=True)
class _Shape:
    """What the schema says of one place; the definition that it names is joined with it."""

    types: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    properties: Mapping[str, "_Shape"] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    is_closed: bool = False
    other_fields: "_Shape | None" = None
    items: "_Shape | None" = None


def explain(
    document: Any, report: Callable[[SchemaError], bool], unread: Container[int] = ()
) -> None:
    """Report each schema error, parents before children, in document order.

    report  is called with each error; returns whether to report more of this kind
    unread  ids of values of the document that are ignored
    """
    _Explainer(report, unread).check(document, _root_shape(), None)


class _Explainer:
    def __init__(self, report: Callable[[SchemaError], bool], unread: Container[int]) -> None:
        self._report = report
        self._unread = unread

    def check(self, value: Any, shape: _Shape, trail: Trail) -> None:
        """Return what is wrong with one value and below it."""
        # A stack and not a recursion: what is nested deeply must not use up the interpreter's own.
        pending: list[tuple[Any, _Shape, Trail]] = [(value, shape, trail)]
        while pending:
            value, shape, trail = pending.pop()
            if id(value) in self._unread:
                continue
            if shape.types and not _is_of_type(value, shape.types):
                types = tuple(sorted(shape.types))
                self._report(SchemaError("type", build_trail_path(trail), expected_types=types))
            if type(value) is dict:
                pending.extend(reversed(self._check_mapping(value, shape, trail)))
            elif type(value) is list and shape.items is not None:
                items = shape.items
                pending.extend((value[i], items, (trail, i)) for i in range(len(value) - 1, -1, -1))
            elif shape.minimum is not None:
                self._check_range(value, shape, trail)

    def _check_mapping(
        self, value: dict[str, Any], shape: _Shape, trail: Trail
    ) -> list[tuple[Any, _Shape, Trail]]:
        for name in shape.required:
            if name not in value:
                self._report(SchemaError("required", build_trail_path(trail), missing_field=name))
        below: list[tuple[Any, _Shape, Trail]] = []
        wants_unknown = True
        for name, child in value.items():
            child_shape = shape.properties.get(name, shape.other_fields)
            if child_shape is not None:
                below.append((child, child_shape, (trail, name)))
            elif shape.is_closed and wants_unknown:
                path = build_trail_path((trail, name))
                wants_unknown = self._report(SchemaError("unknown", path))
        return below

    def _check_range(self, value: Any, shape: _Shape, trail: Trail) -> None:
        if type(value) not in (int, float) or shape.minimum is None or shape.maximum is None:
            return
        if value < shape.minimum:
            self._report(SchemaError("range", build_trail_path(trail), limit=shape.minimum))
        elif value > shape.maximum:
            self._report(SchemaError("range", build_trail_path(trail), limit=shape.maximum))


_JSON_TYPES: Mapping[type, tuple[str, ...]] = {
    dict: ("object",),
    list: ("array",),
    str: ("string",),
    bool: ("boolean",),
    int: ("integer", "number"),
    type(None): ("null",),
}


def _is_of_type(value: Any, types: Sequence[str]) -> bool:
    if type(value) is float:  # 1.0 is an integer to JSON Schema
        return "number" in types or ("integer" in types and value.is_integer())
    return any(name in types for name in _JSON_TYPES.get(type(value), ()))


@cache
def _root_shape() -> _Shape:
    return _shape_of(load_schema(bounded=True), {})


def _shape_of(field_schema: Mapping[str, Any], known: dict[str, _Shape]) -> _Shape:
    """Return the shape of one place; `known` holds the definitions that are being read."""
    types = field_schema.get("type", ())
    definition_name = field_schema.get("$ref", "").removeprefix("#/$defs/")
    shape = _Shape(
        types=(types,) if isinstance(types, str) else tuple(types),
        minimum=field_schema.get("minimum"),
        maximum=field_schema.get("maximum"),
    )
    if definition_name:
        fields = _definition_shape(definition_name, known)
        shape.properties, shape.required = fields.properties, fields.required
        shape.is_closed, shape.other_fields = fields.is_closed, fields.other_fields
    elif isinstance(other_fields := field_schema.get("additionalProperties"), dict):
        shape.other_fields = _shape_of(other_fields, known)
    if "items" in field_schema:
        shape.items = _shape_of(field_schema["items"], known)
    return shape


def _definition_shape(name: str, known: dict[str, _Shape]) -> _Shape:
    if name in known:
        return known[name]
    definition = load_schema(bounded=True)["$defs"][name]
    additional = definition.get("additionalProperties")
    properties: dict[str, _Shape] = {}
    # Nodes hold nodes: the definition is known, all of it, before its fields are.
    shape = known[name] = _Shape(
        types=(),
        minimum=None,
        maximum=None,
        properties=properties,
        required=tuple(definition.get("required", ())),
        is_closed=additional is False,
        other_fields=_shape_of(additional, known) if isinstance(additional, dict) else None,
    )
    for key, field_schema in definition["properties"].items():
        properties[key] = _shape_of(field_schema, known)
    return shape
