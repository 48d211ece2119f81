"""The closures of what CEL decides by syntax: selection, &&, ||, ?:, optionals, variables.

Not here: functions, which get all their arguments evaluated (`stdlib`, `libraries`), and macros.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from webhook.cel.activation import MISSING, Closure, CostBudget, ExecutionFrame
from webhook.cel.libraries.lists import make_range
from webhook.cel.stdlib import add, contains, get_item
from webhook.cel.values import ABSENT, EvaluationError, OptionalValue, equal, no_overload, type_name


def lazy_variable(slot: int, compute: Closure) -> Closure:
    """Return the closure of a variable: computed at its first use, an error remembered too."""

    def get(frame: ExecutionFrame) -> Any:
        value = frame[slot]
        if value is MISSING:
            try:
                value = frame[slot] = compute(frame)
            except EvaluationError as error:
                frame[slot] = error
                raise
        elif type(value) is EvaluationError:
            raise value
        return value

    return get


def select_field(operand: Closure, field: str) -> Closure:
    """Return `operand.field`, of an optional too."""

    def select(frame: ExecutionFrame) -> Any:
        value = operand(frame)
        if type(value) is dict:
            try:
                return value[field]
            except KeyError:
                raise EvaluationError(f"no such key: {field}") from None
        if type(value) is OptionalValue:
            return get_optional(value, field)
        raise EvaluationError(f"a {type_name(value)} has no field {field}")

    return select


def select_local_field(slot: int, field: str) -> Closure:
    """Return `x.field` of a local name: one call less, where loops spend their time."""

    def select(frame: ExecutionFrame) -> Any:
        value = frame[slot]
        if type(value) is dict and field in value:
            return value[field]
        return slow(frame)

    slow = select_field(lambda frame: frame[slot], field)
    return select


def has_field(operand: Closure, field: str) -> Closure:
    """Return `has(operand.field)`."""

    def has(frame: ExecutionFrame) -> bool:
        value = operand(frame)
        if type(value) is dict:
            return field in value
        if type(value) is OptionalValue:
            return get_optional(value, field).present
        raise EvaluationError(f"a {type_name(value)} has no field {field}")

    return has


def get_optional(value: Any, key: Any) -> OptionalValue:
    """Return an element of a list or map as CEL's optional: `value.?key`, `value[?key]`."""
    if type(value) is OptionalValue:
        if not value.present:
            return ABSENT
        value = value.value
    if type(value) is dict:
        return OptionalValue(value[key], present=True) if contains(key, value) else ABSENT
    if type(value) is list:
        if type(key) is int and not 0 <= key < len(value):
            return ABSENT
        return OptionalValue(get_item(value, key), present=True)
    raise EvaluationError(f"a {type_name(value)} has no field {key}")


def walk_optional_keys(start: Closure, keys: tuple[str, ...], default: Closure | None) -> Closure:
    """Return what walks down optional keys: the value or `other`; without one, if there is any."""

    def walk(frame: ExecutionFrame) -> Any:
        value = start(frame)
        for key in keys:
            if type(value) is dict:
                value = value.get(key, MISSING)
                if value is MISSING:
                    return False if default is None else default(frame)
            else:
                found = get_optional(value, key)
                if not found.present:
                    return False if default is None else default(frame)
                value = found.value
        return True if default is None else value

    return walk


def walk_optional_local(slot: int, key: str, default: Closure | None) -> Closure:
    """Return `x.?key.orValue(other)` or `x.?key.hasValue()` of a local name, likewise."""

    def walk(frame: ExecutionFrame) -> Any:
        value = frame[slot]
        if type(value) is not dict:
            return slow(frame)
        if key in value:
            return True if default is None else value[key]
        return False if default is None else default(frame)

    slow = walk_optional_keys(lambda frame: frame[slot], (key,), default)
    return walk


def _subscript(container: Closure, key: Closure) -> Closure:
    def subscript(frame: ExecutionFrame) -> Any:
        value, word = container(frame), key(frame)
        return get_optional(value, word) if type(value) is OptionalValue else get_item(value, word)

    return subscript


def _short_circuit(left: Closure, right: Closure, *, operator: str, decided_by: bool) -> Closure:
    """Return && or ||: one side that decides is enough, whatever the other one is or raises."""

    def both(frame: ExecutionFrame) -> Any:
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
            raise no_overload(operator, first)
        second = right(frame)
        if second is True or second is False:
            return second
        raise no_overload(operator, first, second)

    return both


def _conditional(condition: Closure, then: Closure, otherwise: Closure) -> Closure:
    def choose(frame: ExecutionFrame) -> Any:
        chosen = condition(frame)
        if chosen is True:
            return then(frame)
        if chosen is False:
            return otherwise(frame)
        raise no_overload("?:", chosen)

    return choose


def _not(operand: Closure) -> Closure:
    def invert(frame: ExecutionFrame) -> bool:
        value = operand(frame)
        if value is True:
            return False
        if value is False:
            return True
        raise no_overload("!", value)

    return invert


def _not_strictly_false(operand: Closure) -> Closure:
    def test(frame: ExecutionFrame) -> bool:
        try:
            return operand(frame) is not False
        except EvaluationError:
            return True

    return test


def _equal(left: Closure, right: Closure) -> Closure:
    def compare(frame: ExecutionFrame) -> bool:
        first, second = left(frame), right(frame)
        if type(first) is str and type(second) is str:
            return first == second
        return equal(first, second)

    return compare


def equal_to_literal(operand: Closure, literal: str) -> Closure:
    """Return `operand == 'text'`."""

    def compare(frame: ExecutionFrame) -> bool:
        value = operand(frame)
        return value == literal if type(value) is str else equal(value, literal)

    return compare


_MAX_CACHED_RESULTS = 1024
"""Answers kept for one pattern: some 100 KB with texts such as names and images."""

_MAX_CACHED_LENGTH = 256


def match_pattern(operand: Closure, pattern: str, matches: Callable[[Any, str], Any]) -> Closure:
    """Return `operand.matches('pattern')`, which sees the same names again and again."""
    cache: dict[str, bool] = {}

    def matched(frame: ExecutionFrame) -> bool:
        text = operand(frame)
        if type(text) is not str or len(text) > _MAX_CACHED_LENGTH:
            return bool(matches(text, pattern))
        answer = cache.get(text)
        if answer is None:
            if len(cache) >= _MAX_CACHED_RESULTS:
                cache.clear()
            answer = cache[text] = bool(matches(text, pattern))
        return answer

    return matched


def _or_value(optional: Closure, default: Closure) -> Closure:
    def value(frame: ExecutionFrame) -> Any:
        found = optional(frame)
        if type(found) is not OptionalValue:
            raise no_overload("orValue", found)
        return found.value if found.present else default(frame)

    return value


def _or_optional(optional: Closure, default: Closure) -> Closure:
    def value(frame: ExecutionFrame) -> Any:
        found = optional(frame)
        if type(found) is not OptionalValue:
            raise no_overload("or", found)
        return found if found.present else default(frame)

    return value


SPECIAL_FORMS: dict[str, Callable[..., Closure]] = {
    "_&&_": partial(_short_circuit, operator="&&", decided_by=False),
    "_||_": partial(_short_circuit, operator="||", decided_by=True),
    "_?_:_": _conditional,
    "!_": _not,
    "@not_strictly_false": _not_strictly_false,
    "_==_": _equal,
    "_[_]": _subscript,
    "_?._": lambda value, key: lambda frame: get_optional(value(frame), key(frame)),
    "_[?_]": lambda value, key: lambda frame: get_optional(value(frame), key(frame)),
    "orValue": _or_value,
    "or": _or_optional,
}
"""What does not evaluate all operands, or is worth a closure of its own."""


def metered_call(function: Callable[..., Any], arguments: list[Closure]) -> Closure:
    """Return a call of a function that counts what it makes: the budget comes first."""
    return lambda frame: function(frame[0], *[argument(frame) for argument in arguments])


def _add_metered(budget: CostBudget, left: Any, right: Any) -> Any:
    """Add, and count what a list or string that grows costs."""
    result = add(left, right)
    if type(result) is list:
        budget.charge(len(result))
    elif type(result) is str and len(result) > 1000:  # below it, as cheap as any step
        budget.charge(len(result) // 100)
    return result


def _range_metered(budget: CostBudget, count: Any) -> Any:
    if type(count) is int:
        budget.charge(max(count, 0))
    return make_range(count)


METERED_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_+_": _add_metered,
    "lists.range": _range_metered,
}
"""What makes values larger than those that it is given, and so has to count."""
