"""CEL's own functions and operators: arithmetic, comparison, conversion, size, strings, times.

What the language decides by syntax (&&, ||, ?:, macros, selection) is in `compiler`.
Source: google/cel-spec doc/langdef.md, "List of Standard Definitions".
"""

import base64
import math
import re
from decimal import Decimal
from typing import Any

from webhook.cel import time_values
from webhook.cel.re2 import matches
from webhook.cel.time_values import Duration, Timestamp
from webhook.cel.values import (
    MIN_INT64,
    Charge,
    EvaluationError,
    Function,
    StructValue,
    TypeValue,
    UInt,
    check_int64,
    equal,
    find_key,
    free_of_charge,
    is_number,
    no_overload,
    order,
    to_uint64,
    type_name,
)

MAX_STRING_LENGTH = 2**20
"""Characters that `+`, join and their like may make: a review has at most three times as many."""


def add(left: Any, right: Any) -> Any:
    """Return left + right."""
    kind, other = type(left), type(right)
    if kind is other:
        if kind is int:
            return check_int64(left + right)
        if kind is str or kind is bytes:
            return check_length(left + right)
        if kind is list or kind is float:
            return left + right
        if kind is UInt:
            return to_uint64(left + right)
        if kind is Duration:
            return Duration(left.nanoseconds + right.nanoseconds)
    if (kind is Timestamp and other is Duration) or (kind is Duration and other is Timestamp):
        offset = left.offset if kind is Timestamp else right.offset
        return Timestamp(left.nanoseconds + right.nanoseconds, offset)
    raise no_overload("+", left, right)


def check_length(text: Any) -> Any:
    """Return a string or bytes; raise EvaluationError where it is longer than we make one."""
    if len(text) > MAX_STRING_LENGTH:
        raise EvaluationError(f"a string of more than {MAX_STRING_LENGTH:,} characters")
    return text


def subtract(left: Any, right: Any) -> Any:
    """Return left - right."""
    kind, other = type(left), type(right)
    if kind is other:
        if kind is int:
            return check_int64(left - right)
        if kind is float:
            return left - right
        if kind is UInt:
            return to_uint64(left - right)
        if kind in (Duration, Timestamp):
            return Duration(left.nanoseconds - right.nanoseconds)
    if kind is Timestamp and other is Duration:
        return Timestamp(left.nanoseconds - right.nanoseconds, left.offset)
    raise no_overload("-", left, right)


def multiply(left: Any, right: Any) -> Any:
    """Return left * right."""
    kind = type(left)
    if kind is type(right):
        if kind is int:
            return check_int64(left * right)
        if kind is float:
            return left * right
        if kind is UInt:
            return to_uint64(left * right)
    raise no_overload("*", left, right)


def divide(left: Any, right: Any) -> Any:
    """Return left / right; integers are cut towards zero."""
    kind = type(left)
    if kind is type(right) and is_number(left):
        if kind is float:
            return _divide_floats(left, right)
        if right == 0:
            raise EvaluationError("division by zero")
        quotient = abs(left) // abs(right)
        if kind is UInt:
            return UInt(quotient)
        return check_int64(quotient if (left < 0) == (right < 0) else -quotient)
    raise no_overload("/", left, right)


def _divide_floats(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def modulo(left: Any, right: Any) -> Any:
    """Return left % right, with the sign of left."""
    kind = type(left)
    if kind is type(right) and kind in (int, UInt):
        if right == 0:
            raise EvaluationError("modulus by zero")
        if kind is int and left == MIN_INT64 and right == -1:
            raise EvaluationError("integer overflow")
        remainder = abs(left) % abs(right)
        return kind(-remainder if left < 0 else remainder)
    raise no_overload("%", left, right)


def negate(value: Any) -> Any:
    """Return -value."""
    if type(value) is int:
        return check_int64(-value)
    if type(value) is float:
        return -value
    if type(value) is Duration:
        return Duration(-value.nanoseconds)
    raise no_overload("-", value)


def less(left: Any, right: Any) -> bool:
    """Return whether left < right."""
    ordered = order(left, right)
    if ordered is None:
        raise no_overload("<", left, right)
    return ordered < 0


def less_or_equal(left: Any, right: Any) -> bool:
    """Return whether left <= right."""
    ordered = order(left, right)
    if ordered is None:
        raise no_overload("<=", left, right)
    return ordered <= 0


STRINGS_PER_STEP = 16
"""Strings that are compared in the time of a step: Python does it in C."""


def contains(element: Any, container: Any, charge: Charge = free_of_charge) -> bool:
    """Return whether a list has an element, or a map a key; `charge` as in `equal`."""
    if type(container) is dict:
        return find_key(container, element) is not None
    if type(container) is not list:
        raise no_overload("in", element, container)
    if type(element) is str:
        charge(len(container) // STRINGS_PER_STEP)
        return element in container
    charge(len(container))
    failed: EvaluationError | None = None
    for item in container:
        try:
            if equal(item, element, charge):
                return True
        except EvaluationError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return False


def get_item(container: Any, key: Any) -> Any:
    """Return an element of a list or map."""
    require_key(key)
    if type(container) is dict:
        found = key if type(key) is str and key in container else find_key(container, key)
        if found is None:
            raise EvaluationError(f"no such key: {_shown(key)}")
        return container[found]
    if type(container) is list:
        index = list_index(key)
        if not 0 <= index < len(container):
            raise EvaluationError(f"index out of bounds: {index}")
        return container[index]
    raise EvaluationError(f"no such key: {_shown(key)}")


def require_key(key: Any) -> None:
    """Raise EvaluationError for what can be the key of nothing, such as null and a timestamp."""
    if type(key) not in (str, int, bool, UInt, float):
        raise EvaluationError(f"invalid qualifier type: {type_name(key)}")


def _shown(key: Any) -> str:
    if type(key) is bool:
        return "true" if key else "false"
    return str(key)


def list_index(key: Any) -> int:
    """Return the index for a key of a list; 1.0 and 1u are indices too."""
    if type(key) is float and key.is_integer():
        return int(key)
    if type(key) not in (int, UInt):
        raise EvaluationError(f"unsupported index type '{type_name(key)}' in list")
    return int(key)


def size(value: Any) -> int:
    """Return the number of characters, bytes, elements or keys."""
    if type(value) in (str, bytes, list, dict):
        return len(value)
    raise no_overload("size", value)


def to_int(value: Any) -> int:
    """Return int(value)."""
    kind = type(value)
    if kind is int:
        return int(value)
    if kind is UInt:
        return check_int64(int(value))
    if kind is float:
        if not math.isfinite(value) or abs(value) >= 2**63:
            raise EvaluationError(f"{value} is out of range for a 64-bit integer")
        return check_int64(math.trunc(value))
    if kind is str:
        return check_int64(_parse_integer(value))
    if kind is Timestamp:
        return int(value.nanoseconds // time_values.SECOND)
    if kind is Duration:
        return int(value.nanoseconds)
    raise no_overload("int", value)


def to_uint(value: Any) -> UInt:
    """Return uint(value)."""
    kind = type(value)
    if kind is int or kind is UInt:
        return to_uint64(value)
    if kind is float:
        if not 0 <= value < 2**64:
            raise EvaluationError(f"{value} is out of range for an unsigned 64-bit integer")
        return to_uint64(math.trunc(value))
    if kind is str:
        if not value[:1].isdigit():
            raise EvaluationError(f'"{value[:40]}" is not an unsigned integer')
        return to_uint64(_parse_integer(value))
    raise no_overload("uint", value)


def _parse_integer(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 30:
        raise EvaluationError(f'"{text[:40]}" is not an integer')
    return int(text)


def to_double(value: Any) -> float:
    """Return double(value)."""
    kind = type(value)
    if kind in (int, UInt, float):
        return float(value)
    if kind is str:
        return _parse_double(value)
    raise no_overload("double", value)


_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEXADECIMAL = re.compile(
    r"[+-]?0[xX](?:[0-9A-Fa-f]+\.?[0-9A-Fa-f]*|\.[0-9A-Fa-f]+)[pP][+-]?\d+", re.ASCII
)
_DIGIT_SEPARATOR = re.compile(r"(?<=\d)_(?=\d)", re.ASCII)
_SPECIAL = re.compile(r"(?i)[+-]?inf(?:inity)?|nan")


def _parse_double(text: str) -> float:
    """Return the double that Go's ParseFloat reads: decimal, or hexadecimal with an exponent."""
    try:
        if _SPECIAL.fullmatch(text):
            return float(text)
        text = _DIGIT_SEPARATOR.sub("", text)
        value = math.nan
        if _DECIMAL.fullmatch(text):
            value = float(text)
        elif _HEXADECIMAL.fullmatch(text):
            value = float.fromhex(text)
    except (ValueError, OverflowError):
        value = math.inf
    if not math.isfinite(value):
        raise EvaluationError(f'"{text[:40]}" is not a number')
    return value


def to_string(value: Any) -> str:
    """Return string(value)."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is UInt:
        return int.__repr__(value)
    if kind is float:
        return format_double(value)
    if kind is bytes:
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise EvaluationError("the bytes are not valid UTF-8") from None
    if kind in (Timestamp, Duration) or hasattr(kind, "HAS_TEXT"):
        return str(value)
    raise no_overload("string", value)


def format_double(value: float) -> str:
    """Return a double in its shortest digits, as Go's FormatFloat(value, 'g', -1, 64) has it.

    0.1, 123456, 1.234567e+06, 1e-05: an exponent from a million on and below a ten thousandth.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    # 17 digits distinguish any two doubles.
    shortest = next(spelt for digits in range(17) if float(spelt := f"{value:.{digits}e}") == value)
    exponent = int(shortest.partition("e")[2])
    if exponent < -4 or exponent >= 6:
        return shortest
    return str(int(value)) if value.is_integer() else f"{Decimal(repr(value)):f}"


def to_bool(value: Any) -> bool:
    """Return bool(value)."""
    if type(value) is bool:
        return bool(value)
    if type(value) is str:
        if value in ("1", "t", "T", "TRUE", "true", "True"):
            return True
        if value in ("0", "f", "F", "FALSE", "false", "False"):
            return False
        raise EvaluationError(f'"{value[:40]}" is not a boolean')
    raise no_overload("bool", value)


def to_bytes(value: Any) -> bytes:
    """Return bytes(value)."""
    if type(value) is str:
        return value.encode("utf-8", "surrogatepass")
    if type(value) is bytes:
        return bytes(value)
    raise no_overload("bytes", value)


def to_timestamp(value: Any) -> Timestamp:
    """Return timestamp(value)."""
    if type(value) is str:
        return time_values.parse_timestamp(value)
    if type(value) is int:
        return Timestamp(value * time_values.SECOND)
    if type(value) is Timestamp:
        return value
    raise no_overload("timestamp", value)


def to_duration(value: Any) -> Duration:
    """Return duration(value)."""
    if type(value) is str:
        return time_values.parse_duration(value)
    if type(value) is Duration:
        return value
    raise no_overload("duration", value)


def _string_method(name: str, method: Function) -> Function:
    def checked(text: Any, other: Any) -> Any:
        if type(text) is str and type(other) is str:
            return method(text, other)
        raise no_overload(name, text, other)

    return checked


def _time_getter(name: str) -> Function:
    def get(value: Any, *zone: Any) -> int:
        if type(value) is Timestamp and all(type(word) is str for word in zone):
            return time_values.get_time_field(value, name, *zone)
        if type(value) is Duration and not zone:
            return time_values.duration_in_whole_units(value, name)
        raise no_overload(name, value, *zone)

    return get


def to_base64(value: bytes) -> str:
    """Return bytes as base64: what JSON has in the place of bytes."""
    return base64.b64encode(value).decode()


def _type_of(value: Any) -> TypeValue:
    return TypeValue("type" if type(value) is StructValue else type_name(value))


_GETTERS = (
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
)

STANDARD_FUNCTIONS: dict[str, Function] = {
    "_+_": add,
    "_-_": subtract,
    "_*_": multiply,
    "_/_": divide,
    "_%_": modulo,
    "-_": negate,
    "_==_": equal,
    "_!=_": lambda left, right: not equal(left, right),
    "_<_": less,
    "_<=_": less_or_equal,
    "_>_": lambda left, right: less(right, left),
    "_>=_": lambda left, right: less_or_equal(right, left),
    "_[_]": get_item,
    "@in": contains,
    "size": size,
    "int": to_int,
    "uint": to_uint,
    "double": to_double,
    "string": to_string,
    "bool": to_bool,
    "bytes": to_bytes,
    "timestamp": to_timestamp,
    "duration": to_duration,
    "dyn": lambda value: value,
    "type": _type_of,
    "startsWith": _string_method("startsWith", str.startswith),
    "endsWith": _string_method("endsWith", str.endswith),
    "contains": _string_method("contains", str.__contains__),
    "matches": _string_method("matches", matches),
    **{name: _time_getter(name) for name in _GETTERS},
}
"""By name; the target of a method is the first argument."""
