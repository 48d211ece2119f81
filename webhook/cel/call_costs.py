"""What calls cost whose cost depends on their values, in Kubernetes' units.

Source: google/cel-go interpreter/runtimecost.go, ext/sets.go, ext/lists.go (v0.26);
k8s.io/apiserver pkg/cel/library/cost.go.
"""

from collections.abc import Callable, Sequence
from typing import Any

from webhook.cel.values import Charge, OptionalValue, free_of_charge, from_key

CallCost = Callable[[Sequence[Any], Any], int]
"""Units of one call, by its arguments (the target of a method first) and its result."""

_LIST = 10
"""What making a list costs (common.ListCreateBaseCost)."""


def size(value: Any) -> int:
    """Return the size of a value as it is counted: 1 of whatever has none."""
    kind = type(value)
    if kind is str or kind is list or kind is dict or kind is bytes:
        return len(value)
    if kind is OptionalValue and value.present:
        return size(value.value)
    return 1


def _tenth(number: int) -> int:
    """Return a tenth, rounded up: the cost of traversing that many characters."""
    return -(-number // 10)


def traversed(arguments: Sequence[Any], _: Any) -> int:
    """Return what reading a text costs."""
    return _tenth(size(arguments[0]))


def _traversed_twice(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(2 * size(arguments[0]))


def size_of_second(arguments: Sequence[Any], _: Any) -> int:
    """Return what looking through a list costs."""
    return size(arguments[1])


def equality_units(left: Any, right: Any) -> int:
    """Return what comparing two values costs."""
    return _tenth(min(size(left), size(right)))


def equality(arguments: Sequence[Any], _: Any) -> int:
    """Return what `==` costs."""
    return equality_units(*arguments)


def comparison(arguments: Sequence[Any], _: Any) -> int:
    """Return what ordering two texts costs."""
    return _tenth(min(size(arguments[0]), size(arguments[1])))


def concatenation(arguments: Sequence[Any], _: Any) -> int:
    """Return what joining two texts costs."""
    return _tenth(size(arguments[0]) + size(arguments[1]))


def _matching(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(1 + size(arguments[0])) * -(-size(arguments[1]) // 4)


def _containing(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(size(arguments[0])) * _tenth(size(arguments[1]))


def traversal(arguments: Sequence[Any], _: Any, charge: Charge = free_of_charge) -> int:
    """Return what going through a value and all in it costs.

    charge  is called with the number of elements visited: short texts cost nothing in Kubernetes'
            units
    """
    pending, units = [arguments[0]], 0
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind is str:
            units += len(value.encode()) // 10
        elif kind is bytes:
            units += len(value) // 10
        elif kind is list:
            charge(len(value))
            pending += value
        elif kind is dict:
            charge(len(value))
            pending += map(from_key, value)
            pending += value.values()
        else:
            units += 1
    return units


_PATTERN_SIZES = {
    **dict.fromkeys(("dns1123Label", "dns1035Label"), 30),
    **dict.fromkeys(("dns1123LabelPrefix", "dns1035LabelPrefix"), 30),
    **dict.fromkeys(("dns1123Subdomain", "dns1123SubdomainPrefix", "qualifiedName"), 60),
    "labelValue": 40,
}
"""MaxRegexSize of formats (pkg/cel/library/format.go)."""


def _validated(arguments: Sequence[Any], _: Any) -> int:
    format_, text = arguments
    pattern = _PATTERN_SIZES.get(getattr(format_, "name", ""), 60)
    return _tenth(1 + size(text)) * -(-pattern // 4)


def _contained_network(arguments: Sequence[Any], _: Any) -> int:
    outer, inner = arguments
    octets = -(-getattr(outer, "prefix_length", 8) // 8)
    parsed = _tenth(len(inner)) if type(inner) is str else 0
    return _tenth(2 * octets) + _tenth(octets) + 1 + parsed


def _contained_address(arguments: Sequence[Any], _: Any) -> int:
    outer, inner = arguments
    octets = -(-getattr(outer, "prefix_length", 8) // 8)
    return _tenth(2 * octets) + (_tenth(len(inner)) if type(inner) is str else 0)


def _joined(_: Sequence[Any], result: Any) -> int:
    return _tenth(2 * size(result))


def _set_product(factor: int) -> CallCost:
    return lambda arguments, _: 1 + factor * size(arguments[0]) * size(arguments[1])


def _made_list(_: Sequence[Any], result: Any) -> int:
    return 1 + _LIST + size(result)


def _flattened(arguments: Sequence[Any], _: Any) -> int:
    depth = arguments[1] if len(arguments) > 1 else 1
    return 1 + _LIST + size(arguments[0]) * int(depth)


def _compared_with_itself(place: int) -> CallCost:
    def units(arguments: Sequence[Any], _: Any) -> int:
        items = arguments[place]
        pairs = size(items) ** 2
        of_text = type(items) is list and bool(items) and type(items[0]) in (str, bytes)
        return 1 + _LIST + (pairs * 21 // 10 if of_text else 2 * pairs)

    return units


COST_BY_FUNCTION: dict[str, CallCost] = {
    "matches": _matching,
    "find": _matching,
    "findAll": _matching,
    "contains": _containing,
    "join": _joined,
    "validate": _validated,
    "containsCIDR": _contained_network,
    "containsIP": _contained_address,
    "sets.contains": _set_product(1),
    "sets.intersects": _set_product(1),
    "sets.equivalent": _set_product(2),
    "slice": _made_list,
    "lists.range": _made_list,
    "reverse": _made_list,
    "flatten": _flattened,
    "distinct": _compared_with_itself(0),
    "sort": _compared_with_itself(0),
    "@sortByAssociatedKeys": _compared_with_itself(1),
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), traversal),
    **dict.fromkeys(("replace", "split", "ip.isCanonical"), _traversed_twice),
    **dict.fromkeys(
        (
            *("startsWith", "endsWith", "strings.quote", "format", "url", "lowerAscii"),
            *("upperAscii", "substring", "trim", "jsonpatch.escapeKey", "cidr", "isIP", "isCIDR"),
            *("quantity", "isQuantity", "semver", "isSemver"),
        ),
        traversed,
    ),
}
"""By name of the function; of any other it is 1."""
