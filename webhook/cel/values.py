"""What CEL's values are in Python, when two are equal, and how they are ordered.

null, bool, string, bytes, list and map are Python's own; a JSON document is a CEL value as it is.
int and double are int and float; uint, timestamp, duration, optional and type are the classes
below. `bool` is not a number here, although it is one in Python.

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


@dataclass(frozen=True, slots=True)
class StructValue:
    """A value with declared fields: JSONPatch{}, Object.spec{}.

    type_name  "JSONPatch", "Object.spec"
    fields     those that were written
    """

    type_name: str
    fields: dict[str, Any]


class MapKey:
    """A key of a map that is not a string: 1, 1u and true are three keys, in Python they are one.

    Lists, maps and what Go knows by its address are found by nothing but themselves.
    """

    __slots__ = ("_identity", "value")

    def __init__(self, value: Any) -> None:
        kind = type(value)
        if kind is bytes or getattr(kind, "UNHASHABLE", False):
            raise EvaluationError(f"a value of type {type_name(value)} cannot be the key of a map")
        self.value = value
        by_address = kind in (list, dict, OptionalValue, StructValue) or hasattr(kind, "BY_ADDRESS")
        self._identity = (kind, id(value) if by_address else value)

    def __eq__(self, other: object) -> bool:
        return type(other) is MapKey and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __str__(self) -> str:
        return str(self.value)


def to_key(value: Any) -> Any:
    """Return the key for Python's dictionary: a string is its own key."""
    return value if type(value) is str else MapKey(value)


def from_key(key: Any) -> Any:
    """Return the key of a dictionary as a CEL value."""
    return key.value if type(key) is MapKey else key


def find_key(mapping: dict[Any, Any], value: Any) -> Any:
    """Return what a map has a value's key as, None if it has no such: 1u and 1.0 find 1."""
    if type(value) is str:
        return value if value in mapping else None
    key = MapKey(value)
    if key in mapping:
        return key
    kind = type(value)
    if kind is float and value.is_integer() and abs(value) < 2**64:
        alternatives = [MapKey(int(value)), MapKey(UInt(int(value)))]
    elif kind is int or kind is UInt:
        alternatives = [MapKey(UInt(value) if kind is int else int(value))]
    else:
        return None
    return next((other for other in alternatives if other in mapping), None)


def is_number(value: Any) -> bool:
    """Return whether a value is an int, uint or double; true and false are not."""
    kind = type(value)
    return kind is int or kind is float or kind is UInt


Charge = Callable[[int], None]
"""Counts steps; raises when none are left."""


def free_of_charge(_steps: int) -> None:
    """Count nothing."""


def equal(left: Any, right: Any, charge: Charge = free_of_charge) -> bool:
    """Return whether two values are equal; values of different types are not, but for numbers.

    charge  is called with the number of list and map elements compared. Two elements that cannot be
            compared (an address and a number) are ignored, as cel-go does
    """
    kind, other = type(left), type(right)
    if kind is other:
        if kind is list:
            charge(len(left))
            return len(left) == len(right) and all(
                _equal_or_incomparable(a, b, charge) for a, b in zip(left, right, strict=True)
            )
        if kind is dict:
            charge(len(left))
            return len(left) == len(right) and all(
                (found := find_key(right, from_key(key))) is not None
                and _equal_or_incomparable(value, right[found], charge)
                for key, value in left.items()
            )
        if kind is StructValue:
            return _equal_structs(left, right, charge)
        if kind is OptionalValue:
            return left.present == right.present and equal(left.value, right.value, charge)
        return bool(left == right)
    if is_number(left) and is_number(right):
        if kind is float or other is float:  # as doubles: 2^63 - 1 is 2^63
            return float(left) == float(right)
        return bool(left == right)
    if left is not None and right is not None and hasattr(kind, "STRICT_EQUALITY"):
        raise EvaluationError("no such overload")
    return False


def _equal_structs(left: StructValue, right: StructValue, charge: Charge) -> bool:
    """Return whether two structs are equal; fields of an Object have to be of one type too."""
    if left.type_name != right.type_name or left.fields.keys() != right.fields.keys():
        return False
    return all(
        (left.type_name == "JSONPatch" or type(value) is type(right.fields[name]))
        and equal(value, right.fields[name], charge)
        for name, value in left.fields.items()
    )


def _equal_or_incomparable(left: Any, right: Any, charge: Charge) -> bool:
    try:
        return equal(left, right, charge)
    except EvaluationError:
        return True


def order(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1; None where `<` is not defined for two values."""
    kind, other = type(left), type(right)
    if is_number(left):
        if not is_number(right):
            return None
        if kind is float or other is float:
            left, right = float(left), float(right)
            if left != left or right != right:  # noqa: PLR0124 — NaN
                raise EvaluationError("NaN values cannot be ordered")
    elif kind is not other or kind not in _ORDERED:
        return None
    return int(left > right) - int(left < right)


_ORDERED: set[type] = {bool, str, bytes}
"""What is ordered besides numbers; `time_values` adds its two."""


def add_ordered(*kinds: type) -> None:
    """Say that values of a type are ordered among themselves."""
    _ORDERED.update(kinds)


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
    if kind is StructValue:
        return str(value.type_name)
    return TYPE_NAMES.get(kind) or str(getattr(kind, "CEL_NAME", kind.__name__))


def no_overload(function: str, *arguments: Any) -> EvaluationError:
    """Return the error of a function that does not take these arguments."""
    given = ", ".join(map(type_name, arguments))
    return EvaluationError(f"no such overload: {function}({given})")


def counting(function: "Function") -> "Function":
    """Mark a function that takes `charge` and counts its own work."""
    function.counts_work = True  # type: ignore[attr-defined]
    return function


def counts_work(function: "Function") -> bool:
    """Return whether a function takes `charge`."""
    return getattr(function, "counts_work", False)


Function = Callable[..., Any]
"""The implementation of a CEL function; the target of a method is its first argument."""
