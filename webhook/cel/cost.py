"""What an expression costs in Kubernetes' units: as cel-go counts while it evaluates.

A name and a selection cost 1, a list that is made 10, a call by what it reads. Parts that are
evaluated in any case are added up when an expression is compiled (`CostModel.units`); branches and
bodies of loops are counted when they run, calls whose cost depends on their values after them.

Source: google/cel-go interpreter/runtimecost.go, decorators.go, ext/sets.go, ext/lists.go (v0.26);
k8s.io/apiserver pkg/cel/library/cost.go, pkg/apis/cel/config.go.
"""

from collections.abc import Callable
from typing import Any

from webhook.cel.activation import Closure, CostBudget, ExecutionFrame
from webhook.cel.call_costs import (
    COST_BY_FUNCTION,
    CallCost,
    comparison,
    concatenation,
    equality,
    size_of_second,
    traversal,
    traversed,
)
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
from webhook.cel.literal_checks import TYPE_CONVERSIONS

_LIST, _MAP, _STRUCT = 10, 30, 40
"""What making one costs (common.ListCreateBaseCost, …)."""

_INDEXING = ("_[_]", "_?._", "_[?_]")


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
                return function in TYPE_CONVERSIONS and self._is_constant(argument)
            case ListLiteral(elements=elements):
                return all(map(self._is_constant, elements))
            case MapLiteral():
                return all(map(self._is_constant, children(node)))
        return False

    def _is_set_membership(self, node: Call) -> bool:
        """Return whether a call is `x in [constants]`, which is planned as a lookup."""
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
                size_of_second if "list<" in known and not self._is_set_membership(node) else None
            )
        if function in ("_==_", "_!=_"):
            return equality
        if function in ("_<_", "_<=_", "_>_", "_>=_"):
            return comparison if "(string, string)" in known or "(bytes, bytes)" in known else None
        if function == "_+_":
            return concatenation if "(string, " in known or "(bytes, " in known else None
        if function in ("string", "bytes"):
            return traversed if "(bytes)" in known or "(string) -> bytes" in known else None
        if function in ("sort", "@sortByAssociatedKeys") and self._is_untyped(children(node)[-1]):
            return None
        if function == "ip":
            return traversed if node.target is None else None
        return COST_BY_FUNCTION.get(function)

    def _is_untyped(self, node: Expr) -> bool:
        """Return whether the elements of a list have no type, so that it selects no overload."""
        return "dyn" in str(self._ast.types.get(node.id, "dyn"))


def _is_attribute(node: Expr) -> bool:
    """Return whether a selection continues: a.b.c is one attribute with two qualifiers."""
    match node:
        case Ident():
            return True
        case Select(test_only=test_only):
            return not test_only
        case Call(function=function):
            return function in _INDEXING
    return False


def counted(function: Callable[..., Any], cost: CallCost) -> Callable[..., Any]:
    """Return a function that takes the budget first and charges the cost of the call."""

    def call(budget: CostBudget, *arguments: Any) -> Any:
        result = function(budget, *arguments)
        if cost is traversal:
            budget.charge_units(traversal(arguments, result, budget.charge))
        else:
            budget.charge_units(cost(arguments, result))
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
