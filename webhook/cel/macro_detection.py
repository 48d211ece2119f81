"""Which macro a Fold was, seen by its shape: all, exists, exists_one, map, filter.

The parser expands macros (google/cel-spec doc/langdef.md, "Macros"); knowing what was written
makes the closure faster and lets `provenance` say which element is to blame.
"""

from dataclasses import dataclass
from typing import Literal

from webhook.cel.checked_ast import Call, Comprehension, Constant, Expr, Ident, ListLiteral


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: its test (all, exists, exists_one, filter), and its value (map, filter)."""

    kind: Literal["all", "exists", "exists_one", "map", "filter"]
    test: Expr | None = None
    transform: Expr | None = None


def detect_macro(fold: Comprehension) -> Macro | None:
    """Return the macro that a Fold was written as; None for any other."""
    match fold.loop_step:
        case Call(function="_&&_", arguments=(Ident(name=name), test)) if _accumulates_from(
            fold, name, initial=True
        ):
            return Macro("all", test)
        case Call(function="_||_", arguments=(Ident(name=name), test)) if _accumulates_from(
            fold, name, initial=False
        ):
            return Macro("exists", test)
        case Call(function="_?_:_", arguments=(test, then, Ident(name=name))) if (
            name == fold.accu_var
        ):
            return _detect_filter_or_exists_one(fold, test, then)
    element = _appended_element(fold, fold.loop_step)
    if element is not None and _returns_accumulator(fold) and _is_empty_list(fold.accu_init):
        return Macro("map", transform=element)
    return None


def _accumulates_from(fold: Comprehension, name: str, *, initial: bool) -> bool:
    accu_init = fold.accu_init
    return (
        name == fold.accu_var
        and isinstance(accu_init, Constant)
        and accu_init.value is initial
        and _returns_accumulator(fold)
    )


def _detect_filter_or_exists_one(fold: Comprehension, test: Expr, then: Expr) -> Macro | None:
    element = _appended_element(fold, then)
    if element is not None and _is_empty_list(fold.accu_init) and _returns_accumulator(fold):
        return Macro("filter", test, element)
    match then, fold.result:
        case (
            Call(function="_+_", arguments=(Ident(name=name), Constant(value=1))),
            Call(function="_==_", arguments=(Ident(name=same), Constant(value=1))),
        ) if name == same == fold.accu_var:
            return Macro("exists_one", test)
    return None


def _appended_element(fold: Comprehension, step: Expr) -> Expr | None:
    match step:
        case Call(
            function="_+_",
            arguments=(
                Ident(name=name),
                ListLiteral(elements=(element,), optional_indices=optional),
            ),
        ) if name == fold.accu_var and not optional:
            return element
    return None


def _is_empty_list(node: Expr) -> bool:
    return isinstance(node, ListLiteral) and not node.elements


def _returns_accumulator(fold: Comprehension) -> bool:
    return isinstance(fold.result, Ident) and fold.result.name == fold.accu_var
