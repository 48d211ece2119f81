"""The syntax tree of one checked expression, macros expanded, as the checker returns it.

The checker's answer is a protobuf message (cel.expr.CheckedExpr of google/cel-spec,
proto/cel/expr/checked.proto and syntax.proto). The few fields that are needed are read here from
its wire form, which spares a dependency on protobuf's runtime.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from webhook.policy.cel.values import UInt


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A name: a variable of the environment, of a macro, or the head of a qualified name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; `test`: it is has(operand.field)."""

    id: int
    operand: "Tree"
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function, a method (`target` is there) or an operator (`_&&_`)."""

    id: int
    function: str
    target: "Tree | None"
    arguments: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, ?b]`; `optional` are the indices of elements with a question mark."""

    id: int
    elements: tuple["Tree", ...]
    optional: frozenset[int]


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{a: b, ?c: d}`: key, value, and whether it stands behind a question mark."""

    id: int
    entries: tuple[tuple["Tree", "Tree", bool], ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """A macro over a list or map: all, exists, map, filter and their like.

    variable, second  what the body calls the element; the second is "" unless there are two
    accumulator       what the body calls the value so far
    """

    id: int
    variable: str
    second: str
    over: "Tree"
    accumulator: str
    initial: "Tree"
    condition: "Tree"
    step: "Tree"
    result: "Tree"


Tree: TypeAlias = Constant | Name | Select | Call | ListLiteral | MapLiteral | Fold


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked expression.

    names    what the checker resolved a name or a selection to, by the node's id: "variables.x"
    offsets  where in the text a node stands, by its id
    """

    tree: Tree
    names: Mapping[int, str]
    offsets: Mapping[int, int]


def read_checked(serialized: bytes) -> Checked:
    """Return the tree in a serialized google.protobuf.Any that holds a CheckedExpr."""
    (message,) = (value for number, value in _fields(serialized) if number == 2)
    names: dict[int, str] = {}
    offsets: dict[int, int] = {}
    tree: Tree | None = None
    for number, value in _fields(message):
        if number == 2:
            entry = dict(_fields(value))
            reference = dict(_fields(entry.get(2, b"")))
            if 1 in reference:
                names[entry.get(1, 0)] = reference[1].decode()
        elif number == 4:
            tree = _expression(value)
        elif number == 5:
            entries = (dict(_fields(entry)) for place, entry in _fields(value) if place == 4)
            offsets = {entry.get(1, 0): entry.get(2, 0) for entry in entries}
    if tree is None:
        raise ValueError("the checker returned no expression")
    return Checked(tree, names, offsets)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field: int, bytes, or the eight bytes of a double."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
        elif kind == 1:
            yield tag >> 3, message[at : at + 8]
            at += 8
        elif kind == 2:
            size, at = _varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {kind} is not used by CheckedExpr")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _expression(message: bytes) -> Tree:
    identifier = 0
    for number, value in _fields(message):
        if number == 2:
            identifier = value
        elif number in _READERS:
            return _READERS[number](identifier, value)
    raise ValueError("an expression without a kind")


def _constant(identifier: int, message: bytes) -> Tree:
    for number, value in _fields(message):
        if number == 1:
            return Constant(identifier, None)
        if number == 2:
            return Constant(identifier, bool(value))
        if number == 3:
            return Constant(identifier, _signed(value))
        if number == 4:
            return Constant(identifier, UInt(value))
        if number == 5:
            return Constant(identifier, struct.unpack("<d", value)[0])
        if number == 6:
            return Constant(identifier, value.decode())
        if number == 7:
            return Constant(identifier, bytes(value))
    raise ValueError("a constant without a value")


def _name(identifier: int, message: bytes) -> Tree:
    return Name(identifier, dict(_fields(message)).get(1, b"").decode())


def _select(identifier: int, message: bytes) -> Tree:
    fields = dict(_fields(message))
    return Select(
        identifier, _expression(fields[1]), fields.get(2, b"").decode(), bool(fields.get(3))
    )


def _call(identifier: int, message: bytes) -> Tree:
    target, function, arguments = None, "", []
    for number, value in _fields(message):
        if number == 1:
            target = _expression(value)
        elif number == 2:
            function = value.decode()
        elif number == 3:
            arguments.append(_expression(value))
    return Call(identifier, function, target, tuple(arguments))


def _list(identifier: int, message: bytes) -> Tree:
    elements: list[Tree] = []
    optional: set[int] = set()
    for number, value in _fields(message):
        if number == 1:
            elements.append(_expression(value))
        elif isinstance(value, int):
            optional.add(value)
        else:  # packed
            at = 0
            while at < len(value):
                index, at = _varint(value, at)
                optional.add(index)
    return ListLiteral(identifier, tuple(elements), frozenset(optional))


def _map(identifier: int, message: bytes) -> Tree:
    entries: list[tuple[Tree, Tree, bool]] = []
    for number, value in _fields(message):
        if number == 2:
            entry = dict(_fields(value))
            entries.append((_expression(entry[3]), _expression(entry[4]), bool(entry.get(5))))
    return MapLiteral(identifier, tuple(entries))


def _fold(identifier: int, message: bytes) -> Tree:
    fields = dict(_fields(message))
    return Fold(
        identifier,
        variable=fields.get(1, b"").decode(),
        second=fields.get(8, b"").decode(),
        over=_expression(fields[2]),
        accumulator=fields.get(3, b"").decode(),
        initial=_expression(fields[4]),
        condition=_expression(fields[5]),
        step=_expression(fields[6]),
        result=_expression(fields[7]),
    )


_READERS = {3: _constant, 4: _name, 5: _select, 6: _call, 7: _list, 8: _map, 9: _fold}
