"""The closures of macros: all, exists, exists_one, map, filter, and any other fold."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from webhook.cel.activation import Closure, ExecutionFrame
from webhook.cel.values import EvaluationError, from_key, no_overload

ElementIterator: TypeAlias = Callable[[ExecutionFrame], Any]


class LoopCost(NamedTuple):
    """Kubernetes' units of a loop: for each element, for one that passes a filter, for its end.

    leaving  for looking whether to go on, which ends all() and exists() before the last element
    """

    each: int
    passing: int = 0
    leaving: int = 0


def iterate_elements(iter_range: Closure, slot: int, slot2: int) -> ElementIterator:
    """Return what yields once for each element, with the element in its slots.

    Two variables: index and element of a list, key and value of a map. One: element, or key.
    """
    if slot2:

        def pairs(frame: ExecutionFrame) -> Any:
            items = iter_range(frame)
            if type(items) is list:
                items = enumerate(items)
            elif type(items) is dict:
                items = [(from_key(key), value) for key, value in items.items()]
            else:
                raise no_overload("a macro", items)
            items = list(items)
            frame[0].charge(len(items))
            for frame[slot], frame[slot2] in items:
                yield

        return pairs

    def singles(frame: ExecutionFrame) -> Any:
        items = iter_range(frame)
        if type(items) is not list and type(items) is not dict:
            raise no_overload("a macro", items)
        frame[0].charge(len(items))
        for frame[slot] in items if type(items) is list else list(map(from_key, items)):
            yield

    return singles


def _quantifier(
    name: str, cost: LoopCost, elements: ElementIterator, test: Closure, *, decided_by: bool
) -> Closure:
    """Return all() or exists(): one element decides, and errors of others then do not count."""

    def quantified(frame: ExecutionFrame) -> Any:
        failed: EvaluationError | None = None
        for _ in elements(frame):
            frame[0].charge_units(cost.each)
            try:
                value = test(frame)
            except EvaluationError as error:
                failed = failed or error
                continue
            if value is decided_by:
                frame[0].units += cost.leaving
                return decided_by
            if type(value) is not bool:
                failed = failed or no_overload(name, value)
        if failed is not None:
            raise failed
        return not decided_by

    return quantified


def _exists_one(cost: LoopCost, elements: ElementIterator, test: Closure) -> Closure:
    def only_one(frame: ExecutionFrame) -> bool:
        found = 0
        for _ in elements(frame):
            passes = _require_bool(test(frame))
            found += passes
            frame[0].charge_units(cost.each + passes * cost.passing)
        frame[0].charge_units(1)  # for comparing the number
        return found == 1

    return only_one


def _map(cost: LoopCost, elements: ElementIterator, value: Closure) -> Closure:
    def mapped(frame: ExecutionFrame) -> list[Any]:
        made = []
        for _ in elements(frame):
            frame[0].charge_units(cost.each)
            made.append(value(frame))
        return made

    return mapped


def _filter(cost: LoopCost, elements: ElementIterator, test: Closure, value: Closure) -> Closure:
    def filtered(frame: ExecutionFrame) -> list[Any]:
        kept = []
        for _ in elements(frame):
            passes = _require_bool(test(frame))
            frame[0].charge_units(cost.each + passes * cost.passing)
            if passes:
                kept.append(value(frame))
        return kept

    return filtered


def _require_bool(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise no_overload("filter", value)


def _fast_quantifier(
    cost: LoopCost,
    iter_range: Closure,
    slot: int,
    fallback: Closure,
    test: Closure,
    *,
    decided_by: bool,
) -> Closure:
    """Return all() or exists() over one variable without a generator.

    decided_by  the value of one item that decides: False for all(), True for exists()

    Errors are left to the plain one.
    """

    def quantified(frame: ExecutionFrame) -> Any:
        items = iter_range(frame)
        if type(items) is not list:
            return bool(fallback(frame))
        budget = frame[0]
        budget.charge(len(items))
        try:
            for number, item in enumerate(items, 1):
                frame[slot] = item
                value = test(frame)
                if value is decided_by:
                    left = cost.leaving if number < len(items) else 0
                    budget.charge_units(number * cost.each + left)
                    return decided_by
                if value is not True and value is not False:
                    return bool(fallback(frame))
        except EvaluationError:
            return bool(fallback(frame))
        budget.charge_units(len(items) * cost.each)
        return not decided_by

    return quantified


def _fast_map(
    cost: LoopCost, iter_range: Closure, slot: int, fallback: Closure, value: Closure
) -> Closure:
    """Return map() over one variable without a generator."""

    def mapped(frame: ExecutionFrame) -> Any:
        items = iter_range(frame)
        if type(items) is not list:
            return fallback(frame)
        frame[0].charge(len(items))
        frame[0].charge_units(len(items) * cost.each)
        made = []
        for item in items:
            frame[slot] = item
            made.append(value(frame))
        return made

    return mapped


FAST_MACROS: dict[str, Callable[..., Closure]] = {
    "all": partial(_fast_quantifier, decided_by=False),
    "exists": partial(_fast_quantifier, decided_by=True),
    "map": _fast_map,
}
"""The macros that policies spend their time in."""

MACROS: dict[str, Callable[..., Closure]] = {
    "all": partial(_quantifier, "all", decided_by=False),
    "exists": partial(_quantifier, "exists", decided_by=True),
    "exists_one": _exists_one,
    "map": _map,
    "filter": _filter,
}


def comprehension(
    cost: LoopCost,
    elements: ElementIterator,
    accu_slot: int,
    parts: tuple[Closure, Closure, Closure, Closure],
) -> Closure:
    """Return any other fold: initial value, condition, step and result, as they are written."""
    accu_init, loop_condition, loop_step, result = parts

    def fold(frame: ExecutionFrame) -> Any:
        frame[accu_slot] = accu_init(frame)
        for _ in elements(frame):
            frame[0].charge_units(cost.leaving)
            if loop_condition(frame) is not True:
                break
            frame[0].charge_units(cost.each)
            frame[accu_slot] = loop_step(frame)
        return result(frame)

    return fold
