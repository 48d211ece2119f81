"""Optional values (Kubernetes 1.28). `.?`, `[?]`, or, orValue, optMap are in `evaluate`.

Source: google/cel-go cel/library.go, OptionalTypes.
"""

from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.time_values import MIN_NANOSECONDS, Duration, Timestamp
from webhook.cel.values import (
    ABSENT,
    EvaluationError,
    OptionalValue,
    StructValue,
    UInt,
    no_overload,
)


def optional_of(value: Any) -> OptionalValue:
    """Return an optional that has a value."""
    return OptionalValue(value, present=True)


def optional_of_non_zero(value: Any) -> OptionalValue:
    """Return an optional that has a value unless that is null, false, 0 or empty."""
    kind = type(value)
    zero = value is None or (kind in (bool, int, UInt, float, str, bytes, list, dict) and not value)
    zero = zero or (kind is Duration and value.nanoseconds == 0)
    zero = zero or (kind is Timestamp and value.nanoseconds == MIN_NANOSECONDS)
    zero = zero or (kind is StructValue and not value.fields)
    return ABSENT if zero else optional_of(value)


def has_value(optional: Any) -> bool:
    """Return whether there is a value."""
    return _require_optional("hasValue", optional).present


def get_value(optional: Any) -> Any:
    """Return the value; raise EvaluationError where there is none."""
    if not _require_optional("value", optional).present:
        raise EvaluationError("optional.none() dereference")
    return optional.value


def unwrap(optionals: Any) -> list[Any]:
    """Return the values of a list of optionals that have one."""
    if type(optionals) is not list or any(type(item) is not OptionalValue for item in optionals):
        raise no_overload("optional.unwrap", optionals)
    return [item.value for item in optionals if item.present]


def _require_optional(name: str, optional: Any) -> OptionalValue:
    if type(optional) is not OptionalValue:
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
        "optional.unwrap": ("optional.unwrap(list<optional<A>>) -> list<A>",),
        "unwrapOpt": ("list<optional<A>>.unwrapOpt() -> list<A>",),
        "optMap": ("optional<A>.optMap(name, expression) -> optional<B>",),
        "optFlatMap": ("optional<A>.optFlatMap(name, expression) -> optional<B>",),
    },
    {
        "optional.of": optional_of,
        "optional.ofNonZeroValue": optional_of_non_zero,
        "optional.none": lambda: ABSENT,
        "hasValue": has_value,
        "value": get_value,
        "optional.unwrap": unwrap,
        "unwrapOpt": unwrap,
    },
    macros=frozenset({"optMap", "optFlatMap"}),
)
