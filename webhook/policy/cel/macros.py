"""The closures of macros: all, exists, exists_one, map, filter, and any other fold."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from webhook.policy.cel.frames import Closure, Frame
from webhook.policy.cel.values import EvaluationError, no_overload

Elements: TypeAlias = Callable[[Frame], Any]


def elements_of(over: Closure, first: int, second: int) -> Elements:
    """Return what yields once for each element, with the element in its slots.

    Two variables: index and element of a list, key and value of a map. One: element, or key.
    """
    if second:

        def pairs(frame: Frame) -> Any:
            items = over(frame)
            if type(items) is list:
                items = enumerate(items)
            elif type(items) is dict:
                items = items.items()
            else:
                raise no_overload("a macro", items)
            items = list(items)
            frame[0].spend(len(items))
            for frame[first], frame[second] in items:
                yield

        return pairs

    def singles(frame: Frame) -> Any:
        items = over(frame)
        if type(items) is not list and type(items) is not dict:
            raise no_overload("a macro", items)
        frame[0].spend(len(items))
        for frame[first] in items:
            yield

    return singles


def _all(elements: Elements, test: Closure) -> Closure:
    def every(frame: Frame) -> bool:
        failed: EvaluationError | None = None
        for _ in elements(frame):
            try:
                value = test(frame)
            except EvaluationError as error:
                failed = failed or error
                continue
            if value is False:
                return False
            if value is not True:
                failed = failed or no_overload("all", value)
        if failed is not None:
            raise failed
        return True

    return every


def _exists(elements: Elements, test: Closure) -> Closure:
    def some(frame: Frame) -> bool:
        failed: EvaluationError | None = None
        for _ in elements(frame):
            try:
                value = test(frame)
            except EvaluationError as error:
                failed = failed or error
                continue
            if value is True:
                return True
            if value is not False:
                failed = failed or no_overload("exists", value)
        if failed is not None:
            raise failed
        return False

    return some


def _exists_one(elements: Elements, test: Closure) -> Closure:
    return lambda frame: sum(_truth(test(frame)) for _ in elements(frame)) == 1


def _mapped(elements: Elements, value: Closure) -> Closure:
    return lambda frame: [value(frame) for _ in elements(frame)]


def _filtered(elements: Elements, test: Closure, value: Closure) -> Closure:
    return lambda frame: [value(frame) for _ in elements(frame) if _truth(test(frame))]


def _truth(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise no_overload("filter", value)


def _direct_quantifier(
    over: Closure, first: int, plain: Closure, test: Closure, *, decided_by: bool
) -> Closure:
    """Return all() or exists() over one variable without a generator.

    decided_by  the value of one item that decides: False for all(), True for exists()

    Errors are left to the plain one.
    """

    def quantified(frame: Frame) -> Any:
        items = over(frame)
        if type(items) is not list:
            return bool(plain(frame))
        frame[0].spend(len(items))
        try:
            for item in items:
                frame[first] = item
                value = test(frame)
                if value is decided_by:
                    return decided_by
                if value is not True and value is not False:
                    return bool(plain(frame))
        except EvaluationError:
            return bool(plain(frame))
        return not decided_by

    return quantified


def _direct_map(over: Closure, first: int, plain: Closure, value: Closure) -> Closure:
    """Return map() over one variable without a generator."""

    def mapped(frame: Frame) -> Any:
        items = over(frame)
        if type(items) is not list:
            return plain(frame)
        frame[0].spend(len(items))
        made = []
        for item in items:
            frame[first] = item
            made.append(value(frame))
        return made

    return mapped


DIRECT: dict[str, Callable[..., Closure]] = {
    "all": partial(_direct_quantifier, decided_by=False),
    "exists": partial(_direct_quantifier, decided_by=True),
    "map": _direct_map,
}
"""The macros that policies spend their time in."""

SHAPES: dict[str, Callable[..., Closure]] = {
    "all": _all,
    "exists": _exists,
    "exists_one": _exists_one,
    "map": _mapped,
    "filter": _filtered,
}


def general_fold(
    elements: Elements, total: int, parts: tuple[Closure, Closure, Closure, Closure]
) -> Closure:
    """Return any other fold: initial value, condition, step and result, as they are written."""
    initial, condition, step, result = parts

    def fold(frame: Frame) -> Any:
        frame[total] = initial(frame)
        for _ in elements(frame):
            if condition(frame) is not True:
                break
            frame[total] = step(frame)
        return result(frame)

    return fold
