"""The syntax tree of one expression, macros expanded, and what the checker knows of its nodes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from webhook.cel.types import CelType


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Ident:
    """A name: a variable of the environment, of a macro, or the head of a qualified name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; `test`: it is has(operand.field)."""

    id: int
    operand: "Expr"
    field: str
    test_only: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function, a method (`target` is there) or an operator (`_&&_`)."""

    id: int
    function: str
    target: "Expr | None"
    arguments: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, ?b]`; `optional` are the indices of elements with a question mark."""

    id: int
    elements: tuple["Expr", ...]
    optional_indices: frozenset[int]


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{a: b, ?c: d}`: key, value, and whether it is behind a question mark."""

    id: int
    entries: tuple[tuple["Expr", "Expr", bool], ...]


@dataclass(frozen=True, slots=True)
class StructLiteral:
    """`Type{field: value, ?other: value}`: number, name, value, whether with a question mark."""

    id: int
    type_name: str
    fields: tuple[tuple[int, str, "Expr", bool], ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A macro over a list or map: all, exists, map, filter and their like.

    iter_var, iter_var2  what the body calls the element; the second is "" unless there are two
    accu_var             what the body calls the value so far
    """

    id: int
    iter_var: str
    iter_var2: str
    iter_range: "Expr"
    accu_var: str
    accu_init: "Expr"
    loop_condition: "Expr"
    loop_step: "Expr"
    result: "Expr"


Expr: TypeAlias = (
    Constant | Ident | Select | Call | ListLiteral | MapLiteral | StructLiteral | Comprehension
)


@dataclass(frozen=True, slots=True)
class CheckedAst:
    """A checked expression. Names of nodes are resolved: `net.IP` is one Ident.

    types      by node, what the checker knows of its value
    offsets    by node, where in the text it is
    overloads  by node, the signatures that a call may be of
    """

    expr: Expr
    types: Mapping[int, CelType]
    offsets: Mapping[int, int]
    overloads: Mapping[int, tuple[str, ...]]


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield a tree's node and all below it."""
    pending = [expr]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the nodes right below a node, in the order of the text."""
    match expr:
        case Select(operand=operand):
            return (operand,)
        case Call(target=target, arguments=arguments):
            return arguments if target is None else (target, *arguments)
        case ListLiteral(elements=elements):
            return elements
        case MapLiteral(entries=entries):
            return tuple(part for key, value, _ in entries for part in (key, value))
        case StructLiteral(fields=fields):
            return tuple(value for _, _, value, _ in fields)
        case Comprehension():
            return (
                expr.iter_range,
                expr.accu_init,
                expr.loop_condition,
                expr.loop_step,
                expr.result,
            )
    return ()
