"""Macros: calls that are written out as comprehensions before an expression is checked.

Source: google/cel-spec doc/langdef.md, "Macros"; google/cel-go parser/macro.go, cel/library.go
(optMap), ext/comprehensions.go, ext/lists.go (sortBy).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from webhook.cel.checked_ast import (
    Call,
    Comprehension,
    Constant,
    Expr,
    Ident,
    ListLiteral,
    MapLiteral,
    Select,
    StructLiteral,
)
from webhook.cel.lexer import CelSyntaxError

ACCUMULATOR = "@result"
"""The name of what a comprehension has so far; no expression can write it."""

UNUSED = "#unused"
_SORT_INPUT = "@__sortBy_input__"


class TreeBuilder:
    """Creates nodes with new ids, and knows the offset of each."""

    def __init__(self) -> None:
        self.offsets: dict[int, int] = {}

    def new_id(self, offset: int) -> int:
        """Return the id of a new node at an offset."""
        number = len(self.offsets) + 1
        self.offsets[number] = offset
        return number

    def call(self, function: str, *arguments: Expr, at: int) -> Call:
        """Return a call of a function or operator."""
        return Call(self.new_id(at), function, None, arguments)

    def copy(self, node: Expr) -> Expr:
        """Return a tree like this one with numbers of its own."""
        number = self.new_id(self.offsets[node.id])
        match node:
            case Select(operand=operand):
                return replace(node, id=number, operand=self.copy(operand))
            case Call(target=target, arguments=arguments):
                return replace(
                    node,
                    id=number,
                    target=None if target is None else self.copy(target),
                    arguments=tuple(map(self.copy, arguments)),
                )
            case ListLiteral(elements=elements):
                return replace(node, id=number, elements=tuple(map(self.copy, elements)))
            case MapLiteral(entries=entries):
                copied = tuple((self.copy(k), self.copy(v), optional) for k, v, optional in entries)
                return replace(node, id=number, entries=copied)
            case StructLiteral(fields=fields):
                return replace(
                    node,
                    id=number,
                    fields=tuple(
                        (self.new_id(self.offsets[i]), name, self.copy(value), optional)
                        for i, name, value, optional in fields
                    ),
                )
            case Comprehension():
                parts = ("iter_range", "accu_init", "loop_condition", "loop_step", "result")
                copies: dict[str, Any] = {p: self.copy(getattr(node, p)) for p in parts}
                return replace(node, id=number, **copies)
        return replace(node, id=number)


def expand_macro(builder: TreeBuilder, call: Call) -> Expr | None:
    """Return what a call is written out as; None if it is not a macro."""
    expand = _MACROS.get((call.function, len(call.arguments), call.target is not None))
    return None if expand is None else expand(_Expansion(builder, call))


class _Expansion:
    """One call that becomes a comprehension; all new nodes have the offset of the call."""

    def __init__(self, builder: TreeBuilder, call: Call) -> None:
        self.builder, self.arguments = builder, call.arguments
        self.at = builder.offsets[call.id]
        self.target: Expr = call if call.target is None else call.target

    def call(self, function: str, *arguments: Expr) -> Call:
        return self.builder.call(function, *arguments, at=self.at)

    def method(self, target: Expr, function: str, *arguments: Expr) -> Call:
        return Call(self.builder.new_id(self.at), function, target, arguments)

    def true(self) -> Constant:
        return self.literal(value=True)

    def literal(self, value: Any) -> Constant:
        return Constant(self.builder.new_id(self.at), value)

    def list_(self, *elements: Expr) -> ListLiteral:
        return ListLiteral(self.builder.new_id(self.at), elements, frozenset())

    def ident(self, name: str) -> Ident:
        return Ident(self.builder.new_id(self.at), name)

    def accumulator(self) -> Ident:
        return self.ident(ACCUMULATOR)

    def error(self, message: str, node: Expr) -> CelSyntaxError:
        return CelSyntaxError(message, self.builder.offsets[node.id])

    def variables(self, count: int) -> tuple[str, ...]:
        """Return the names of the first arguments, which must be plain names."""
        names: list[str] = []
        for argument in self.arguments[:count]:
            if not isinstance(argument, Ident) or argument.name.startswith("."):
                raise self.error("argument must be a simple name", argument)
            if argument.name in (ACCUMULATOR, "__result__"):
                raise self.error("iteration variable overwrites accumulator variable", argument)
            if argument.name in names:
                raise self.error(f"duplicate variable name: {argument.name}", argument)
            names.append(argument.name)
        return tuple(names)

    def fold(
        self,
        names: tuple[str, ...],
        start: Expr,
        condition: Expr,
        step: Expr,
        result: Expr | None = None,
    ) -> Comprehension:
        return Comprehension(
            self.builder.new_id(self.at),
            iter_var=names[0],
            iter_var2=names[1] if len(names) > 1 else "",
            iter_range=self.target,
            accu_var=ACCUMULATOR,
            accu_init=start,
            loop_condition=condition,
            loop_step=step,
            result=self.accumulator() if result is None else result,
        )

    def bind(self, name: str, value: Expr, body: Expr) -> Comprehension:
        """Return a comprehension over nothing that gives a value a name."""
        return Comprehension(
            self.builder.new_id(self.at),
            iter_var=UNUSED,
            iter_var2="",
            iter_range=self.list_(),
            accu_var=name,
            accu_init=value,
            loop_condition=self.literal(value=False),
            loop_step=self.ident(name),
            result=body,
        )


def _has(made: _Expansion) -> Expr:
    (argument,) = made.arguments
    if not isinstance(argument, Select) or argument.test_only:
        raise CelSyntaxError("invalid argument to has() macro: use has(a.b)", made.at)
    return Select(made.builder.new_id(made.at), argument.operand, argument.field, test_only=True)


def _all(made: _Expansion, count: int = 1) -> Expr:
    names = made.variables(count)
    return made.fold(
        names,
        made.true(),
        made.call("@not_strictly_false", made.accumulator()),
        made.call("_&&_", made.accumulator(), made.arguments[count]),
    )


def _exists(made: _Expansion, count: int = 1) -> Expr:
    names = made.variables(count)
    return made.fold(
        names,
        made.literal(value=False),
        made.call("@not_strictly_false", made.call("!_", made.accumulator())),
        made.call("_||_", made.accumulator(), made.arguments[count]),
    )


def _exists_one(made: _Expansion, count: int = 1) -> Expr:
    names = made.variables(count)
    added = made.call("_+_", made.accumulator(), made.literal(1))
    return made.fold(
        names,
        made.literal(0),
        made.true(),
        made.call("_?_:_", made.arguments[count], added, made.accumulator()),
        made.call("_==_", made.accumulator(), made.literal(1)),
    )


def _filtered(made: _Expansion, count: int, step: Expr) -> Expr:
    """Return a step that is taken only where the argument before the last one holds."""
    if len(made.arguments) == count + 1:
        return step
    return made.call("_?_:_", made.arguments[count], step, made.accumulator())


def _map(made: _Expansion, count: int = 1) -> Expr:
    names = made.variables(count)
    step = made.call("_+_", made.accumulator(), made.list_(made.arguments[-1]))
    return made.fold(names, made.list_(), made.true(), _filtered(made, count, step))


def _filter(made: _Expansion) -> Expr:
    names = made.variables(1)
    step = made.call("_+_", made.accumulator(), made.list_(made.arguments[0]))
    kept = made.call("_?_:_", made.arguments[1], step, made.accumulator())
    return made.fold(names, made.list_(), made.true(), kept)


def _transform_map(made: _Expansion) -> Expr:
    names = made.variables(2)
    key = made.ident(names[0])
    step = made.call("cel.@mapInsert", made.accumulator(), key, made.arguments[-1])
    return _fold_map(made, names, step)


def _transform_map_entry(made: _Expansion) -> Expr:
    names = made.variables(2)
    step = made.call("cel.@mapInsert", made.accumulator(), made.arguments[-1])
    return _fold_map(made, names, step)


def _fold_map(made: _Expansion, names: tuple[str, ...], step: Expr) -> Expr:
    empty = MapLiteral(made.builder.new_id(made.at), ())
    return made.fold(names, empty, made.true(), _filtered(made, 2, step))


def _opt_map(made: _Expansion) -> Expr:
    return _opt_flat_map(made, wrap=True)


def _opt_flat_map(made: _Expansion, *, wrap: bool = False) -> Expr:
    variable, body = made.arguments
    if not isinstance(variable, Ident):
        raise made.error("the variable must be a simple name", variable)
    value = made.method(made.builder.copy(made.target), "value")
    mapped: Expr = made.bind(variable.name, value, body)
    if wrap:
        mapped = made.method(made.ident("optional"), "of", mapped)
    nothing = made.method(made.ident("optional"), "none")
    return made.call("_?_:_", made.method(made.target, "hasValue"), mapped, nothing)


def _sort_by(made: _Expansion) -> Expr:
    if not isinstance(made.target, (ListLiteral, Select, Ident, Comprehension, Call)):
        raise made.error("sortBy requires a list, a name, a call or a field selection", made.target)
    target, made.target = made.target, made.ident(_SORT_INPUT)
    keys = _map(made)
    ordered = made.method(made.ident(_SORT_INPUT), "@sortByAssociatedKeys", keys)
    return made.bind(_SORT_INPUT, target, ordered)


_MACROS: dict[tuple[str, int, bool], Callable[[_Expansion], Expr]] = {
    ("has", 1, False): _has,
    ("all", 2, True): _all,
    ("exists", 2, True): _exists,
    ("exists_one", 2, True): _exists_one,
    ("map", 2, True): _map,
    ("map", 3, True): _map,
    ("filter", 2, True): _filter,
    ("all", 3, True): lambda made: _all(made, 2),
    ("exists", 3, True): lambda made: _exists(made, 2),
    ("existsOne", 3, True): lambda made: _exists_one(made, 2),
    ("exists_one", 3, True): lambda made: _exists_one(made, 2),
    ("transformList", 3, True): lambda made: _map(made, 2),
    ("transformList", 4, True): lambda made: _map(made, 2),
    ("transformMap", 3, True): _transform_map,
    ("transformMap", 4, True): _transform_map,
    ("transformMapEntry", 3, True): _transform_map_entry,
    ("transformMapEntry", 4, True): _transform_map_entry,
    ("optMap", 2, True): _opt_map,
    ("optFlatMap", 2, True): _opt_flat_map,
    ("sortBy", 2, True): _sort_by,
}
"""By name, number of arguments, and whether it is a method."""
