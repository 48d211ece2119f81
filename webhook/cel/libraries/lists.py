"""Lists: Kubernetes' own functions (since the first release), and CEL's list extension (1.34).

Source: k8s.io/apiserver pkg/cel/library/lists.go; google/cel-go ext/lists.go, version 3.
"""

from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.stdlib import add
from webhook.cel.time_values import Duration, Timestamp
from webhook.cel.values import (
    ABSENT,
    Charge,
    EvaluationError,
    Function,
    OptionalValue,
    UInt,
    equal,
    free_of_charge,
    no_overload,
    order,
)

_MAX_RANGE = 100_000
"""Elements that lists.range makes."""


def is_sorted(items: Any) -> bool:
    """Return whether no element is greater than its successor."""
    _require_comparable("isSorted", items)
    return all(compare(left, right) <= 0 for left, right in pairwise(items))


def sum_elements(items: Any) -> Any:
    """Return the sum; 0 of an empty list."""
    _require_list("sum", items)
    if not items:
        return 0
    if type(items[0]) not in _SUMMABLE_TYPES:
        raise no_overload("sum", items)
    result = items[0]
    for item in items[1:]:
        result = add(result, item)
    return result


def max_element(items: Any) -> Any:
    """Return the greatest element."""
    return _extreme_element("max", items, 1)


def min_element(items: Any) -> Any:
    """Return the least element."""
    return _extreme_element("min", items, -1)


def _extreme_element(name: str, items: Any, sign: int) -> Any:
    _require_comparable(name, items)
    if not items:
        raise EvaluationError(f"{name} called on empty list")
    extreme = items[0]
    for item in items[1:]:
        if compare(item, extreme) * sign > 0:
            extreme = item
    return extreme


def index_of(items: Any, element: Any, *start: Any) -> int:
    """Return the index of the first equal element, -1 if there is none."""
    if type(items) is not list or start:
        raise no_overload("indexOf", items, element, *start)
    return next((n for n, item in enumerate(items) if equal(item, element)), -1)


def last_index_of(items: Any, element: Any, *end: Any) -> int:
    """Return the index of the last equal element, -1 if there is none."""
    if type(items) is not list or end:
        raise no_overload("lastIndexOf", items, element, *end)
    return next((n for n in reversed(range(len(items))) if equal(items[n], element)), -1)


def compare(left: Any, right: Any) -> int:
    """Return -1, 0 or 1: how two values are ordered; 0 for "a" and 1, as in Kubernetes."""
    for value in (left, right):
        if type(value) not in COMPARABLE_TYPES:
            raise EvaluationError("no such overload")
    try:
        return order(left, right) or 0
    except EvaluationError:
        return 0


def distinct(items: Any, charge: Charge = free_of_charge) -> list[Any]:
    """Return the elements without those that equal an earlier one."""
    _require_list("distinct", items)
    result: list[Any] = []
    seen_strings: set[str] = set()
    charge(len(items))
    for item in items:
        if type(item) is str:
            if item not in seen_strings:
                seen_strings.add(item)
                result.append(item)
            continue
        charge(len(result))
        if not any(_equal_in_list(item, other, charge) for other in result):
            result.append(item)
    return result


def _equal_in_list(left: Any, right: Any, charge: Charge) -> bool:
    try:
        return equal(left, right, charge)
    except EvaluationError:
        return False


def flatten(items: Any, depth: Any = 1, *, charge: Charge = free_of_charge) -> list[Any]:
    """Return the elements with lists among them unpacked, `depth` levels deep."""
    _require_list("flatten", items)
    if type(depth) is not int:
        raise no_overload("flatten", items, depth)
    if depth < 0:
        raise EvaluationError("the depth of flatten must not be negative")
    for _ in range(depth):
        if not any(type(item) is list for item in items):
            break
        charge(sum(len(item) if type(item) is list else 1 for item in items))
        items = [inner for item in items for inner in (item if type(item) is list else [item])]
    return list(items)


def slice_list(items: Any, start: Any, end: Any) -> list[Any]:
    """Return the elements from `start` up to, not including, `end`."""
    if type(items) is not list or type(start) is not int or type(end) is not int:
        raise no_overload("slice", items, start, end)
    if not 0 <= start <= end <= len(items):
        raise EvaluationError(
            f"slice({start}, {end}): index out of range, the list has {len(items)} elements"
        )
    return list(items[start:end])


def sort(items: Any) -> list[Any]:
    """Return the elements in ascending order."""
    return sort_by_keys(items, items)


def sort_by_keys(items: Any, keys: Any) -> list[Any]:
    """Return the elements in the order of their keys."""
    if type(items) is not list or type(keys) is not list:
        raise no_overload("sort", items)
    if keys and type(keys[0]) not in COMPARABLE_TYPES:
        raise no_overload("sort", items)
    if len({type(key) for key in keys}) > 1:
        raise EvaluationError("list elements must have the same type")
    as_key = cmp_to_key(compare)
    ordered = sorted(zip(keys, items, strict=True), key=lambda pair: as_key(pair[0]))
    return [item for _, item in ordered]


def reverse(items: Any) -> list[Any]:
    """Return the elements, last first."""
    _require_list("reverse", items)
    return list(items[::-1])


def first(items: Any) -> OptionalValue:
    """Return the first element, if there is one."""
    _require_list("first", items)
    return OptionalValue(items[0], present=True) if items else ABSENT


def last(items: Any) -> OptionalValue:
    """Return the last element, if there is one."""
    _require_list("last", items)
    return OptionalValue(items[-1], present=True) if items else ABSENT


def make_range(end: Any, charge: Charge = free_of_charge) -> list[int]:
    """Return 0, 1, … up to, not including, `end`; counted before any of them is made."""
    if type(end) is not int:
        raise no_overload("lists.range", end)
    charge(max(end, 0))
    if end > _MAX_RANGE:
        raise EvaluationError(f"lists.range({end}): at most {_MAX_RANGE:,} elements are allowed")
    return list(range(end))


_SUMMABLE_TYPES = (int, UInt, float, Duration)
COMPARABLE_TYPES = (int, UInt, float, bool, Duration, Timestamp, str, bytes)


def _require_comparable(name: str, items: Any) -> None:
    if type(items) is not list or (items and type(items[0]) not in COMPARABLE_TYPES):
        raise no_overload(name, items)


def _require_list(name: str, items: Any) -> None:
    if type(items) is not list:
        raise no_overload(name, items)


_COMPARABLE = "(T: int, uint, double, bool, duration, timestamp, string, bytes)"
_SUMMABLE = "(T: int, uint, double, duration)"

LISTS = Library(
    "lists",
    1,
    {
        "isSorted": (f"list<T>.isSorted() -> bool {_COMPARABLE}",),
        "sum": (f"list<T>.sum() -> T {_SUMMABLE}",),
        "min": (f"list<T>.min() -> T {_COMPARABLE}",),
        "max": (f"list<T>.max() -> T {_COMPARABLE}",),
        "indexOf": ("list<A>.indexOf(A) -> int",),
        "lastIndexOf": ("list<A>.lastIndexOf(A) -> int",),
    },
    {
        "isSorted": is_sorted,
        "sum": sum_elements,
        "min": min_element,
        "max": max_element,
        "indexOf": index_of,
        "lastIndexOf": last_index_of,
    },
    receiver_type=list,
)

LISTS_EXTENSION = Library(
    "lists extension",
    34,
    {
        "distinct": ("list<A>.distinct() -> list<A>",),
        "flatten": ("list<list<A>>.flatten() -> list<A>", "list<dyn>.flatten(int) -> list<dyn>"),
        "slice": ("list<A>.slice(int, int) -> list<A>",),
        "sort": (f"list<T>.sort() -> list<T> {_COMPARABLE}",),
        "sortBy": ("list<A>.sortBy(element, key) -> list<A>",),
        "reverse": ("list<A>.reverse() -> list<A>",),
        "first": ("list<A>.first() -> optional<A>",),
        "last": ("list<A>.last() -> optional<A>",),
        "lists.range": ("lists.range(int) -> list<int>",),
    },
    {
        "distinct": distinct,
        "flatten": flatten,
        "slice": slice_list,
        "sort": sort,
        "@sortByAssociatedKeys": sort_by_keys,
        "reverse": reverse,
        "first": first,
        "last": last,
        "lists.range": make_range,
    },
    macros=frozenset({"sortBy"}),
    hidden={
        "@sortByAssociatedKeys": (
            f"list<A>.@sortByAssociatedKeys(list<T>) -> list<A> {_COMPARABLE}",
        )
    },
)

LINEAR_FUNCTIONS: dict[str, Function] = {
    "isSorted": is_sorted,
    "sum": sum_elements,
    "min": min_element,
    "max": max_element,
    "slice": slice_list,
    "reverse": reverse,
}
"""Functions that visit each element once."""
