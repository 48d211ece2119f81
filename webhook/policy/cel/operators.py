"""The closures of what CEL decides by syntax: selection, &&, ||, ?:, optionals, variables.

Not here: functions, which get all their arguments evaluated (`standard`, `libraries`), and macros.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from webhook.policy.cel.frames import MISSING, Budget, Closure, Frame
from webhook.policy.cel.libraries.lists import count_up
from webhook.policy.cel.standard import add, contains, index
from webhook.policy.cel.values import (
    NONE,
    EvaluationError,
    Optional,
    equal,
    name_of_type,
    no_overload,
)


def lazy(slot: int, make: Closure) -> Closure:
    """Return the closure of a variable: computed at its first use, an error remembered too."""

    def get(frame: Frame) -> Any:
        value = frame[slot]
        if value is MISSING:
            try:
                value = frame[slot] = make(frame)
            except EvaluationError as error:
                frame[slot] = error
                raise
        elif type(value) is EvaluationError:
            raise value
        return value

    return get


def select_field(operand: Closure, field: str) -> Closure:
    """Return `operand.field`, of an optional too."""

    def select(frame: Frame) -> Any:
        value = operand(frame)
        if type(value) is dict:
            try:
                return value[field]
            except KeyError:
                raise EvaluationError(f"no such key: {field}") from None
        if type(value) is Optional:
            return optional_field(value, field)
        raise EvaluationError(f"a {name_of_type(value)} has no field {field}")

    return select


def select_from(slot: int, field: str) -> Closure:
    """Return `x.field` of a local name: one call less, where loops spend their time."""

    def select(frame: Frame) -> Any:
        value = frame[slot]
        if type(value) is dict and field in value:
            return value[field]
        return slow(frame)

    slow = select_field(lambda frame: frame[slot], field)
    return select


def has_field(operand: Closure, field: str) -> Closure:
    """Return `has(operand.field)`."""

    def has(frame: Frame) -> bool:
        value = operand(frame)
        if type(value) is dict:
            return field in value
        if type(value) is Optional:
            return optional_field(value, field).present
        raise EvaluationError(f"a {name_of_type(value)} has no field {field}")

    return has


def optional_field(value: Any, key: Any) -> Optional:
    """Return an element of a list or map as CEL's optional: `value.?key`, `value[?key]`."""
    if type(value) is Optional:
        if not value.present:
            return NONE
        value = value.value
    if type(value) is dict:
        return Optional(value[key], present=True) if contains(key, value) else NONE
    if type(value) is list:
        if type(key) is int and not 0 <= key < len(value):
            return NONE
        return Optional(index(value, key), present=True)
    raise EvaluationError(f"a {name_of_type(value)} has no field {key}")


def walk_down(start: Closure, keys: tuple[str, ...], other: Closure | None) -> Closure:
    """Return what walks down optional keys: the value or `other`; without one, if there is any."""

    def walk(frame: Frame) -> Any:
        value = start(frame)
        for key in keys:
            if type(value) is dict:
                value = value.get(key, MISSING)
                if value is MISSING:
                    return False if other is None else other(frame)
            else:
                found = optional_field(value, key)
                if not found.present:
                    return False if other is None else other(frame)
                value = found.value
        return True if other is None else value

    return walk


def walk_from(slot: int, key: str, other: Closure | None) -> Closure:
    """Return `x.?key.orValue(other)` or `x.?key.hasValue()` of a local name, likewise."""

    def walk(frame: Frame) -> Any:
        value = frame[slot]
        if type(value) is not dict:
            return slow(frame)
        if key in value:
            return True if other is None else value[key]
        return False if other is None else other(frame)

    slow = walk_down(lambda frame: frame[slot], (key,), other)
    return walk


def _subscript(container: Closure, key: Closure) -> Closure:
    def subscript(frame: Frame) -> Any:
        value, word = container(frame), key(frame)
        return optional_field(value, word) if type(value) is Optional else index(value, word)

    return subscript


def _logic(left: Closure, right: Closure, *, sign: str, decided_by: bool) -> Closure:
    """Return && or ||: one side that decides is enough, whatever the other one is or raises."""

    def both(frame: Frame) -> Any:
        try:
            first = left(frame)
        except EvaluationError:
            if right(frame) is decided_by:
                return decided_by
            raise
        if first is decided_by:
            return decided_by
        if first is not True and first is not False:
            if right(frame) is decided_by:
                return decided_by
            raise no_overload(sign, first)
        second = right(frame)
        if second is True or second is False:
            return second
        raise no_overload(sign, first, second)

    return both


def _conditional(condition: Closure, yes: Closure, no: Closure) -> Closure:
    def choose(frame: Frame) -> Any:
        chosen = condition(frame)
        if chosen is True:
            return yes(frame)
        if chosen is False:
            return no(frame)
        raise no_overload("?:", chosen)

    return choose


def _not(operand: Closure) -> Closure:
    def invert(frame: Frame) -> bool:
        value = operand(frame)
        if value is True:
            return False
        if value is False:
            return True
        raise no_overload("!", value)

    return invert


def _not_strictly_false(operand: Closure) -> Closure:
    def test(frame: Frame) -> bool:
        try:
            return operand(frame) is not False
        except EvaluationError:
            return True

    return test


def _equal(left: Closure, right: Closure) -> Closure:
    def compare(frame: Frame) -> bool:
        first, second = left(frame), right(frame)
        if type(first) is str and type(second) is str:
            return first == second
        return equal(first, second)

    return compare


def equal_to_text(operand: Closure, text: str) -> Closure:
    """Return `operand == 'text'`."""

    def compare(frame: Frame) -> bool:
        value = operand(frame)
        return value == text if type(value) is str else equal(value, text)

    return compare


_ANSWERS = 1024
"""Answers kept for one pattern: some 100 KB with texts such as names and images."""

_LONGEST_KEPT = 256


def match_pattern(operand: Closure, pattern: str, matches: Callable[[Any, str], Any]) -> Closure:
    """Return `operand.matches('pattern')`, which sees the same names again and again."""
    known: dict[str, bool] = {}

    def matched(frame: Frame) -> bool:
        text = operand(frame)
        if type(text) is not str or len(text) > _LONGEST_KEPT:
            return bool(matches(text, pattern))
        answer = known.get(text)
        if answer is None:
            if len(known) >= _ANSWERS:
                known.clear()
            answer = known[text] = bool(matches(text, pattern))
        return answer

    return matched


def _or_value(optional: Closure, other: Closure) -> Closure:
    def value(frame: Frame) -> Any:
        found = optional(frame)
        if type(found) is not Optional:
            raise no_overload("orValue", found)
        return found.value if found.present else other(frame)

    return value


def _or_optional(optional: Closure, other: Closure) -> Closure:
    def value(frame: Frame) -> Any:
        found = optional(frame)
        if type(found) is not Optional:
            raise no_overload("or", found)
        return found if found.present else other(frame)

    return value


SPECIAL: dict[str, Callable[..., Closure]] = {
    "_&&_": partial(_logic, sign="&&", decided_by=False),
    "_||_": partial(_logic, sign="||", decided_by=True),
    "_?_:_": _conditional,
    "!_": _not,
    "@not_strictly_false": _not_strictly_false,
    "_==_": _equal,
    "_[_]": _subscript,
    "_?._": lambda value, key: lambda frame: optional_field(value(frame), key(frame)),
    "_[?_]": lambda value, key: lambda frame: optional_field(value(frame), key(frame)),
    "orValue": _or_value,
    "or": _or_optional,
}
"""What does not evaluate all operands, or is worth a closure of its own."""


def framed(function: Callable[..., Any], arguments: list[Closure]) -> Closure:
    """Return a call of a function that counts what it makes: the budget comes first."""
    return lambda frame: function(frame[0], *[argument(frame) for argument in arguments])


def _added(budget: Budget, left: Any, right: Any) -> Any:
    """Add, and count what a list or string that grows costs."""
    made = add(left, right)
    if type(made) is list:
        budget.spend(len(made))
    elif type(made) is str and len(made) > 1000:  # below it, as cheap as any step
        budget.spend(len(made) // 100)
    return made


def _counted_range(budget: Budget, count: Any) -> Any:
    if type(count) is int:
        budget.spend(max(count, 0))
    return count_up(count)


FRAMED: dict[str, Callable[..., Any]] = {"_+_": _added, "lists.range": _counted_range}
"""What makes values larger than those that it is given, and so has to count."""
