"""What an expression may refer to, and the check of one expression against it.

The checker is Google's (cel-expr-python). It parses, expands macros, resolves names and
overloads, and infers types; none of its evaluation is used.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from webhook.cel import rewriter
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
    parse_checked_expr,
)
from webhook.cel.functions import KUBERNETES_LIBRARIES, build_function_table
from webhook.cel.re2 import check_pattern
from webhook.cel.rewriter import ExpressionIssue, RewrittenExpression
from webhook.cel.signatures import Library, function_declarations, parse_overload
from webhook.cel.values import EvaluationError, Function, type_name
from webhook.graph.suggest import nearest_word

_MESSAGE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_NUMERIC_TYPES = ("int", "uint", "double")
_ORDERED_TYPES = ("bool", *_NUMERIC_TYPES, "string", "bytes")
_TIME_TYPES = ("google.protobuf.Timestamp", "google.protobuf.Duration")

MAX_EXPRESSION_LENGTH = 16_384
"""Characters of an expression. Kubernetes limits the object as a whole; nobody reads more."""


class ExpressionError(Exception):
    """An expression that does not pass the check, with all that is wrong with it."""

    def __init__(self, issues: Iterable[ExpressionIssue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(misuse.message for misuse in self.issues))


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """A checked expression.

    text     as it was written
    checked  its tree
    type     the name of its type: "bool", "list", "map", "dyn", …
    since    the least Kubernetes minor that has all of its functions
    portable whether Kubernetes has them at all
    """

    text: str
    ast: CheckedAst
    type: str
    since_minor: int
    portable: bool


class Environment:
    """The names and functions of a set of expressions.

    variables  type by name, "dyn" for what is only known at run time; "variables.x" is a name too
    libraries  the functions besides CEL's own
    fields     the only fields that a name has, where they are known: of `request`
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        libraries: tuple[Library, ...] = KUBERNETES_LIBRARIES,
        known_fields: Mapping[str, tuple[str, ...]] | None = None,
        functions: Mapping[str, Function] | None = None,
    ) -> None:
        self.variables = dict(variables)
        self.libraries = libraries
        self.known_fields = known_fields or {}
        self.functions = build_function_table(libraries) if functions is None else functions
        self._checker = _build_checker(tuple(self.variables.items()), libraries)

    def with_variable(self, name: str, type_: str) -> "Environment":
        """Return an environment that knows one more name."""
        return Environment(
            {**self.variables, name: type_}, self.libraries, self.known_fields, self.functions
        )

    def check(self, text: str) -> CheckedExpression:
        """Return a checked expression; raise UncheckedExpression for any that is faulty."""
        if len(text) > MAX_EXPRESSION_LENGTH:
            raise ExpressionError(
                [ExpressionIssue(f"more than {MAX_EXPRESSION_LENGTH:,} characters", 0)]
            )
        rewritten = rewriter.rewrite_structs(text)
        if rewritten.issues:
            raise ExpressionError(rewritten.issues)
        try:
            compiled = self._checker.compile(rewritten.text)
        except Exception as error:  # noqa: BLE001 — the binding raises RuntimeError for all faults
            raise ExpressionError(_parse_checker_report(str(error), text, rewritten)) from None
        ast = parse_checked_expr(compiled.serialize())
        issues = [*_literal_issues(ast.expr, check_types=not rewritten.struct_types)]
        issues += _unknown_fields(ast.expr, self.known_fields)
        if issues:
            raise ExpressionError(
                ExpressionIssue(fault, rewritten.original_offset(ast.offsets.get(node.id, 0)))
                for node, fault in issues
            )
        since_minor, portable = self._kubernetes_support(ast)
        return CheckedExpression(
            text, ast, checker_type_name(compiled.return_type()), since_minor, portable
        )

    def _kubernetes_support(self, ast: CheckedAst) -> tuple[int, bool]:
        used = {
            ast.reference_map.get(node.id, node.function)
            for node in walk(ast.expr)
            if isinstance(node, Call)
        }
        since_minor, portable = 1, True
        for library in self.libraries:
            names = used & (library.functions.keys() | library.signatures.keys())
            if names and not (
                library.receiver_type is not None and _are_all_shared(names, self.libraries)
            ):
                since_minor = max(since_minor, library.since_minor)
                portable = portable and library.since_minor > 0
        if used & {"_?._", "_[?_]"}:
            since_minor = max(since_minor, 28)
        if any(isinstance(node, Comprehension) and node.iter_var2 for node in walk(ast.expr)):
            since_minor = max(since_minor, 32)
        return since_minor, portable


def _are_all_shared(names: set[str], libraries: tuple[Library, ...]) -> bool:
    """Tell whether all of these names are in several libraries; then none is asked for."""
    return all(sum(name in library.functions for library in libraries) > 1 for name in names)


def walk(expr: Expr) -> Iterable[Expr]:
    """Yield a tree's node and all below it."""
    yield expr
    match expr:
        case Select(_, operand, _, _):
            yield from walk(operand)
        case Call(_, _, target, arguments):
            if target is not None:
                yield from walk(target)
            for argument in arguments:
                yield from walk(argument)
        case ListLiteral(_, elements, _):
            for element in elements:
                yield from walk(element)
        case MapLiteral(_, entries):
            for key, value, _ in entries:
                yield from walk(key)
                yield from walk(value)
        case Comprehension():
            for part in (
                expr.iter_range,
                expr.accu_init,
                expr.loop_condition,
                expr.loop_step,
                expr.result,
            ):
                yield from walk(part)
        case Constant() | Ident():
            return


def checker_type_name(type_: Any) -> str:
    """Return a type of the checker in CEL's own words: LIST<STRING> is list<string>."""
    return re.sub(r"\b[A-Z]+\b", lambda word: word[0].lower(), str(type_.name()))


@lru_cache(32)
def _build_checker(variables: tuple[tuple[str, str], ...], libraries: tuple[Library, ...]) -> Any:
    """Return the checker of some names; policies that are alike share it, which saves 3 ms each."""
    declared = {
        name: _cel_type(parse_overload("f", f"f() -> {type_}")["return"])
        for name, type_ in variables
    }
    return cel.NewEnv(config=_checker_config(libraries), variables=declared)


@lru_cache
def _checker_config(libraries: tuple[Library, ...]) -> Any:
    """Return the checker's configuration, which takes 7 ms to read: once for each set."""
    comparisons = ("_<_", "_<=_", "_>_", "_>=_")
    excluded = [*comparisons, "string"]
    config = {
        "name": "kubernetes",
        "stdlib": {"exclude_functions": [{"name": name} for name in excluded]},
        "extensions": [library.extension for library in libraries if library.extension],
        "functions": [
            *({"name": name, "overloads": _comparison_overloads(name)} for name in comparisons),
            {"name": "string", "overloads": _string_overloads()},
            *function_declarations(libraries),
        ],
    }
    return cel.NewEnvConfigFromYaml(json.dumps(config))


def _cel_type(declared: Mapping[str, Any]) -> Any:
    name = declared["type_name"]
    inner = [_cel_type(part) for part in declared.get("params", ())]
    if name == "list" and inner:
        return cel.Type.List(*inner)
    if name == "map" and inner:
        return cel.Type.Map(*inner)
    plain = getattr(cel.Type, name.upper(), None) if name in _SIMPLE_TYPES else None
    return plain or cel.Type.AbstractType(name, inner)


_SIMPLE_TYPES = frozenset(
    {"bool", "int", "uint", "double", "string", "bytes", "dyn", "list", "map"}
)


def _comparison_overloads(name: str) -> list[dict[str, Any]]:
    """Return the overloads of a comparison: equal types, and numbers of different ones."""
    pairs = [(kind, kind) for kind in (*_ORDERED_TYPES, *_TIME_TYPES)]
    pairs += [(a, b) for a in _NUMERIC_TYPES for b in _NUMERIC_TYPES if a != b]
    return [
        {
            "id": f"{name}{left}_{right}",
            "args": [{"type_name": left}, {"type_name": right}],
            "return": {"type_name": "bool"},
        }
        for left, right in pairs
    ]


def _string_overloads() -> list[dict[str, Any]]:
    """Return the overloads of string(): CEL's own, addresses and ranges."""
    kinds = ("bool", *_NUMERIC_TYPES, "string", "bytes", *_TIME_TYPES, "net.IP", "net.CIDR")
    return [parse_overload("string", f"string({kind}) -> string") for kind in kinds]


def _parse_checker_report(
    report: str, text: str, rewritten: RewrittenExpression
) -> list[ExpressionIssue]:
    """Return what the checker says, with offsets in the author's text."""
    lines = rewritten.text.split("\n")
    issues = []
    for line, column, message in _MESSAGE.findall(report):
        offset = 0
        if int(line) > 0:
            offset = sum(len(before) + 1 for before in lines[: int(line) - 1]) + int(column) - 1
        original_offset = rewritten.original_offset(offset)
        issues.append(
            ExpressionIssue(
                _rephrase(message, text, original_offset), min(original_offset, len(text))
            )
        )
    return issues or [ExpressionIssue(report.partition(" [")[0].strip(), 0)]


def _rephrase(message: str, text: str, offset: int) -> str:
    message = message.removesuffix(" [INVALID_ARGUMENT]").replace(" (in container '')", "")
    if message.startswith("Syntax error: "):
        token = next((w.text for w in rewriter.tokenize(text) if w.start >= offset), "")
        return f'"{token}" does not fit here' if token else "the expression ends too early"
    return message


def _unknown_fields(
    expr: Expr, known_fields: Mapping[str, tuple[str, ...]]
) -> Iterable[tuple[Expr, str]]:
    """Yield selections of fields that a name does not have."""
    for node in walk(expr):
        match node:
            case Select(_, Ident(_, name), field, _) if (
                name in known_fields and field not in known_fields[name]
            ):
                near = nearest_word(field, known_fields[name])
                hint = f'; did you mean "{near}"?' if near else ""
                yield node, f'{name} has no field "{field}"{hint}'


def _literal_issues(expr: Expr, *, check_types: bool) -> Iterable[tuple[Expr, str]]:
    """Yield what Kubernetes refuses in literals: patterns, and lists and maps of mixed types.

    k8s.io/apiserver pkg/cel/environment/base.go: ValidateRegexLiterals and
    ValidateHomogeneousAggregateLiterals, which lets the values for format() pass.
    """
    format_arguments = {
        id(argument)
        for node in walk(expr)
        if isinstance(node, Call) and node.function == "format"
        for argument in node.arguments
    }
    for node in walk(expr):
        match node:
            case Call(function="matches" | "find" | "findAll", arguments=(*_, Constant(_, str(p)))):
                try:
                    check_pattern(p)
                except EvaluationError as error:
                    yield node, f'the pattern "{p}": {error}'
            case ListLiteral(_, elements, _) if check_types and id(node) not in format_arguments:
                yield from _mixed_type_issues("list", node, elements)
            case MapLiteral(_, entries) if check_types:
                yield from _mixed_type_issues("map", node, [value for _, value, _ in entries])


def _mixed_type_issues(
    kind: str, node: Expr, elements: Iterable[Expr]
) -> Iterable[tuple[Expr, str]]:
    types = {type_name(node.value) for node in elements if isinstance(node, Constant)}
    if len(types) > 1:
        type_list = " and ".join(sorted(types))
        yield (
            node,
            f"a {kind} of {type_list}: in Kubernetes all elements of a literal have one type",
        )
