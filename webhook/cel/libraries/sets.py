"""Lists as sets (Kubernetes 1.29). Source: google/cel-go ext/sets.go."""

from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.stdlib import contains
from webhook.cel.values import no_overload


def contains_all(items: Any, elements: Any) -> bool:
    """Tell whether every element of `wanted` is in `items`."""
    _require_lists("sets.contains", items, elements)
    return all(contains(element, items) for element in elements)


def equivalent(left: Any, right: Any) -> bool:
    """Tell whether two lists have the same elements, order and repetition aside."""
    _require_lists("sets.equivalent", left, right)
    return contains_all(left, right) and contains_all(right, left)


def intersects(left: Any, right: Any) -> bool:
    """Tell whether two lists share an element."""
    _require_lists("sets.intersects", left, right)
    return any(contains(element, right) for element in left)


def _require_lists(name: str, left: Any, right: Any) -> None:
    if type(left) is not list or type(right) is not list:
        raise no_overload(name, left, right)


SETS = Library(
    "sets",
    29,
    {
        "sets.contains": ("sets.contains(list<A>, list<A>) -> bool",),
        "sets.equivalent": ("sets.equivalent(list<A>, list<A>) -> bool",),
        "sets.intersects": ("sets.intersects(list<A>, list<A>) -> bool",),
    },
    {
        "sets.contains": contains_all,
        "sets.equivalent": equivalent,
        "sets.intersects": intersects,
    },
)
