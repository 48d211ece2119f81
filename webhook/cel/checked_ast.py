"""The syntax tree of one checked expression, macros expanded, as the checker returns it.

The checker's answer is a protobuf message (cel.expr.CheckedExpr of google/cel-spec,
proto/cel/expr/checked.proto and syntax.proto). The few fields that are needed are read here from
its wire form, which spares a dependency on protobuf's runtime.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from webhook.cel.values import UInt


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Ident:
    """A name: a variable of the environment, of a macro, or the head of a qualified name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; `test`: it is has(operand.field)."""

    id: int
    operand: "Expr"
    field: str
    test_only: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function, a method (`target` is there) or an operator (`_&&_`)."""

    id: int
    function: str
    target: "Expr | None"
    arguments: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, ?b]`; `optional` are the indices of elements with a question mark."""

    id: int
    elements: tuple["Expr", ...]
    optional_indices: frozenset[int]


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{a: b, ?c: d}`: key, value, and whether it stands behind a question mark."""

    id: int
    entries: tuple[tuple["Expr", "Expr", bool], ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A macro over a list or map: all, exists, map, filter and their like.

    variable, second  what the body calls the element; the second is "" unless there are two
    accumulator       what the body calls the value so far
    """

    id: int
    iter_var: str
    iter_var2: str
    iter_range: "Expr"
    accu_var: str
    accu_init: "Expr"
    loop_condition: "Expr"
    loop_step: "Expr"
    result: "Expr"


Expr: TypeAlias = Constant | Ident | Select | Call | ListLiteral | MapLiteral | Comprehension


@dataclass(frozen=True, slots=True)
class CheckedAst:
    """A checked expression.

    names    what the checker resolved a name or a selection to, by the node's id: "variables.x"
    offsets  where in the text a node stands, by its id
    """

    expr: Expr
    reference_map: Mapping[int, str]
    offsets: Mapping[int, int]


def parse_checked_expr(serialized: bytes) -> CheckedAst:
    """Return the tree in a serialized google.protobuf.Any that holds a CheckedExpr."""
    (message,) = (value for number, value in _wire_fields(serialized) if number == 2)
    reference_map: dict[int, str] = {}
    offsets: dict[int, int] = {}
    expr: Expr | None = None
    for number, value in _wire_fields(message):
        if number == 2:
            entry = dict(_wire_fields(value))
            reference = dict(_wire_fields(entry.get(2, b"")))
            if 1 in reference:
                reference_map[entry.get(1, 0)] = reference[1].decode()
        elif number == 4:
            expr = _read_expr(value)
        elif number == 5:
            entries = (
                dict(_wire_fields(entry)) for place, entry in _wire_fields(value) if place == 4
            )
            offsets = {entry.get(1, 0): entry.get(2, 0) for entry in entries}
    if expr is None:
        raise ValueError("the checker returned no expression")
    return CheckedAst(expr, reference_map, offsets)


def _wire_fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field: int, bytes, or the eight bytes of a double."""
    offset, end = 0, len(message)
    while offset < end:
        tag, offset = _read_varint(message, offset)
        wire_type = tag & 7
        if wire_type == 0:
            value, offset = _read_varint(message, offset)
            yield tag >> 3, value
        elif wire_type == 1:
            yield tag >> 3, message[offset : offset + 8]
            offset += 8
        elif wire_type == 2:
            size, offset = _read_varint(message, offset)
            yield tag >> 3, message[offset : offset + size]
            offset += size
        else:
            raise ValueError(f"wire type {wire_type} is not used by CheckedExpr")


def _read_varint(message: bytes, offset: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
        shift += 7


def _to_signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _read_expr(message: bytes) -> Expr:
    identifier = 0
    for number, value in _wire_fields(message):
        if number == 2:
            identifier = value
        elif number in _READERS:
            return _READERS[number](identifier, value)
    raise ValueError("an expression without a kind")


def _read_constant(identifier: int, message: bytes) -> Expr:
    for number, value in _wire_fields(message):
        if number == 1:
            return Constant(identifier, None)
        if number == 2:
            return Constant(identifier, bool(value))
        if number == 3:
            return Constant(identifier, _to_signed(value))
        if number == 4:
            return Constant(identifier, UInt(value))
        if number == 5:
            return Constant(identifier, struct.unpack("<d", value)[0])
        if number == 6:
            return Constant(identifier, value.decode())
        if number == 7:
            return Constant(identifier, bytes(value))
    raise ValueError("a constant without a value")


def _read_ident(identifier: int, message: bytes) -> Expr:
    return Ident(identifier, dict(_wire_fields(message)).get(1, b"").decode())


def _read_select(identifier: int, message: bytes) -> Expr:
    fields = dict(_wire_fields(message))
    return Select(
        identifier, _read_expr(fields[1]), fields.get(2, b"").decode(), bool(fields.get(3))
    )


def _read_call(identifier: int, message: bytes) -> Expr:
    target, function, arguments = None, "", []
    for number, value in _wire_fields(message):
        if number == 1:
            target = _read_expr(value)
        elif number == 2:
            function = value.decode()
        elif number == 3:
            arguments.append(_read_expr(value))
    return Call(identifier, function, target, tuple(arguments))


def _read_list(identifier: int, message: bytes) -> Expr:
    elements: list[Expr] = []
    optional: set[int] = set()
    for number, value in _wire_fields(message):
        if number == 1:
            elements.append(_read_expr(value))
        elif isinstance(value, int):
            optional.add(value)
        else:  # packed
            at = 0
            while at < len(value):
                index, at = _read_varint(value, at)
                optional.add(index)
    return ListLiteral(identifier, tuple(elements), frozenset(optional))


def _read_map(identifier: int, message: bytes) -> Expr:
    entries: list[tuple[Expr, Expr, bool]] = []
    for number, value in _wire_fields(message):
        if number == 2:
            entry = dict(_wire_fields(value))
            entries.append((_read_expr(entry[3]), _read_expr(entry[4]), bool(entry.get(5))))
    return MapLiteral(identifier, tuple(entries))


def _read_comprehension(identifier: int, message: bytes) -> Expr:
    fields = dict(_wire_fields(message))
    return Comprehension(
        identifier,
        iter_var=fields.get(1, b"").decode(),
        iter_var2=fields.get(8, b"").decode(),
        iter_range=_read_expr(fields[2]),
        accu_var=fields.get(3, b"").decode(),
        accu_init=_read_expr(fields[4]),
        loop_condition=_read_expr(fields[5]),
        loop_step=_read_expr(fields[6]),
        result=_read_expr(fields[7]),
    )


_READERS = {
    3: _read_constant,
    4: _read_ident,
    5: _read_select,
    6: _read_call,
    7: _read_list,
    8: _read_map,
    9: _read_comprehension,
}
