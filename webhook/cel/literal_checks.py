"""What Kubernetes refuses in literals, besides types: before a policy is stored, not at run time.

Patterns, durations and timestamps that are invalid; lists and maps of mixed types; values that do
not fit their place in format(); conversions of a constant that fail.
Source: k8s.io/apiserver pkg/cel/environment/base.go (its validators and optimizations);
google/cel-go cel/validator.go, ext/formatting.go, interpreter/decorators.go.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.cel.checked_ast import (
    Call,
    CheckedAst,
    Constant,
    Expr,
    Ident,
    ListLiteral,
    MapLiteral,
    children,
    walk,
)
from webhook.cel.re2 import check_pattern
from webhook.cel.types import CelType
from webhook.cel.values import EvaluationError, Function, TypeValue, UInt, type_name

LiteralIssue = tuple[Expr, str]

TYPE_CONVERSIONS = frozenset(
    {"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"}
)
"""Of a constant they are computed when a program is planned (IsTypeConversionFunction)."""
_NOT_CONSTANT = object()
_CLAUSE = re.compile(r"%(?:(?P<percent>%)|(?:\.(?P<precision>[0-9]*))?(?P<verb>.?))", re.DOTALL)
_FORMATTED: dict[str, tuple[frozenset[str], str]] = {
    verb: (frozenset(types.split()), words)
    for verbs, types, words in (
        ("d", "int uint", "decimal clause can only be used on integers"),
        ("fe", "double string", "fixed-point clause can only be used on doubles"),
        ("b", "int uint bool", "only integers and bools can be formatted as binary"),
        ("xX", "int uint string bytes", "only integers, bytes and strings can be formatted as hex"),
        ("o", "int uint", "octal clause can only be used on integers"),
        (
            "s",
            "list map int uint double bool string bytes type null_type google.protobuf.Timestamp "
            "google.protobuf.Duration",
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, "
            "types, durations, and timestamps",
        ),
    )
    for verb in verbs
}


def literal_issues(ast: CheckedAst, functions: Mapping[str, Function]) -> Iterator[LiteralIssue]:
    """Yield what is wrong with the literals of a checked expression."""
    yield from _mixed_literals(ast, ast.expr)
    for node in walk(ast.expr):
        if isinstance(node, Call):
            yield from _pattern_issues(node)
            yield from _format_issues(ast, node)
    try:
        _Folding(ast, functions).value(ast.expr)
    except _ConstantError as error:
        yield error.node, f"{error}"


def _mixed_literals(ast: CheckedAst, expr: Expr) -> Iterator[LiteralIssue]:
    """Yield elements of another type than the first one's; what format() is given is free."""
    pending = [expr]
    while pending:
        node = pending.pop()
        if isinstance(node, Call) and node.function == "format":
            continue
        yield from _optional_issues(ast, node)
        if isinstance(node, ListLiteral):
            optional = node.optional_indices
            elements = [(e, i in optional) for i, e in enumerate(node.elements)]
            yield from _mixed(ast, elements)
        elif isinstance(node, MapLiteral):
            yield from _mixed(ast, [(key, False) for key, _, _ in node.entries])
            yield from _mixed(ast, [(value, optional) for _, value, optional in node.entries])
        pending.extend(reversed(children(node)))


def _mixed(ast: CheckedAst, elements: list[tuple[Expr, bool]]) -> Iterator[LiteralIssue]:
    types = [_element_type(ast.types[node.id], optional) for node, optional in elements]
    for (node, _), type_ in zip(elements, types, strict=True):
        if type_ != types[0]:
            yield node, f"expected type '{types[0]}' but found '{type_}'"
            return


def _element_type(type_: CelType, optional: bool) -> CelType:  # noqa: FBT001 — private
    return type_.parameters[0] if optional and type_.parameters else type_


def _pattern_issues(node: Call) -> Iterator[LiteralIssue]:
    if node.function not in ("matches", "find", "findAll"):
        return
    position = 1 if node.target is None and node.function == "matches" else 0
    pattern = node.arguments[position] if len(node.arguments) > position else None
    if isinstance(pattern, Constant) and type(pattern.value) is str:
        try:
            check_pattern(pattern.value)
        except EvaluationError as error:
            yield pattern, f'invalid pattern "{pattern.value}": {error}'


def _format_issues(ast: CheckedAst, node: Call) -> Iterator[LiteralIssue]:
    match node:
        case Call(
            function="format",
            target=Constant(value=str(template)),
            arguments=(ListLiteral(elements=elements),),
        ):
            used = 0
            for clause in _CLAUSE.finditer(template):
                if clause["percent"]:
                    continue
                if used >= len(elements):
                    yield node, f"too few arguments for format: index {used} out of range"
                    return
                if fault := _clause_fault(ast, clause, elements[used]):
                    yield fault
                    return
                used += 1
            if used < len(elements):
                counts = f"(expected {used}, got {len(elements)})"
                yield node, f"too many arguments supplied to format {counts}"


def _clause_fault(
    ast: CheckedAst, clause: re.Match[str], argument: Expr
) -> tuple[Expr, str] | None:
    verb = clause["verb"]
    if verb not in _FORMATTED or clause["precision"] == "":
        return argument, f'unrecognized formatting clause "{clause[0]}"'
    allowed, words = _FORMATTED[verb]
    pending = [argument]
    while pending:
        value = pending.pop()
        type_ = ast.types[value.id]
        if type_.name != "dyn" and type_.name not in allowed:
            return value, f"{words}, was given {type_.name}"
        if verb == "s" and isinstance(value, (ListLiteral, MapLiteral)):
            pending.extend(children(value))
    return None


class _ConstantError(Exception):
    def __init__(self, node: Expr, message: str) -> None:
        self.node = node
        super().__init__(message)


class _Folding:
    """What is known before evaluation, as cel-go folds it."""

    def __init__(self, ast: CheckedAst, functions: Mapping[str, Function]) -> None:
        self.ast, self.functions = ast, functions

    def value(self, node: Expr) -> Any:
        """Return a node's value if it is a constant; raise _ConstantError where it has none."""
        match node:
            case Constant(value=value):
                return value
            case Ident(name=name) if self.ast.types[node.id].kind == "type":
                return TypeValue(name)
            case Call(function=name, target=None, arguments=(argument,)) if (
                name in TYPE_CONVERSIONS
            ):
                return self._converted(node, name, self.value(argument))
            case ListLiteral(elements=elements):
                values = [self.value(element) for element in elements]
                return _NOT_CONSTANT if any(v is _NOT_CONSTANT for v in values) else values
            case MapLiteral(entries=entries):
                return self._map(entries)
            case Call(function="_[_]" | "_[?_]", arguments=(container, key)):
                self.value(container)
                self._check_key(key, self.value(key))
                return _NOT_CONSTANT
        for child in children(node):
            self.value(child)
        return _NOT_CONSTANT

    def _converted(self, node: Expr, function: str, value: Any) -> Any:
        if value is _NOT_CONSTANT:
            return value
        try:
            return self.functions[function](value)
        except EvaluationError as error:
            raise _ConstantError(node, str(error)) from None

    def _map(self, entries: tuple[tuple[Expr, Expr, bool], ...]) -> Any:
        values = [self.value(part) for key, value, _ in entries for part in (key, value)]
        if any(value is _NOT_CONSTANT for value in values):
            return _NOT_CONSTANT
        for key, _, _ in entries:
            if isinstance(key, Constant) and type(key.value) is bytes:
                raise _ConstantError(key, "a value of type bytes cannot be the key of a map")
        return {}  # what is in it does not matter to a conversion

    @staticmethod
    def _check_key(node: Expr, key: Any) -> None:
        """Raise where no list and no map has a key of this kind: x[null], x[dyn([1])]."""
        if key is not _NOT_CONSTANT and type(key) not in (str, bool, int, UInt, float):
            raise _ConstantError(node, f"invalid qualifier type: {type_name(key)}")


def _optional_issues(ast: CheckedAst, node: Expr) -> Iterator[LiteralIssue]:
    """Yield elements behind a question mark that are not known to be optionals.

    kube-apiserver panics on these and answers with an internal error.
    """
    optional: list[Expr] = []
    if isinstance(node, ListLiteral):
        optional = [node.elements[index] for index in node.optional_indices]
    elif isinstance(node, MapLiteral):
        optional = [value for _, value, marked in node.entries if marked]
    for value in optional:
        if ast.types[value.id].kind == "dyn":
            yield value, "an element after ? must be an optional, got dyn"
