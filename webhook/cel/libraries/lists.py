"""Lists: Kubernetes' own functions (since the first release), and CEL's list extension (1.34).

Source: k8s.io/apiserver pkg/cel/library/lists.go; google/cel-go ext/lists.go, version 3.
"""

from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.stdlib import add
from webhook.cel.values import (
    ABSENT,
    EvaluationError,
    OptionalValue,
    comparable,
    equal,
    no_overload,
)

_MAX_RANGE = 100_000
"""Elements that lists.range makes."""


def is_sorted(items: Any) -> bool:
    """Tell whether no element is greater than its successor."""
    _require_list("isSorted", items)
    return all(compare(left, right) <= 0 for left, right in pairwise(items))


def sum_elements(items: Any) -> Any:
    """Return the sum; 0 of an empty list."""
    _require_list("sum", items)
    if not items:
        return 0
    result = items[0]
    for item in items[1:]:
        result = add(result, item)
    if type(result) in (str, bytes, bool, list, dict):
        raise no_overload("sum", items)
    return result


def max_element(items: Any) -> Any:
    """Return the greatest element."""
    return _extreme_element("max", items, 1)


def min_element(items: Any) -> Any:
    """Return the least element."""
    return _extreme_element("min", items, -1)


def _extreme_element(name: str, items: Any, sign: int) -> Any:
    _require_list(name, items)
    if not items:
        raise EvaluationError(f"{name} called on empty list")
    extreme = items[0]
    for item in items[1:]:
        if compare(item, extreme) * sign > 0:
            extreme = item
    return extreme


def index_of(items: Any, element: Any) -> int:
    """Return the index of the first equal element, -1 if there is none."""
    _require_list("indexOf", items)
    return next((n for n, item in enumerate(items) if equal(item, element)), -1)


def last_index_of(items: Any, element: Any) -> int:
    """Return the index of the last equal element, -1 if there is none."""
    _require_list("lastIndexOf", items)
    return next((n for n in reversed(range(len(items))) if equal(items[n], element)), -1)


def compare(left: Any, right: Any) -> int:
    """Return -1, 0 or 1: how two values are ordered."""
    if not comparable(left, right):
        raise no_overload("<", left, right)
    return int(left > right) - int(left < right)


def distinct(items: Any) -> list[Any]:
    """Return the elements without those that equal an earlier one."""
    _require_list("distinct", items)
    result: list[Any] = []
    seen_strings: set[str] = set()
    for item in items:
        if type(item) is str:
            if item not in seen_strings:
                seen_strings.add(item)
                result.append(item)
        elif not any(equal(item, other) for other in result):
            result.append(item)
    return result


def flatten(items: Any, depth: Any = 1) -> list[Any]:
    """Return the elements with lists among them unpacked, `depth` levels deep."""
    _require_list("flatten", items)
    if type(depth) is not int:
        raise no_overload("flatten", items, depth)
    if depth < 0:
        raise EvaluationError("flatten to a negative depth")
    for _ in range(depth):
        if not any(type(item) is list for item in items):
            break
        items = [inner for item in items for inner in (item if type(item) is list else [item])]
    return list(items)


def slice_list(items: Any, start: Any, end: Any) -> list[Any]:
    """Return the elements from `start` up to, not including, `end`."""
    _require_list("slice", items)
    if type(start) is not int or type(end) is not int:
        raise no_overload("slice", items, start, end)
    if not 0 <= start <= end <= len(items):
        raise EvaluationError(f"slice({start}, {end}) of a list of {len(items)}")
    return list(items[start:end])


def sort(items: Any) -> list[Any]:
    """Return the elements in ascending order."""
    _require_list("sort", items)
    return sorted(items, key=cmp_to_key(compare))


def sort_by_keys(items: Any, keys: Any) -> list[Any]:
    """Return the elements in the order of their keys."""
    _require_list("sortBy", items)
    ordered = sorted(range(len(items)), key=cmp_to_key(lambda a, b: compare(keys[a], keys[b])))
    return [items[number] for number in ordered]


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


def make_range(end: Any) -> list[int]:
    """Return 0, 1, … up to, not including, `end`."""
    if type(end) is not int:
        raise no_overload("lists.range", end)
    if end > _MAX_RANGE:
        raise EvaluationError(f"lists.range({end}): at most {_MAX_RANGE:,} are made")
    return list(range(end))


def _require_list(name: str, items: Any) -> None:
    if type(items) is not list:
        raise no_overload(name, items)


LISTS = Library(
    "lists",
    1,
    {
        "isSorted": ("list<A>.isSorted() -> bool",),
        "sum": ("list<A>.sum() -> A",),
        "min": ("list<A>.min() -> A",),
        "max": ("list<A>.max() -> A",),
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
        "sort": ("list<A>.sort() -> list<A>",),
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
    extension={"name": "lists"},
)
