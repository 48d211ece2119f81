"""Quantities: 500m, 2Gi (Kubernetes 1.28).

Source: k8s.io/apiserver pkg/cel/library/quantity.go; k8s.io/apimachinery pkg/api/resource.
Exact: a quantity is a whole number of billionths (nano) here; what is finer Kubernetes rounds up
when it reads it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from webhook.cel.signatures import Library
from webhook.cel.values import MAX_INT64, EvaluationError, no_overload

_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([a-zA-Z]*|[eE][+-]?\d+)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_NANO = 10**9
_MAX_LENGTH = 64
"""Characters of a quantity. Kubernetes takes longer ones; nobody writes them."""


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """An amount of a resource, in billionths."""

    CEL_NAME: ClassVar[str] = "kubernetes.Quantity"
    nano: int

    def __str__(self) -> str:
        return str(self.nano / _NANO)


def parse_quantity(text: Any) -> Quantity:
    """Return the Quantity of a text; raise EvaluationError where it is none."""
    if type(text) is not str:
        raise no_overload("quantity", text)
    return _parse_cached(text)


@lru_cache(1024)
def _parse_cached(text: str) -> Quantity:
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise EvaluationError(f'"{text[:40]}" is no quantity such as "500m" or "2Gi"')
    sign, digits, suffix = match.groups()
    whole, _, fraction = digits.partition(".")
    amount, exponent = int(whole + fraction or "0"), 9 - len(fraction)
    if suffix in _BINARY:
        amount *= 2 ** _BINARY[suffix]
    elif suffix in _DECIMAL:
        exponent += _DECIMAL[suffix]
    elif suffix[:1] in ("e", "E") and len(suffix) <= 5 and suffix[1:].lstrip("+-").isdigit():
        exponent += int(suffix[1:])
    else:
        raise EvaluationError(f'"{text[:40]}" has no unit of quantities: {suffix}')
    # Finer than nano is rounded away from zero; more than 2^63 - 1 is cut off there.
    nano = amount * 10**exponent if exponent >= 0 else -(-amount // 10**-exponent)
    nano = min(nano, MAX_INT64 * _NANO)
    return Quantity(-nano if sign == "-" else nano)


def is_quantity(text: Any) -> bool:
    """Tell whether a text is a quantity."""
    try:
        parse_quantity(text)
    except EvaluationError:
        return False
    return True


def add(left: Any, right: Any) -> Quantity:
    """Return left + right, a quantity or an int."""
    return Quantity(_to_nano("add", left) + _to_nano("add", right))


def subtract(left: Any, right: Any) -> Quantity:
    """Return left - right, a quantity or an int."""
    return Quantity(_to_nano("sub", left) - _to_nano("sub", right))


def as_integer(value: Any) -> int:
    """Return a quantity as an int; raise EvaluationError where it is no whole number."""
    if not is_integer(value):
        raise EvaluationError("cannot convert value to integer")
    return _to_nano("asInteger", value) // _NANO


def is_integer(value: Any) -> bool:
    """Tell whether a quantity is a whole number that 64 bits hold."""
    nano = _to_nano("isInteger", value)
    return nano % _NANO == 0 and abs(nano) <= MAX_INT64 * _NANO


def get_sign(value: Any) -> int:
    """Return -1, 0 or 1."""
    amount = _to_nano("sign", value)
    return (amount > 0) - (amount < 0)


def _to_nano(name: str, value: Any) -> int:
    if type(value) is Quantity:
        return value.nano
    if type(value) is int and name in ("add", "sub"):
        return value * _NANO
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
        "asApproximateFloat": lambda value: _to_nano("asApproximateFloat", value) / _NANO,
        "asInteger": as_integer,
        "isInteger": is_integer,
        "add": add,
        "sub": subtract,
    },
    receiver_type=Quantity,
)
