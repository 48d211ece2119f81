"""What an expression costs in Kubernetes' units: as cel-go counts while it evaluates.

A name and a selection cost 1, a list that is made 10, a call by what it reads. Parts that are
evaluated in any case are added up when an expression is compiled (`CostModel.units`); branches and
bodies of loops are counted when they run, calls whose cost depends on their values after them.

Source: google/cel-go interpreter/runtimecost.go, decorators.go, ext/sets.go, ext/lists.go (v0.26);
k8s.io/apiserver pkg/cel/library/cost.go, pkg/apis/cel/config.go.
"""

from collections.abc import Callable, Sequence
from typing import Any

from webhook.cel.activation import Closure, CostBudget, ExecutionFrame
from webhook.cel.checked_ast import (
    Call,
    CheckedAst,
    Comprehension,
    Constant,
    Expr,
    Ident,
    ListLiteral,
    MapLiteral,
    Select,
    children,
)
from webhook.cel.values import OptionalValue, from_key

CallCost = Callable[[Sequence[Any], Any], int]
"""Units of one call, by its arguments (the target of a method first) and its result."""

_LIST, _MAP, _STRUCT = 10, 30, 40
"""What making one costs (common.ListCreateBaseCost, …)."""

_INDEXING = ("_[_]", "_?._", "_[?_]")
_CONVERSIONS = frozenset(
    {"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"}
)
"""Of a constant they are computed when a program is planned (IsTypeConversionFunction)."""


class CostModel:
    """The costs of one checked expression."""

    def __init__(self, ast: CheckedAst) -> None:
        self._ast = ast
        self._units: dict[int, int] = {}

    def units(self, node: Expr) -> int:
        """Return what is counted whenever a node is evaluated, whatever its values are."""
        known = self._units.get(id(node))
        if known is None:
            known = self._units[id(node)] = self._count(node)
        return known

    def _count(self, node: Expr) -> int:
        if self._is_constant(node):
            return 0
        match node:
            case Ident():
                return 1
            case Select(_, operand, _, test_only):
                return self.units(operand) + (not test_only) + (not _is_attribute(operand))
            case Comprehension():
                parts = (node.iter_range, node.accu_init, node.result)
                return sum(map(self.units, parts))
            case Call():
                return self._count_call(node)
            case ListLiteral():
                made = _LIST
            case MapLiteral():
                made = _MAP
            case _:
                made = _STRUCT
        return made + sum(map(self.units, children(node)))

    def _count_call(self, node: Call) -> int:
        function, operands = node.function, children(node)
        if function in ("_&&_", "_||_", "_?_:_", "orValue", "or"):
            return self.units(operands[0])  # the others only if it comes to them
        if function in _INDEXING:
            base, key = operands
            return self.units(base) + self.units(key) + 1 + (not _is_attribute(base))
        made = sum(map(self.units, operands))
        if self._is_set_membership(node) or self.dynamic(node) is not None:
            return made
        return made + 1

    def branch_units(self, node: Expr) -> int:
        """Return what a branch of a ternary costs; the name that it begins with is free there."""
        return self.units(node) - (_is_attribute(node) and not self._is_constant(node))

    def _is_constant(self, node: Expr) -> bool:
        match node:
            case Constant():
                return True
            case Ident(number):
                found = self._ast.types.get(number)
                return found is not None and found.kind == "type"
            case Call(function=function, target=None, arguments=(argument,)):
                return function in _CONVERSIONS and self._is_constant(argument)
            case ListLiteral(elements=elements):
                return all(map(self._is_constant, elements))
            case MapLiteral():
                return all(map(self._is_constant, children(node)))
        return False

    def _is_set_membership(self, node: Call) -> bool:
        """Tell whether a call is `x in [constants]`, which is planned as a lookup."""
        if node.function != "@in" or not self._is_constant(node.arguments[1]):
            return False
        container = node.arguments[1]
        return isinstance(container, ListLiteral) and all(
            isinstance(each, Constant) and type(each.value) is not bytes and each.value is not None
            for each in container.elements
        )

    def dynamic(self, node: Call) -> CallCost | None:
        """Return what computes the cost of a call from its values; None: it is 1."""
        if self._is_constant(node):
            return None
        overloads = self._ast.overloads.get(node.id, ())
        known = overloads[0] if len(overloads) == 1 else ""
        function = node.function
        if function == "@in":
            return (
                _size_of_second if "list<" in known and not self._is_set_membership(node) else None
            )
        if function in ("_==_", "_!=_"):
            return _equality
        if function in ("_<_", "_<=_", "_>_", "_>=_"):
            return _comparison if "(string, string)" in known or "(bytes, bytes)" in known else None
        if function == "_+_":
            return _concatenation if "(string, " in known or "(bytes, " in known else None
        if function in ("string", "bytes"):
            return _traversed if "(bytes)" in known or "(string) -> bytes" in known else None
        if function in ("sort", "@sortByAssociatedKeys") and self._is_untyped(children(node)[-1]):
            return None
        if function == "ip":
            return _traversed if node.target is None else None
        return _BY_FUNCTION.get(function)

    def _is_untyped(self, node: Expr) -> bool:
        """Tell whether the elements of a list have no type, and no overload is chosen by it."""
        return "dyn" in str(self._ast.types.get(node.id, "dyn"))


def _is_attribute(node: Expr) -> bool:
    """Tell whether a selection goes on from here: a.b.c is one attribute with two qualifiers."""
    match node:
        case Ident():
            return True
        case Select(test_only=test_only):
            return not test_only
        case Call(function=function):
            return function in _INDEXING
    return False


def size(value: Any) -> int:
    """Return the size of a value as it is counted: 1 of whatever has none."""
    kind = type(value)
    if kind is str or kind is list or kind is dict or kind is bytes:
        return len(value)
    if kind is OptionalValue and value.present:
        return size(value.value)
    return 1


def _tenth(number: int) -> int:
    """Return a tenth, rounded up: what traversing so many characters costs."""
    return -(-number // 10)


def _traversed(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(size(arguments[0]))


def _traversed_twice(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(2 * size(arguments[0]))


def _size_of_second(arguments: Sequence[Any], _: Any) -> int:
    return size(arguments[1])


def equality_units(left: Any, right: Any) -> int:
    """Return what comparing two values costs."""
    return _tenth(min(size(left), size(right)))


def _equality(arguments: Sequence[Any], _: Any) -> int:
    return equality_units(*arguments)


def _comparison(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(min(size(arguments[0]), size(arguments[1])))


def _concatenation(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(size(arguments[0]) + size(arguments[1]))


def _matching(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(1 + size(arguments[0])) * -(-size(arguments[1]) // 4)


def _containing(arguments: Sequence[Any], _: Any) -> int:
    return _tenth(size(arguments[0])) * _tenth(size(arguments[1]))


def _whole_tree(arguments: Sequence[Any], _: Any) -> int:
    pending, units = [arguments[0]], 0
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind is str:
            units += len(value.encode()) // 10
        elif kind is bytes:
            units += len(value) // 10
        elif kind is list:
            pending += value
        elif kind is dict:
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


_BY_FUNCTION: dict[str, CallCost] = {
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
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _whole_tree),
    **dict.fromkeys(("replace", "split", "ip.isCanonical"), _traversed_twice),
    **dict.fromkeys(
        (
            *("startsWith", "endsWith", "strings.quote", "format", "url", "lowerAscii"),
            *("upperAscii", "substring", "trim", "jsonpatch.escapeKey", "cidr", "isIP", "isCIDR"),
            *("quantity", "isQuantity", "semver", "isSemver"),
        ),
        _traversed,
    ),
}


def counted(function: Callable[..., Any], cost: CallCost) -> Callable[..., Any]:
    """Return a function that is told the budget first, and counts what its call has cost."""

    def call(budget: CostBudget, *arguments: Any) -> Any:
        result = function(budget, *arguments)
        budget.units += cost(arguments, result)
        return result

    return call


def counted_block(closure: Closure, units: int) -> Closure:
    """Return a branch that counts its units when it is taken."""
    if not units:
        return closure

    def run(frame: ExecutionFrame) -> Any:
        frame[0].units += units
        return closure(frame)

    return run


def counted_expression(closure: Closure, units: int) -> Closure:
    """Return an expression that may cost as much as the API server grants to one.

    A variable that is computed within is an expression of its own.
    """

    def run(frame: ExecutionFrame) -> Any:
        budget: CostBudget = frame[0]
        outer = budget.start_expression(units)
        try:
            return closure(frame)
        finally:
            budget.end_expression(outer)

    return run
