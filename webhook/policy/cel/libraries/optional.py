"""Optional values (Kubernetes 1.28). `.?`, `[?]`, or, orValue, optMap are in `evaluate`.

Source: google/cel-go cel/library.go, OptionalTypes.
"""

from typing import Any

from webhook.policy.cel.signatures import Library
from webhook.policy.cel.values import NONE, EvaluationError, Optional, UInt, no_overload


def of(value: Any) -> Optional:
    """Return an optional that has a value."""
    return Optional(value, present=True)


def of_non_zero(value: Any) -> Optional:
    """Return an optional that has a value unless that is null, false, 0 or empty."""
    kind = type(value)
    zero = value is None or (kind in (bool, int, UInt, float, str, bytes, list, dict) and not value)
    return NONE if zero else of(value)


def has_value(optional: Any) -> bool:
    """Tell whether there is a value."""
    return _check("hasValue", optional).present


def value_of(optional: Any) -> Any:
    """Return the value; raise EvaluationError where there is none."""
    if not _check("value", optional).present:
        raise EvaluationError("optional.none() dereference")
    return optional.value


def _check(name: str, optional: Any) -> Optional:
    if type(optional) is not Optional:
        raise no_overload(name, optional)
    return optional


OPTIONAL = Library(
    "optional",
    28,
    {
        "optional.of": ("optional.of(A) -> optional<A>",),
        "optional.ofNonZeroValue": ("optional.ofNonZeroValue(A) -> optional<A>",),
        "optional.none": ("optional.none() -> optional<A>",),
        "hasValue": ("optional<A>.hasValue() -> bool",),
        "value": ("optional<A>.value() -> A",),
        "or": ("optional<A>.or(optional<A>) -> optional<A>",),
        "orValue": ("optional<A>.orValue(A) -> A",),
        "optMap": ("optional<A>.optMap(name, expression) -> optional<B>",),
        "optFlatMap": ("optional<A>.optFlatMap(name, expression) -> optional<B>",),
    },
    {
        "optional.of": of,
        "optional.ofNonZeroValue": of_non_zero,
        "optional.none": lambda: NONE,
        "hasValue": has_value,
        "value": value_of,
    },
    extension={"name": "optional"},
)
