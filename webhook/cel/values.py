"""What CEL's values are in Python, when two are equal, and how they are ordered.

null, bool, string, bytes, list and map are Python's own; a JSON document is a CEL value as it is.
int and double are int and float; uint, timestamp, duration, optional and type are the classes
below. `bool` is no number here, although it is one in Python.

Source: google/cel-spec doc/langdef.md; numbers compare across types, as Kubernetes has it (1.28).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_INT64, MIN_INT64 = 2**63 - 1, -(2**63)
MAX_UINT64 = 2**64 - 1


class EvaluationError(Exception):
    """An expression has no value: a missing key, an overflow, a function that fails.

    `&&`, `||`, all and exists absorb it where the other operands decide the result.
    """


class UInt(int):
    """An unsigned integer: 1u."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TypeValue:
    """What type(x) returns."""

    name: str


@dataclass(frozen=True, slots=True)
class OptionalValue:
    """A value that may be missing: object.?field."""

    value: Any = None
    present: bool = False


ABSENT = OptionalValue()


def is_number(value: Any) -> bool:
    """Tell whether a value is an int, uint or double; true and false are none."""
    kind = type(value)
    return kind is int or kind is float or kind is UInt


def equal(left: Any, right: Any) -> bool:
    """Tell whether two values are equal; values of different types are not, but for numbers."""
    kind, other = type(left), type(right)
    if kind is other:
        if kind is list:
            return len(left) == len(right) and all(map(equal, left, right))
        if kind is dict:
            return len(left) == len(right) and all(
                key in right and equal(value, right[key]) for key, value in left.items()
            )
        if kind is OptionalValue:
            return left.present == right.present and equal(left.value, right.value)
        return bool(left == right)
    return is_number(left) and is_number(right) and bool(left == right)


def comparable(left: Any, right: Any) -> bool:
    """Tell whether `<` is defined for two values."""
    kind = type(left)
    if is_number(left):
        return is_number(right)
    return kind is type(right) and kind not in _UNORDERED


_UNORDERED = frozenset({list, dict, type(None), OptionalValue, TypeValue})


def check_int64(value: int) -> int:
    """Return an int; raise EvaluationError where 64 bits do not hold it."""
    if MIN_INT64 <= value <= MAX_INT64:
        return value
    raise EvaluationError("integer overflow")


def to_uint64(value: int) -> UInt:
    """Return an uint; raise EvaluationError where 64 bits do not hold it."""
    if 0 <= value <= MAX_UINT64:
        return UInt(value)
    raise EvaluationError("unsigned integer overflow")


TYPE_NAMES: dict[type, str] = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    TypeValue: "type",
    OptionalValue: "optional_type",
}
"""CEL's name of each type; modules that bring a type of their own add theirs."""


def type_name(value: Any) -> str:
    """Return CEL's name of a value's type."""
    kind = type(value)
    return TYPE_NAMES.get(kind) or str(getattr(kind, "CEL_NAME", kind.__name__))


def no_overload(function: str, *arguments: Any) -> EvaluationError:
    """Return the error of a function that does not take these arguments."""
    given = ", ".join(map(type_name, arguments))
    return EvaluationError(f"{function} takes no ({given})")


Function = Callable[..., Any]
"""The implementation of a CEL function; the target of a method is its first argument."""
