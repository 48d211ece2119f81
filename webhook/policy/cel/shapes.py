"""Which macro a Fold was, seen by its shape: all, exists, exists_one, map, filter.

The parser expands macros (google/cel-spec doc/langdef.md, "Macros"); knowing what was written
makes the closure faster and lets `culprits` say which element is to blame.
"""

from dataclasses import dataclass
from typing import Literal

from webhook.policy.cel.tree import Call, Constant, Fold, ListLiteral, Name, Tree


@dataclass(frozen=True, slots=True)
class Shape:
    """A macro: its test (all, exists, exists_one, filter), and its value (map, filter)."""

    kind: Literal["all", "exists", "exists_one", "map", "filter"]
    test: Tree | None = None
    value: Tree | None = None


def shape_of(fold: Fold) -> Shape | None:
    """Return the macro that a Fold was written as; None for any other."""
    match fold.step:
        case Call(function="_&&_", arguments=(Name(name=name), test)) if _starts(
            fold, name, initial=True
        ):
            return Shape("all", test)
        case Call(function="_||_", arguments=(Name(name=name), test)) if _starts(
            fold, name, initial=False
        ):
            return Shape("exists", test)
        case Call(function="_?_:_", arguments=(test, then, Name(name=name))) if (
            name == fold.accumulator
        ):
            return _conditional(fold, test, then)
    appended = _appended(fold, fold.step)
    if appended is not None and _keeps_total(fold) and _is_empty_list(fold.initial):
        return Shape("map", value=appended)
    return None


def _starts(fold: Fold, name: str, *, initial: bool) -> bool:
    start = fold.initial
    return (
        name == fold.accumulator
        and isinstance(start, Constant)
        and start.value is initial
        and _keeps_total(fold)
    )


def _conditional(fold: Fold, test: Tree, then: Tree) -> Shape | None:
    appended = _appended(fold, then)
    if appended is not None and _is_empty_list(fold.initial) and _keeps_total(fold):
        return Shape("filter", test, appended)
    match then, fold.result:
        case (
            Call(function="_+_", arguments=(Name(name=name), Constant(value=1))),
            Call(function="_==_", arguments=(Name(name=same), Constant(value=1))),
        ) if name == same == fold.accumulator:
            return Shape("exists_one", test)
    return None


def _appended(fold: Fold, step: Tree) -> Tree | None:
    match step:
        case Call(
            function="_+_",
            arguments=(Name(name=name), ListLiteral(elements=(element,), optional=optional)),
        ) if name == fold.accumulator and not optional:
            return element
    return None


def _is_empty_list(node: Tree) -> bool:
    return isinstance(node, ListLiteral) and not node.elements


def _keeps_total(fold: Fold) -> bool:
    return isinstance(fold.result, Name) and fold.result.name == fold.accumulator
