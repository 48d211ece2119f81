"""The type checker: which expressions Kubernetes takes, and of which type they are.

In: a tree, what names, functions and fields are declared. Out: the tree with its names resolved,
the type of each node, or all that is wrong with it. Source: google/cel-go checker/checker.go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

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
from webhook.cel.signatures import Overload
from webhook.cel.types import (
    BOOL,
    DYN,
    ERROR,
    INT,
    NULL,
    PRIMITIVES,
    CelType,
    list_of,
    map_of,
    optional_of,
    unwrap_optional,
)
from webhook.cel.unification import Unifier, more_general
from webhook.cel.values import type_name
from webhook.graph.suggest import nearest_word


@dataclass(frozen=True, slots=True)
class ExpressionIssue:
    """What is wrong with an expression, and where in it."""

    message: str
    offset: int


FieldLookup = Callable[[str, str], CelType | None]
"""The type of a struct's field: by names of the struct and the field; None: no such field."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """What expressions may refer to.

    names       variables and types
    functions   overloads by name
    field_type  of structs
    field_names of a struct, where they are few: for hints
    """

    names: Mapping[str, CelType]
    functions: Mapping[str, tuple[Overload, ...]]
    field_type: FieldLookup
    field_names: Callable[[str], tuple[str, ...]]


def check_types(
    expr: Expr, offsets: Mapping[int, int], declarations: Declarations
) -> tuple[CheckedAst, list[ExpressionIssue]]:
    """Return the tree with its types, and what is wrong with it."""
    checker = _Checker(offsets, declarations)
    checked = checker.check(expr)
    resolve = checker.unifier.resolve
    types = {number: resolve(t, free_as_dyn=True) for number, t in checker.types.items()}
    return CheckedAst(checked, types, offsets, checker.overloads), checker.issues


class _Checker:
    """One expression. `scopes`: names of macros that are in force, the innermost last."""

    def __init__(self, offsets: Mapping[int, int], declarations: Declarations) -> None:
        self.offsets, self.declarations = offsets, declarations
        self.unifier = Unifier()
        self.types: dict[int, CelType] = {}
        self.overloads: dict[int, tuple[str, ...]] = {}
        self.issues: list[ExpressionIssue] = []
        self.scopes: list[dict[str, CelType]] = []

    def check(self, node: Expr) -> Expr:
        """Note the types of a tree; return it with its names resolved."""
        match node:
            case Constant(value=value):
                self.types[node.id] = NULL if value is None else PRIMITIVES[type_name(value)]
                return node
            case Ident():
                return self._check_ident(node)
            case Select():
                return self._check_select(node)
            case Call():
                return self._check_call(node)
            case ListLiteral():
                return self._check_list(node)
            case MapLiteral():
                return self._check_map(node)
            case StructLiteral():
                return self._check_struct(node)
        return self._check_comprehension(node)

    def _report(self, node_id: int, message: str) -> None:
        self.issues.append(ExpressionIssue(message, self.offsets.get(node_id, 0)))

    def _mismatch(self, node: Expr, expected: CelType, found: CelType) -> None:
        resolve = self.unifier.resolve
        self._report(node.id, f"expected type '{resolve(expected)}' but found '{resolve(found)}'")

    def _lookup(self, name: str) -> CelType | None:
        if name.startswith("."):
            return self.declarations.names.get(name[1:])
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return self.declarations.names.get(name)

    def _check_ident(self, node: Ident) -> Expr:
        found = self._lookup(node.name)
        if found is None:
            self._report(node.id, f"undeclared reference to '{node.name}'")
        self.types[node.id] = ERROR if found is None else found
        return replace(node, name=node.name.removeprefix("."))

    def _check_select(self, node: Select) -> Expr:
        name = None if node.test_only else _qualified_name(node)
        if name is not None and (found := self._lookup(name)) is not None:
            self.types[node.id] = found
            return Ident(node.id, name.removeprefix("."))
        operand = self.check(node.operand)
        result = self._field_type(node.id, operand, node.field, optional=False)
        self.types[node.id] = BOOL if node.test_only else self.unifier.resolve(result)
        return replace(node, operand=operand)

    def _field_type(self, node_id: int, operand: Expr, field: str, *, optional: bool) -> CelType:
        target, was_optional = unwrap_optional(self.unifier.resolve(self.types[operand.id]))
        match target.kind:
            case "map":
                result = target.parameters[1]
            case "struct":
                result = self._struct_field(node_id, target.name, field)
            case "parameter":
                self.unifier.is_assignable(DYN, target)
                result = DYN
            case _:
                if not target.is_dynamic:
                    self._report(node_id, f"type '{target}' does not support field selection")
                result = DYN
        return optional_of(result) if was_optional or optional else result

    def _struct_field(self, node_id: int, struct_name: str, field: str) -> CelType:
        found = self.declarations.field_type(struct_name, field)
        if found is not None:
            return found
        known = self.declarations.field_names(struct_name)
        near = nearest_word(field, known)
        hint = f'; did you mean "{near}"?' if near else ""
        self._report(node_id, f"undefined field '{field}'{hint}")
        return ERROR

    def _check_call(self, node: Call) -> Expr:
        if node.function == "_?._":
            operand = self.check(node.arguments[0])
            field = node.arguments[1]
            self.check(field)
            name = field.value if isinstance(field, Constant) else ""
            result = self._field_type(node.id, operand, name, optional=True)
            self.types[node.id] = self.unifier.resolve(result)
            return replace(node, arguments=(operand, field))
        arguments = tuple(map(self.check, node.arguments))
        if node.target is None:
            name = node.function.removeprefix(".")
            return self._resolve(Call(node.id, name, None, arguments))
        prefix = _qualified_name(node.target)
        if prefix is not None:
            name = f"{prefix}.{node.function}".removeprefix(".")
            if name in self.declarations.functions:
                return self._resolve(Call(node.id, name, None, arguments))
        target = self.check(node.target)
        return self._resolve(Call(node.id, node.function, target, arguments))

    def _resolve(self, node: Call) -> Expr:
        """Note which overloads a call may be of, and its type."""
        self.types[node.id] = ERROR
        if node.target is not None and self.types[node.target.id].kind == "error":
            return node  # what is wrong is the target, and that has been said
        overloads = self.declarations.functions.get(node.function)
        if overloads is None:
            names = [name for name in self.declarations.functions if name.isidentifier()]
            near = nearest_word(node.function, names)
            hint = f'; did you mean "{near}"?' if near else ""
            self._report(node.id, f"undeclared reference to '{node.function}'{hint}")
            return node
        operands = node.arguments if node.target is None else (node.target, *node.arguments)
        found = tuple(self.types[operand.id] for operand in operands)
        if node.function in ("_&&_", "_||_"):
            self._check_logical(node, operands)
            return node
        result: CelType | None = None
        chosen: list[str] = []
        for overload in overloads:
            if overload.is_method is (node.target is None):
                continue
            parameters, returned = self._instantiate(overload)
            if not self.unifier.are_assignable(found, parameters):
                continue
            chosen.append(overload.signature)
            returned = self.unifier.resolve(returned)
            if result is None:
                result = returned
            elif result.kind != "dyn" and returned != result:
                result = DYN
        if result is None:
            self._report_no_overload(node, found)
            return node
        self.types[node.id] = result
        self.overloads[node.id] = tuple(chosen)
        return node

    def _check_logical(self, node: Call, operands: tuple[Expr, ...]) -> None:
        fits = True
        for operand in operands:
            found = self.types[operand.id]
            if not self.unifier.is_assignable(found, BOOL):
                self._mismatch(operand, BOOL, found)
                fits = False
        if fits:
            self.types[node.id] = BOOL

    def _instantiate(self, overload: Overload) -> tuple[tuple[CelType, ...], CelType]:
        """Return parameters and result of an overload with type parameters of its own."""
        fresh: dict[str, CelType] = {}

        def renew(type_: CelType) -> CelType:
            if type_.kind == "parameter":
                if type_.name not in fresh:
                    fresh[type_.name] = self.unifier.new_parameter()
                return fresh[type_.name]
            if not type_.parameters:
                return type_
            return CelType(type_.kind, type_.name, tuple(map(renew, type_.parameters)))

        return tuple(map(renew, overload.parameters)), renew(overload.result)

    def _report_no_overload(self, node: Call, found: tuple[CelType, ...]) -> None:
        texts = [str(self.unifier.resolve(type_, free_as_dyn=True)) for type_ in found]
        given = f"({', '.join(texts)})"
        if node.target is not None:
            given = f"{texts[0]}.({', '.join(texts[1:])})"
        name = "in" if node.function == "@in" else node.function
        self._report(node.id, f"found no matching overload for '{name}' applied to '{given}'")

    def _unwrap_element(self, node: Expr, *, optional: bool) -> CelType:
        """Return what an element of a literal adds; behind a question mark it is an optional."""
        type_ = self.types[node.id]
        if not optional:
            return type_
        inner, was_optional = unwrap_optional(type_)
        if not was_optional and type_.kind != "dyn":
            self._mismatch(node, optional_of(type_), type_)
        return inner

    def _join(self, before: CelType | None, type_: CelType) -> CelType:
        if before is None:
            return type_
        if self.unifier.is_assignable(before, type_):
            return more_general(before, type_)
        return DYN  # `literal_checks` says what Kubernetes does not take of these

    def _check_list(self, node: ListLiteral) -> Expr:
        elements = []
        joined: CelType | None = None
        for index, element in enumerate(node.elements):
            elements.append(self.check(element))
            type_ = self._unwrap_element(element, optional=index in node.optional_indices)
            joined = self._join(joined, type_)
        self.types[node.id] = list_of(joined or self.unifier.new_parameter())
        return replace(node, elements=tuple(elements))

    def _check_map(self, node: MapLiteral) -> Expr:
        entries = []
        keys: CelType | None = None
        values: CelType | None = None
        for key, value, optional in node.entries:
            checked_key = self.check(key)
            keys = self._join(keys, self.types[key.id])
            entries.append((checked_key, self.check(value), optional))
            type_ = self._unwrap_element(value, optional=optional)
            values = self._join(values, type_)
        new = self.unifier.new_parameter
        self.types[node.id] = map_of(keys or new(), values or new())
        return replace(node, entries=tuple(entries))

    def _check_struct(self, node: StructLiteral) -> Expr:
        named = self._lookup(node.type_name)
        name = node.type_name.removeprefix(".")
        self.types[node.id] = ERROR
        if named is None:
            self._report(node.id, f"undeclared reference to '{node.type_name}'")
            return node
        if named.kind != "type" or not named.parameters:
            self._report(node.id, f"'{named}' is not a type")
            return node
        instance = named.parameters[0]
        if instance.kind != "struct" and not name.startswith("google.protobuf."):
            self._report(node.id, f"'{name}' is not a message type")
            return node
        self.types[node.id] = instance
        fields = []
        for number, field, value, optional in node.fields:
            checked = self.check(value)
            expected = self._struct_field(number, name, field)
            found = self._unwrap_element(value, optional=optional)
            if not self.unifier.is_assignable(expected, found):
                self._report(
                    number,
                    f"expected type of field '{field}' is '{expected}' but provided type is "
                    f"'{self.unifier.resolve(found)}'",
                )
            fields.append((number, field, checked, optional))
        return replace(node, type_name=name, fields=tuple(fields))

    def _check_comprehension(self, node: Comprehension) -> Expr:
        iter_range, accu_init = self.check(node.iter_range), self.check(node.accu_init)
        accumulator = self.types[node.accu_init.id]
        first, second = self._element_types(node)
        self.scopes.append({node.accu_var: accumulator})
        self.scopes.append({node.iter_var: first})
        if node.iter_var2:
            self.scopes[-1][node.iter_var2] = second
        condition = self.check(node.loop_condition)
        self._assert_type(node.loop_condition, BOOL)
        step = self.check(node.loop_step)
        self._assert_type(node.loop_step, accumulator)
        self.scopes.pop()
        result = self.check(node.result)
        self.scopes.pop()
        self.types[node.id] = self.unifier.resolve(self.types[node.result.id])
        return replace(
            node,
            iter_range=iter_range,
            accu_init=accu_init,
            loop_condition=condition,
            loop_step=step,
            result=result,
        )

    def _element_types(self, node: Comprehension) -> tuple[CelType, CelType]:
        """Return the types of the variables of a macro."""
        range_type = self.unifier.resolve(self.types[node.iter_range.id])
        match range_type.kind:
            case "list":
                element = range_type.parameters[0]
                return (INT, element) if node.iter_var2 else (element, element)
            case "map":
                return range_type.parameters[0], range_type.parameters[1]
            case "dyn" | "error" | "parameter":
                self.unifier.is_assignable(DYN, range_type)
                return DYN, DYN
        self._report(
            node.iter_range.id,
            f"expression of type '{range_type}' cannot be range of a comprehension (must be list, "
            "map, or dynamic)",
        )
        return ERROR, ERROR

    def _assert_type(self, node: Expr, expected: CelType) -> None:
        if not self.unifier.is_assignable(expected, self.types[node.id]):
            self._mismatch(node, expected, self.types[node.id])


def _qualified_name(node: Expr) -> str | None:
    """Return "a.b.c" of a selection of names only."""
    fields: list[str] = []
    while isinstance(node, Select) and not node.test_only:
        fields.append(node.field)
        node = node.operand
    if not isinstance(node, Ident):
        return None
    return ".".join([node.name, *reversed(fields)])
