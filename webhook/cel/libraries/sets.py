"""Lists as sets (Kubernetes 1.29). Source: google/cel-go ext/sets.go."""

from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.stdlib import contains
from webhook.cel.values import Charge, free_of_charge, no_overload


def contains_all(items: Any, elements: Any, charge: Charge = free_of_charge) -> bool:
    """Return whether every one of `elements` is in `items`."""
    _require_lists("sets.contains", items, elements)
    return all(contains(element, items, charge) for element in _counted(elements, charge))


def equivalent(left: Any, right: Any, charge: Charge = free_of_charge) -> bool:
    """Return whether two lists have the same elements, order and repetition aside."""
    _require_lists("sets.equivalent", left, right)
    return contains_all(left, right, charge) and contains_all(right, left, charge)


def intersects(left: Any, right: Any, charge: Charge = free_of_charge) -> bool:
    """Return whether two lists share an element."""
    _require_lists("sets.intersects", left, right)
    return any(contains(element, right, charge) for element in _counted(left, charge))


def _counted(items: list[Any], charge: Charge) -> list[Any]:
    charge(len(items))
    return items


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
