"""From a checked syntax tree to a Python closure.

A closure takes a frame and returns a value. Closures raise EvaluationError where CEL has an error
value.

Not here: what the closures are (`operators`, `macros`), what functions do (`stdlib`,
`libraries`), why an expression was false (`provenance`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from webhook.cel.activation import Closure, ExecutionFrame, SlotLayout
from webhook.cel.call_costs import CallCost
from webhook.cel.checked_ast import (
    Call,
    CheckedAst,
    Comprehension,
    Constant,
    Expr,
    Ident,
    ListLiteral,
    MapLiteral,
    Select,
    StructLiteral,
)
from webhook.cel.cost import CostModel, counted, counted_block, counted_expression
from webhook.cel.macro_detection import Macro, detect_macro
from webhook.cel.macros import (
    FAST_MACROS,
    MACROS,
    LoopCost,
    comprehension,
    iterate_elements,
)
from webhook.cel.operators import (
    BRANCHING,
    METERED_FUNCTIONS,
    SPECIAL_FORMS,
    TEXT_FUNCTIONS,
    charged,
    charged_by_text,
    equal_to_literal,
    has_field,
    lazy_variable,
    make_struct,
    match_pattern,
    member_of_literal,
    metered_call,
    select_field,
    select_local_field,
    variables_object,
    walk_optional_keys,
    walk_optional_local,
)
from webhook.cel.structs import build_struct
from webhook.cel.values import (
    EvaluationError,
    Function,
    OptionalValue,
    TypeValue,
    counts_work,
    to_key,
)


class Compiler:
    """Makes the closures of one expression; `closure` of any node of its tree, once each.

    lazy_variables  names whose slots are filled at their first use, by the closures given here
    """

    def __init__(
        self,
        ast: CheckedAst,
        functions: Mapping[str, Function],
        layout: SlotLayout,
        lazy_variables: Mapping[str, Closure] | None = None,
    ) -> None:
        self.ast = ast
        self.functions = functions
        self.layout = layout
        self.lazy_variables = lazy_variables or {}
        self.comprehension_slots: dict[int, tuple[int, int, int]] = {}
        """By the id of a Fold: the slots of its element, second element and accumulator."""
        self._closures: dict[int, Closure] = {}
        self.cost = CostModel(ast)
        root = self._compile(ast.expr, {})
        self.root = counted_expression(root, self.cost.units(ast.expr))

    def closure_of(self, node: Expr) -> Closure:
        """Return the closure of a node of the tree."""
        return self._closures[id(node)]

    def _compile(self, node: Expr, local_slots: Mapping[str, int]) -> Closure:
        closure = self._compile_node(node, local_slots)
        self._closures[id(node)] = closure
        return closure

    def _compile_node(self, node: Expr, local_slots: Mapping[str, int]) -> Closure:
        match node:
            case Constant(_, value):
                return lambda _frame: value
            case Select() if (name := self.variable_name(node, local_slots)) is not None:
                return self._compile_name(name, local_slots)
            case Ident(_, name):
                return self._compile_name(name, local_slots)
            case Select(_, Ident(_, name) as operand, field, False) if name in local_slots:
                self._compile(operand, local_slots)  # for `of`
                return select_local_field(local_slots[name], field)
            case Select(_, operand, field, test):
                make_closure = has_field if test else select_field
                return make_closure(self._compile(operand, local_slots), field)
            case Call():
                return self._compile_call(node, local_slots)
            case ListLiteral():
                return self._compile_list(node, local_slots)
            case MapLiteral():
                return self._compile_map(node, local_slots)
            case StructLiteral():
                return self._compile_struct(node, local_slots)
            case Comprehension():
                return self._compile_comprehension(node, local_slots)

    def variable_name(self, node: Expr, local_slots: Mapping[str, int]) -> str | None:
        """Return the name of the lazy variable that a selection is: variables.x; else None."""
        match node:
            case Select(_, Ident(_, holder), field, False) if holder not in local_slots:
                name = f"{holder}.{field}"
                return name if name in self.lazy_variables else None
        return None

    def _compile_name(self, name: str, local_slots: Mapping[str, int]) -> Closure:
        if name in local_slots:
            slot = local_slots[name]
            return lambda frame: frame[slot]
        if name in self.lazy_variables:
            return lazy_variable(self.layout.slot_for(name), self.lazy_variables[name])
        if name in self.layout.names:
            slot = self.layout.names[name]
            return lambda frame: frame[slot]
        prefix = f"{name}."
        if any(known.startswith(prefix) for known in self.lazy_variables) or name == "variables":
            closures = {
                known.removeprefix(prefix): lazy_variable(self.layout.slot_for(known), compute)
                for known, compute in self.lazy_variables.items()
            }
            return variables_object(closures)
        if name.endswith(".NULL_VALUE"):
            return lambda _frame: 0
        type_value = TypeValue(name)  # the checker lets no other unknown name through
        return lambda _frame: type_value

    def _compile_call(self, node: Call, local_slots: Mapping[str, int]) -> Closure:
        optional_chain = self._compile_optional_chain(node, local_slots)
        return optional_chain or self._compile_plain_call(node, local_slots)

    def _compile_optional_chain(self, node: Call, local_slots: Mapping[str, int]) -> Closure | None:
        """Return `a.?b.c.orValue(d)` or `a.?b.c.hasValue()` as one closure without optionals."""
        if node.function not in ("orValue", "hasValue") or node.target is None:
            return None
        keys: list[str] = []
        start_node: Expr = node.target
        while True:
            match start_node:
                case Call(function="_?._" | "_[?_]", arguments=(base, Constant(_, str(key)))):
                    keys.append(key)
                    start_node, optional = base, True
                case Select(_, base, key, False) if (
                    self.variable_name(start_node, local_slots) is None
                ):
                    keys.append(key)
                    start_node, optional = base, False
                case _:
                    break
            if optional and not self._is_optional_chain(start_node):
                self._compile(node.target, local_slots)  # its parts, for `of`
                start = self._compile(start_node, local_slots)
                default = None
                if node.function == "orValue":
                    default = counted_block(
                        self._compile(node.arguments[0], local_slots),
                        self.cost.units(node.arguments[0]),
                    )
                if (
                    isinstance(start_node, Ident)
                    and start_node.name in local_slots
                    and len(keys) == 1
                ):
                    return walk_optional_local(local_slots[start_node.name], keys[0], default)
                return walk_optional_keys(start, tuple(reversed(keys)), default)
        return None

    def _is_optional_chain(self, node: Expr) -> bool:
        """Return whether a node may return an optional: then no chain begins there."""
        while isinstance(node, Select) and not node.test_only:
            node = node.operand
        return isinstance(node, Call) and node.function in ("_?._", "_[?_]")

    def _compile_plain_call(self, node: Call, local_slots: Mapping[str, int]) -> Closure:
        operands = ((node.target,) if node.target is not None else ()) + node.arguments
        function = node.function
        arguments = [self._compile(operands[0], local_slots)] if operands else []
        for argument in operands[1:]:
            closure = self._compile(argument, local_slots)
            if function == "_?_:_":
                closure = counted_block(closure, self.cost.branch_units(argument))
            elif function in BRANCHING:
                closure = counted_block(closure, self.cost.units(argument))
            arguments.append(closure)
        cost = self.cost.dynamic(node)
        if function == "@in" and isinstance(operands[1], ListLiteral):
            literal = operands[1]
            if all(isinstance(e, Constant) for e in literal.elements):
                return member_of_literal(*arguments, empty=not literal.elements)
        if (
            len(operands) == 2
            and isinstance(operands[1], Constant)
            and type(operands[1].value) is str
        ):
            text = operands[1].value
            if node.function == "_==_":
                return equal_to_literal(arguments[0], text)
            if node.function == "matches":
                return match_pattern(arguments[0], text, self.functions[function])
        if special := SPECIAL_FORMS.get(node.function):
            return special(*arguments)
        if function in METERED_FUNCTIONS:
            return metered_call(_counted(METERED_FUNCTIONS[function], cost), arguments)
        implementation = self.functions[function]
        if node.target is not None:
            implementation = self.functions.get(f".{function}", implementation)
        if function in TEXT_FUNCTIONS:
            return metered_call(_counted(charged_by_text(implementation), cost), arguments)
        if counts_work(implementation):
            return metered_call(_counted(charged(implementation), cost), arguments)
        if cost is not None:
            plain = implementation
            return metered_call(counted(lambda _, *given: plain(*given), cost), arguments)
        match arguments:
            case [only]:
                return lambda frame: implementation(only(frame))
            case [left, right]:
                return lambda frame: implementation(left(frame), right(frame))
        return lambda frame: implementation(*[argument(frame) for argument in arguments])

    def _compile_list(self, node: ListLiteral, local_slots: Mapping[str, int]) -> Closure:
        elements = [self._compile(element, local_slots) for element in node.elements]
        if not node.optional_indices:
            return lambda frame: [element(frame) for element in elements]
        optional = node.optional_indices

        def build(frame: ExecutionFrame) -> list[Any]:
            made: list[Any] = []
            for number, element in enumerate(elements):
                value = element(frame)
                if number not in optional:
                    made.append(value)
                elif type(value) is not OptionalValue:
                    raise EvaluationError("cannot initialize optional list element")
                elif value.present:
                    made.append(value.value)
            return made

        return build

    def _compile_map(self, node: MapLiteral, local_slots: Mapping[str, int]) -> Closure:
        entries = [
            (self._compile(key, local_slots), self._compile(value, local_slots), optional)
            for key, value, optional in node.entries
        ]

        def build(frame: ExecutionFrame) -> dict[Any, Any]:
            made: dict[Any, Any] = {}
            for key, value, optional in entries:
                word, content = to_key(key(frame)), value(frame)
                if not optional:
                    made[word] = content
                elif type(content) is not OptionalValue:
                    raise EvaluationError(f"cannot initialize optional entry '{word}'")
                elif content.present:
                    made[word] = content.value
            return made

        return build

    def _compile_struct(self, node: StructLiteral, local_slots: Mapping[str, int]) -> Closure:
        fields = [
            (name, self._compile(value, local_slots), optional)
            for _, name, value, optional in node.fields
        ]
        return make_struct(node.type_name, fields, build_struct)

    def _compile_comprehension(
        self, node: Comprehension, local_slots: Mapping[str, int]
    ) -> Closure:
        iter_range = self._compile(node.iter_range, local_slots)
        iter_slot, iter_slot2, accu_slot = (self.layout.new_slot() for _ in range(3))
        self.comprehension_slots[node.id] = iter_slot, iter_slot2, accu_slot
        accu_slots = {**local_slots, node.accu_var: accu_slot}
        loop_slots = {**accu_slots, node.iter_var: iter_slot}
        if node.iter_var2:
            loop_slots[node.iter_var2] = iter_slot2
        accu_init = self._compile(node.accu_init, local_slots)
        loop_condition = self._compile(node.loop_condition, loop_slots)
        loop_step = self._compile(node.loop_step, loop_slots)
        result = self._compile(node.result, accu_slots)
        macro = detect_macro(node)
        if macro is not None:
            make_closure = MACROS[macro.kind]
            parts = [
                self.closure_of(part) for part in (macro.test, macro.transform) if part is not None
            ]
            elements = iterate_elements(iter_range, iter_slot, iter_slot2 if node.iter_var2 else 0)
            cost = self._loop_cost(node, macro)
            closure = make_closure(cost, elements, *parts)
            make_fast = FAST_MACROS.get(macro.kind)
            return (
                closure
                if node.iter_var2 or make_fast is None
                else make_fast(cost, iter_range, iter_slot, closure, *parts)
            )
        return comprehension(
            LoopCost(self.cost.units(node.loop_step), leaving=self.cost.units(node.loop_condition)),
            iterate_elements(iter_range, iter_slot, iter_slot2 if node.iter_var2 else 0),
            accu_slot,
            (accu_init, loop_condition, loop_step, result),
        )

    def _loop_cost(self, node: Comprehension, macro: Macro) -> LoopCost:
        """Return what a macro costs for each element: its condition, and the step itself."""
        leaving = self.cost.units(node.loop_condition)
        each = leaving + self.cost.units(node.loop_step)
        if macro.kind in ("all", "exists") and macro.test is not None:
            return LoopCost(each + self.cost.units(macro.test), leaving=leaving)
        step = node.loop_step
        if macro.kind in ("filter", "exists_one") and isinstance(step, Call):
            passing, otherwise = map(self.cost.branch_units, step.arguments[1:])
            return LoopCost(each + otherwise, passing - otherwise)
        return LoopCost(each)


def _counted(function: Callable[..., Any], cost: CallCost | None) -> Callable[..., Any]:
    return function if cost is None else counted(function, cost)
