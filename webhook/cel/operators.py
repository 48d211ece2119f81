"""The closures of what CEL decides by syntax: selection, &&, ||, ?:, optionals, variables.

Not here: functions, which get all their arguments evaluated (`stdlib`, `libraries`), and macros.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from webhook.cel.activation import MISSING, Closure, CostBudget, ExecutionFrame
from webhook.cel.call_costs import equality_units
from webhook.cel.libraries import lists, sets
from webhook.cel.stdlib import STRINGS_PER_STEP, add, contains, get_item, list_index, require_key
from webhook.cel.values import (
    ABSENT,
    EvaluationError,
    OptionalValue,
    StructValue,
    equal,
    find_key,
    no_overload,
    type_name,
)


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
            return _counted_if_there(frame, get_optional(value, field))
        return get_element(value, field)

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
    """Return `has(operand.field)`: false of what has no fields, such as null and 1."""

    def has(frame: ExecutionFrame) -> bool:
        value = operand(frame)
        if type(value) is dict:
            return field in value
        return get_optional(value, field).present

    return has


class VariablesObject:
    """`variables` as a value: its fields are computed on first use."""

    __slots__ = ("closures", "frame")
    CEL_NAME: ClassVar[str] = "kubernetes.variables"

    def __init__(self, closures: Mapping[str, Closure], frame: ExecutionFrame) -> None:
        self.closures, self.frame = closures, frame

    def __eq__(self, other: object) -> bool:
        return type(other) is VariablesObject

    def __hash__(self) -> int:
        return id(self.frame)

    def find(self, name: Any) -> OptionalValue:
        """Return a variable's value; an error in it is raised."""
        closure = self.closures.get(name) if type(name) is str else None
        return ABSENT if closure is None else OptionalValue(closure(self.frame), present=True)


def variables_object(closures: Mapping[str, Closure]) -> Closure:
    """Return the closure of `variables` as a whole value."""
    return lambda frame: VariablesObject(closures, frame)


def make_struct(
    type_name_: str, fields: list[tuple[str, Closure, bool]], make: Callable[..., Any]
) -> Closure:
    """Return `Type{field: value, ?other: optional}`."""

    def build(frame: ExecutionFrame) -> Any:
        values: dict[str, Any] = {}
        for name, closure, optional in fields:
            value = closure(frame)
            if not optional:
                values[name] = value
            elif type(value) is not OptionalValue:
                raise EvaluationError(f"cannot initialize optional field '{name}' from {value}")
            elif value.present:
                values[name] = value.value
        return make(type_name_, values)

    return build


def get_element(value: Any, key: Any) -> Any:
    """Return `value.key` or `value[key]`; raise EvaluationError where there is none."""
    if type(value) is StructValue or type(value) is VariablesObject:
        found = get_optional(value, key)
        if found.present:
            return found.value
        if type(value) is StructValue and type(key) is str:
            # Unset: the zero value of a declared field, null of any other.
            return "" if value.type_name == "JSONPatch" and key in ("op", "path", "from") else None
    return get_item(value, key)


def get_optional(value: Any, key: Any) -> OptionalValue:
    """Return an element of a list or map as CEL's optional: `value.?key`, `value[?key]`.

    What has no elements, such as null and 1, has none of any name; a list has none by a name.
    """
    if type(value) is OptionalValue:
        if not value.present:
            return ABSENT
        value = value.value
    if type(key) is not str:
        require_key(key)
    if type(value) is dict:
        found = find_key(value, key)
        return ABSENT if found is None else OptionalValue(value[found], present=True)
    if type(value) is list:
        index = list_index(key)
        if 0 <= index < len(value):
            return OptionalValue(value[index], present=True)
    if type(value) is StructValue and type(key) is str and value.fields.get(key, "") != "":
        return OptionalValue(value.fields[key], present=True)
    return value.find(key) if type(value) is VariablesObject else ABSENT


def _counted_if_there(frame: ExecutionFrame, found: OptionalValue, steps: int = 1) -> OptionalValue:
    """Take back the units of steps that were not made, for there is nothing."""
    if not found.present:
        frame[0].units -= steps
    return found


def walk_optional_keys(start: Closure, keys: tuple[str, ...], default: Closure | None) -> Closure:
    """Return what walks down optional keys: the value or `other`; without one, if there is any."""

    def walk(frame: ExecutionFrame) -> Any:
        value = start(frame)
        for number, key in enumerate(keys):
            if type(value) is dict:
                value = value.get(key, MISSING)
                if value is MISSING:
                    frame[0].units -= len(keys) - number
                    return False if default is None else default(frame)
            else:
                found = _counted_if_there(frame, get_optional(value, key), len(keys) - number)
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
        frame[0].units -= 1
        return False if default is None else default(frame)

    slow = walk_optional_keys(lambda frame: frame[slot], (key,), default)
    return walk


def _subscript(container: Closure, key: Closure) -> Closure:
    def subscript(frame: ExecutionFrame) -> Any:
        value, word = container(frame), key(frame)
        if type(value) is OptionalValue:
            return _counted_if_there(frame, get_optional(value, word))
        return get_element(value, word)

    return subscript


def _optional_step(container: Closure, key: Closure) -> Closure:
    return lambda frame: _counted_if_there(frame, get_optional(container(frame), key(frame)))


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
        budget = frame[0]
        budget.units += equality_units(first, second)
        if type(first) is str and type(second) is str:
            return first == second
        return equal(first, second, budget.charge)

    return compare


def _not_equal(left: Closure, right: Closure) -> Closure:
    def compare(frame: ExecutionFrame) -> bool:
        first, second = left(frame), right(frame)
        frame[0].units += equality_units(first, second)
        try:
            return not equal(first, second, frame[0].charge)
        except EvaluationError:
            return True  # what cannot be compared is not equal

    return compare


def member_of_literal(element: Closure, container: Closure, *, empty: bool) -> Closure:
    """Return `x in [literals]`: of an empty list it is false, whatever x is."""
    if empty:
        return lambda _frame: False

    def member(frame: ExecutionFrame) -> bool:
        value = element(frame)
        if type(value) is bytes or hasattr(type(value), "UNHASHABLE"):
            raise EvaluationError(f"internal error: a {type_name(value)} cannot be hashed")
        return contains(value, container(frame), frame[0].charge)

    return member


def equal_to_literal(operand: Closure, literal: str) -> Closure:
    """Return `operand == 'text'`."""
    length = len(literal)

    def compare(frame: ExecutionFrame) -> bool:
        value = operand(frame)
        if type(value) is not str:
            frame[0].units += equality_units(value, literal)
            return equal(value, literal)
        frame[0].units += (min(len(value), length) + 9) // 10
        return value == literal

    return compare


_MAX_CACHED_RESULTS = 1024
"""Answers kept for one pattern: some 100 KB with texts such as names and images."""

_MAX_CACHED_LENGTH = 256


def match_pattern(operand: Closure, pattern: str, matches: Callable[[Any, str], Any]) -> Closure:
    """Return `operand.matches('pattern')`, which sees the same names again and again."""
    cache: dict[str, bool] = {}
    charged = charged_by_text(matches)
    pattern_units = -(-len(pattern) // 4)

    def matched(frame: ExecutionFrame) -> bool:
        text = operand(frame)
        if type(text) is str:
            frame[0].units += (len(text) // 10 + 1) * pattern_units
        if type(text) is not str or len(text) > _MAX_CACHED_LENGTH:
            return bool(charged(frame[0], text, pattern))
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
            return found  # a plain value is as good as one that is there
        return found.value if found.present else default(frame)

    return value


def _or_optional(optional: Closure, default: Closure) -> Closure:
    def value(frame: ExecutionFrame) -> Any:
        found = optional(frame)
        if type(found) is not OptionalValue:
            return found
        return found if found.present else default(frame)

    return value


SPECIAL_FORMS: dict[str, Callable[..., Closure]] = {
    "_&&_": partial(_short_circuit, operator="&&", decided_by=False),
    "_||_": partial(_short_circuit, operator="||", decided_by=True),
    "_?_:_": _conditional,
    "!_": _not,
    "@not_strictly_false": _not_strictly_false,
    "_==_": _equal,
    "_!=_": _not_equal,
    "_[_]": _subscript,
    "_?._": _optional_step,
    "_[?_]": _optional_step,
    "orValue": _or_value,
    "or": _or_optional,
}
"""What does not evaluate all operands, or is worth a closure of its own."""

BRANCHING = frozenset({"_&&_", "_||_", "_?_:_", "orValue", "or"})
"""What evaluates its first operand, and the others only if it comes to them."""


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


def charged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a function that takes `charge` last into one that takes the budget first."""
    return lambda budget, *arguments: function(*arguments, charge=budget.charge)


_CHARACTERS_PER_STEP = 256
"""What functions of strings read in the time of a step, or in less."""

TEXT_FUNCTIONS = frozenset(
    {"contains", "matches", "find", "findAll", "split", "replace", "join", "lowerAscii", "trim"}
    | {"upperAscii", "indexOf", "lastIndexOf", "format", "strings.quote", "url", "isURL", "bytes"}
    | {"timestamp", "duration", "validate", "isIP", "ip", "isCIDR", "cidr", "jsonpatch.escapeKey"}
)
"""What reads its texts, or makes one, in a time that grows with them."""


def charged_by_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that counts the characters of its long arguments and of its result."""

    def call(budget: CostBudget, *arguments: Any) -> Any:
        for argument in arguments:
            if type(argument) is str and len(argument) > _CHARACTERS_PER_STEP:
                budget.charge(len(argument) // _CHARACTERS_PER_STEP)
            elif type(argument) is list:
                budget.charge(len(argument) // STRINGS_PER_STEP)
        result = function(*arguments)
        if type(result) is list:
            budget.charge(len(result) // STRINGS_PER_STEP)
        return result

    return call


def _charged_by_size(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that counts a step for each element of its first argument."""

    def call(budget: CostBudget, items: Any, *arguments: Any) -> Any:
        if type(items) is list:
            budget.charge(len(items))
        return function(items, *arguments)

    return call


def _charged_for_order(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that counts n log n steps."""

    def call(budget: CostBudget, items: Any, *arguments: Any) -> Any:
        if type(items) is list:
            budget.charge(len(items) * max(len(items).bit_length(), 1))
        return function(items, *arguments)

    return call


METERED_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_+_": _add_metered,
    "@in": charged(contains),
    "lists.range": charged(lists.make_range),
    "distinct": charged(lists.distinct),
    "flatten": charged(lists.flatten),
    "sort": _charged_for_order(lists.sort),
    "@sortByAssociatedKeys": _charged_for_order(lists.sort_by_keys),
    "sets.contains": charged(sets.contains_all),
    "sets.equivalent": charged(sets.equivalent),
    "sets.intersects": charged(sets.intersects),
    **{name: _charged_by_size(function) for name, function in lists.LINEAR_FUNCTIONS.items()},
}
"""Functions that take longer than a step, and count the elements that they visit or create."""
