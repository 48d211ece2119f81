"""Quantities: 500m, 2Gi (Kubernetes 1.28).

Source: k8s.io/apiserver pkg/cel/library/quantity.go; k8s.io/apimachinery pkg/api/resource.
Exact: a quantity is a whole number of billionths (nano) here; what is finer Kubernetes rounds up
when it reads it.
"""

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from webhook.cel.signatures import Library
from webhook.cel.values import MAX_INT64, EvaluationError, no_overload
from webhook.graph.k8s_syntax import NANO, POWERS_OF_TWO

_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([a-zA-Z]*|[eE][+-]?\d+)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_INT64_DIGITS = 18
"""Decimal digits that an int64 holds for sure."""
_MAX_LENGTH = 64
"""Characters of a quantity. Kubernetes accepts longer ones, which nobody writes."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount of a resource, in billionths.

    scale  the power of ten of what was written, where Kubernetes keeps the amount as an int64:
           0 of "1", -1 of "1.0". None: it keeps a decimal, which is not an integer to it
    """

    CEL_NAME: ClassVar[str] = "kubernetes.Quantity"
    STRICT_EQUALITY: ClassVar[bool] = True
    BY_ADDRESS: ClassVar[bool] = True
    nano: int
    scale: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return str(_divide(self.nano, NANO))


def parse_quantity(text: Any) -> Quantity:
    """Return the Quantity of a text; raise EvaluationError if it is invalid."""
    if type(text) is not str:
        raise no_overload("quantity", text)
    return _parse_cached(text)


@lru_cache(1024)
def _parse_cached(text: str) -> Quantity:
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise EvaluationError(f'"{text[:40]}" is not a quantity such as "500m" or "2Gi"')
    sign, digits, suffix = match.groups()
    whole, _, fraction = digits.partition(".")
    amount, exponent = int(whole + fraction or "0"), 9 - len(fraction)
    scale = _int64_scale(whole.lstrip("0"), fraction, suffix)
    if suffix in POWERS_OF_TWO:
        amount *= 2 ** POWERS_OF_TWO[suffix]
    elif (power := _decimal_power(suffix)) is not None:
        exponent += power
    else:
        raise EvaluationError(f'"{text[:40]}" has an unknown suffix: {suffix}')
    # Finer than nano is rounded away from zero. Binary ones are cut off at 2^63 - 1.
    nano = amount * 10**exponent if exponent >= 0 else -(-amount // 10**-exponent)
    if suffix in POWERS_OF_TWO and scale is None:
        nano = min(nano, MAX_INT64 * NANO)
    return Quantity(-nano if sign == "-" else nano, scale)


def _decimal_power(suffix: str) -> int | None:
    if suffix in _DECIMAL:
        return _DECIMAL[suffix]
    if suffix[:1] in ("e", "E") and len(suffix) <= 5 and suffix[1:].lstrip("+-").isdigit():
        return int(suffix[1:])
    return None


def _int64_scale(whole: str, fraction: str, suffix: str) -> int | None:
    """Return the scale with which Kubernetes keeps a text as an int64, None if it does not.

    Source: k8s.io/apimachinery pkg/api/resource/quantity.go, ParseQuantity's fast path.
    """
    if suffix in POWERS_OF_TWO:
        power = POWERS_OF_TWO[suffix]
        fits = not fraction and 15 - len(whole) - power * 3 // 10 - 1 >= 0
        return 0 if fits else None
    scale = (_decimal_power(suffix) or 0) - len(fraction)
    return scale if len(whole) + len(fraction) <= _INT64_DIGITS and scale >= -9 else None


def is_quantity(text: Any) -> bool:
    """Return whether a text is a quantity."""
    if type(text) is not str:
        raise no_overload("isQuantity", text)
    try:
        parse_quantity(text)
    except EvaluationError:
        return False
    return True


def add(left: Any, right: Any) -> Quantity:
    """Return left + right, a quantity or an int."""
    return _sum("add", left, right, 1)


def subtract(left: Any, right: Any) -> Quantity:
    """Return left - right, a quantity or an int."""
    return _sum("sub", left, right, -1)


def _sum(name: str, left: Any, right: Any, sign: int) -> Quantity:
    if type(left) is not Quantity:
        raise no_overload(name, left, right)
    if type(right) is int:
        right = Quantity(right * NANO, 0)
    nano = left.nano + sign * _to_nano(name, right)
    if left.scale is None or right.scale is None:
        return Quantity(nano)
    if left.nano == 0 or right.nano == 0:
        return Quantity(nano, right.scale if left.nano == 0 else left.scale)
    scale = min(left.scale, right.scale)
    unit = 10 ** (9 + scale)
    fits = all(abs(part) <= MAX_INT64 * unit for part in (left.nano, right.nano, nano))
    return Quantity(nano, scale if fits else None)


def as_integer(value: Any) -> int:
    """Return a quantity as an int; raise EvaluationError where Kubernetes has none."""
    if not is_integer(value):
        raise EvaluationError("cannot convert value to integer")
    return _to_nano("asInteger", value) // NANO


def is_integer(value: Any) -> bool:
    """Return whether Kubernetes keeps a quantity as an int64: "1", not "1.0" and not "1Ei"."""
    nano = _to_nano("isInteger", value)
    return value.scale is not None and value.scale >= 0 and abs(nano) <= MAX_INT64 * NANO


def as_float(value: Any) -> float:
    """Return a quantity as a double, in Kubernetes' steps: the digits times a power of ten."""
    nano = _to_nano("asApproximateFloat", value)
    scale = -9 if value.scale is None else value.scale
    if scale == 0:
        return float(nano // NANO)
    return _divide(nano // 10 ** (9 + scale), 1) * float(f"1e{scale}")


def _divide(number: int, divisor: int) -> float:
    """Return the nearest double; infinity where there is none."""
    try:
        return number / divisor
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def get_sign(value: Any) -> int:
    """Return -1, 0 or 1."""
    amount = _to_nano("sign", value)
    return (amount > 0) - (amount < 0)


def _to_nano(name: str, value: Any) -> int:
    if type(value) is Quantity:
        return value.nano
    raise no_overload(name, value)


def _compare(name: str, left: Any, right: Any) -> int:
    first, second = _to_nano(name, left), _to_nano(name, right)
    return (first > second) - (first < second)


_Q = "kubernetes.Quantity"

QUANTITY = Library(
    "quantity",
    28,
    {
        "quantity": (f"quantity(string) -> {_Q}",),
        "isQuantity": ("isQuantity(string) -> bool",),
        "sign": (f"sign({_Q}) -> int",),
        "isGreaterThan": (f"{_Q}.isGreaterThan({_Q}) -> bool",),
        "isLessThan": (f"{_Q}.isLessThan({_Q}) -> bool",),
        "compareTo": (f"{_Q}.compareTo({_Q}) -> int",),
        "asApproximateFloat": (f"{_Q}.asApproximateFloat() -> double",),
        "asInteger": (f"{_Q}.asInteger() -> int",),
        "isInteger": (f"{_Q}.isInteger() -> bool",),
        "add": (f"{_Q}.add({_Q}) -> {_Q}", f"{_Q}.add(int) -> {_Q}"),
        "sub": (f"{_Q}.sub({_Q}) -> {_Q}", f"{_Q}.sub(int) -> {_Q}"),
    },
    {
        "quantity": parse_quantity,
        "isQuantity": is_quantity,
        "sign": get_sign,
        "isGreaterThan": lambda left, right: _compare("isGreaterThan", left, right) > 0,
        "isLessThan": lambda left, right: _compare("isLessThan", left, right) < 0,
        "compareTo": lambda left, right: _compare("compareTo", left, right),
        "asApproximateFloat": as_float,
        "asInteger": as_integer,
        "isInteger": is_integer,
        "add": add,
        "sub": subtract,
    },
    receiver_type=Quantity,
)
