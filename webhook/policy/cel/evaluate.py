"""From a checked syntax tree to a Python closure.

A closure takes a frame and returns a value. Closures raise EvaluationError where CEL has an error
value.

Not here: what the closures are (`operators`, `macros`), what functions do (`standard`,
`libraries`), why an expression was false (`culprits`).
"""

from collections.abc import Mapping
from typing import Any

from webhook.policy.cel.frames import Closure, Frame, Layout
from webhook.policy.cel.macros import DIRECT, SHAPES, elements_of, general_fold
from webhook.policy.cel.operators import (
    FRAMED,
    SPECIAL,
    equal_to_text,
    framed,
    has_field,
    lazy,
    match_pattern,
    select_field,
    select_from,
    walk_down,
    walk_from,
)
from webhook.policy.cel.shapes import shape_of
from webhook.policy.cel.tree import (
    Call,
    Checked,
    Constant,
    Fold,
    ListLiteral,
    MapLiteral,
    Name,
    Select,
    Tree,
)
from webhook.policy.cel.values import (
    EvaluationError,
    Function,
    Optional,
    TypeValue,
    no_overload,
)


class Compiler:
    """Makes the closures of one expression; `closure` of any node of its tree, once each.

    lazy  names whose slots are filled at their first use, by the closures given here
    """

    def __init__(
        self,
        checked: Checked,
        functions: Mapping[str, Function],
        layout: Layout,
        lazy: Mapping[str, Closure] | None = None,
    ) -> None:
        self.checked = checked
        self.functions = functions
        self.layout = layout
        self.lazy = lazy or {}
        self.slots: dict[int, tuple[int, int, int]] = {}
        """By the id of a Fold: the slots of its element, second element and accumulator."""
        self._made: dict[int, Closure] = {}
        self.root = self._closure(checked.tree, {})

    def of(self, node: Tree) -> Closure:
        """Return the closure of a node of the tree."""
        return self._made[id(node)]

    def _closure(self, node: Tree, local: Mapping[str, int]) -> Closure:
        made = self._make(node, local)
        self._made[id(node)] = made
        return made

    def _make(self, node: Tree, local: Mapping[str, int]) -> Closure:
        match node:
            case Constant(_, value):
                return lambda _frame: value
            case Name() | Select() if (name := self.qualified(node, local)) is not None:
                return self._name(name, local)
            case Name(_, name):
                return self._name(name, local)
            case Select(_, Name(_, name) as operand, field, False) if name in local:
                self._closure(operand, local)  # for `of`
                return select_from(local[name], field)
            case Select(_, operand, field, test):
                make = has_field if test else select_field
                return make(self._closure(operand, local), field)
            case Call():
                return self._call(node, local)
            case ListLiteral():
                return self._list(node, local)
            case MapLiteral():
                return self._map(node, local)
            case Fold():
                return self._fold(node, local)

    def qualified(self, node: Tree, local: Mapping[str, int]) -> str | None:
        """Return the name that a selection stands for as a whole: variables.x; else None."""
        if isinstance(node, Select):
            if node.test:
                return None
            name = self.checked.names.get(node.id)
            return None if name is None or name in local else name
        return None

    def _name(self, name: str, local: Mapping[str, int]) -> Closure:
        if name in local:
            slot = local[name]
            return lambda frame: frame[slot]
        if name in self.lazy:
            return lazy(self.layout.slot(name), self.lazy[name])
        if name in self.layout.names:
            slot = self.layout.names[name]
            return lambda frame: frame[slot]
        known = TypeValue(name)  # the checker lets no other unknown name through
        return lambda _frame: known

    def _call(self, node: Call, local: Mapping[str, int]) -> Closure:
        fused = self._chain(node, local)
        return fused or self._plain_call(node, local)

    def _chain(self, node: Call, local: Mapping[str, int]) -> Closure | None:
        """Return `a.?b.c.orValue(d)` or `a.?b.c.hasValue()` as one closure without optionals."""
        if node.function not in ("orValue", "hasValue") or node.target is None:
            return None
        keys: list[str] = []
        here: Tree = node.target
        while True:
            match here:
                case Call(function="_?._" | "_[?_]", arguments=(base, Constant(_, str(key)))):
                    keys.append(key)
                    here, optional = base, True
                case Select(_, base, key, False) if self.qualified(here, local) is None:
                    keys.append(key)
                    here, optional = base, False
                case _:
                    break
            if optional and not self._is_chain(here):
                self._closure(node.target, local)  # its parts, for `of`
                start = self._closure(here, local)
                other = None
                if node.function == "orValue":
                    other = self._closure(node.arguments[0], local)
                if isinstance(here, Name) and here.name in local and len(keys) == 1:
                    return walk_from(local[here.name], keys[0], other)
                return walk_down(start, tuple(reversed(keys)), other)
        return None

    def _is_chain(self, node: Tree) -> bool:
        """Tell whether a node may itself give an optional: then it is not where a chain begins."""
        while isinstance(node, Select) and not node.test:
            node = node.operand
        return isinstance(node, Call) and node.function in ("_?._", "_[?_]")

    def _plain_call(self, node: Call, local: Mapping[str, int]) -> Closure:
        given = ((node.target,) if node.target is not None else ()) + node.arguments
        arguments = [self._closure(argument, local) for argument in given]
        function = self.checked.names.get(node.id, node.function)
        if len(given) == 2 and isinstance(given[1], Constant) and type(given[1].value) is str:
            text = given[1].value
            if node.function == "_==_":
                return equal_to_text(arguments[0], text)
            if node.function == "matches":
                return match_pattern(arguments[0], text, self.functions[function])
        if special := SPECIAL.get(node.function):
            return special(*arguments)
        if function in FRAMED:
            return framed(FRAMED[function], arguments)
        implementation = self.functions[function]
        if function in _CONVERSIONS and (wanted := _settled(node.arguments[0])) is not None:
            implementation = _only(implementation, function, wanted)
        match arguments:
            case [only]:
                return lambda frame: implementation(only(frame))
            case [left, right]:
                return lambda frame: implementation(left(frame), right(frame))
        return lambda frame: implementation(*[argument(frame) for argument in arguments])

    def _list(self, node: ListLiteral, local: Mapping[str, int]) -> Closure:
        elements = [self._closure(element, local) for element in node.elements]
        if not node.optional:
            return lambda frame: [element(frame) for element in elements]
        optional = node.optional

        def build(frame: Frame) -> list[Any]:
            made: list[Any] = []
            for number, element in enumerate(elements):
                value = element(frame)
                if number not in optional:
                    made.append(value)
                elif value.present:
                    made.append(value.value)
            return made

        return build

    def _map(self, node: MapLiteral, local: Mapping[str, int]) -> Closure:
        entries = [
            (self._closure(key, local), self._closure(value, local), optional)
            for key, value, optional in node.entries
        ]

        def build(frame: Frame) -> dict[Any, Any]:
            made: dict[Any, Any] = {}
            for key, value, optional in entries:
                word, content = key(frame), value(frame)
                if type(word) in (list, dict):
                    raise no_overload("{}", word, content)
                if word in made:
                    raise EvaluationError(f"the key {word} stands twice in a map")
                if optional or type(content) is Optional:
                    if content.present:
                        made[word] = content.value
                    continue
                made[word] = content
            return made

        return build

    def _fold(self, node: Fold, local: Mapping[str, int]) -> Closure:
        over = self._closure(node.over, local)
        first, second, total = (self.layout.fresh() for _ in range(3))
        self.slots[node.id] = first, second, total
        accumulated = {**local, node.accumulator: total}
        inner = {**accumulated, node.variable: first}
        if node.second:
            inner[node.second] = second
        initial = self._closure(node.initial, local)
        condition = self._closure(node.condition, inner)
        step = self._closure(node.step, inner)
        result = self._closure(node.result, accumulated)
        shape = shape_of(node)
        if shape is not None:
            make = SHAPES[shape.kind]
            parts = [self.of(part) for part in (shape.test, shape.value) if part is not None]
            elements = elements_of(over, first, second if node.second else 0)
            plain = make(elements, *parts)
            direct = DIRECT.get(shape.kind)
            return plain if node.second or direct is None else direct(over, first, plain, *parts)
        return general_fold(
            elements_of(over, first, second if node.second else 0),
            total,
            (initial, condition, step, result),
        )


_CONVERSIONS = frozenset({"string", "int", "uint", "double", "bool", "bytes"})


def _settled(argument: Tree) -> type | None:
    """Return the type that cel-go's checker settles on for `object.?x.orValue('0')`: string.

    It then knows string(string) alone, and `string(object.?x.orValue('0'))` fails in the API server
    where x is a number. Conversions are the functions with one implementation for each type.
    """
    match argument:
        case Call(function="orValue", arguments=(Constant(_, value),)) if value is not None:
            return type(value)
    return None


def _only(function: Function, name: str, wanted: type) -> Function:
    def convert(value: Any) -> Any:
        if type(value) is not wanted:
            raise no_overload(name, value)
        return function(value)

    return convert
