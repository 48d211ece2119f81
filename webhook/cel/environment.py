"""What an expression may refer to, and the check of one expression against it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from webhook.cel.checked_ast import Call, CheckedAst, Comprehension, walk
from webhook.cel.checker import Declarations, ExpressionIssue, check_types
from webhook.cel.declarations import STANDARD_SIGNATURES, TYPE_NAMES, WELL_KNOWN_FIELDS
from webhook.cel.functions import KUBERNETES_LIBRARIES, build_function_table
from webhook.cel.lexer import CelSyntaxError
from webhook.cel.libraries.jsonpatch import JSONPATCH
from webhook.cel.literal_checks import literal_issues
from webhook.cel.parser import parse
from webhook.cel.signatures import Library, Overload, parse_overloads
from webhook.cel.types import DYN, STRING, CelType, parse_type, struct, type_of
from webhook.cel.values import Function

__all__ = ["CheckedExpression", "Environment", "ExpressionError", "ExpressionIssue"]

MAX_EXPRESSION_LENGTH = 16_384
"""Characters of an expression. Kubernetes limits only the object as a whole."""

PATCH_TYPE, OBJECT_TYPE = "JSONPatch", "Object"
"""What mutations write: operations, and objects that are applied. `Object.spec` is one too."""

_PATCH_FIELDS = {"op": STRING, "path": STRING, "from": STRING, "value": DYN}

StructTypes = Mapping[str, Mapping[str, CelType]]
"""Fields with their types, by the name of the struct."""


class ExpressionError(Exception):
    """An expression that does not pass the check, with all that is wrong with it."""

    def __init__(self, issues: Iterable[ExpressionIssue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(issue.message for issue in self.issues))


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """A checked expression.

    text         as it was written
    ast          its tree
    type         of its value
    since_minor  the least Kubernetes minor that has all of its functions
    portable     whether Kubernetes has them at all
    """

    text: str
    ast: CheckedAst
    type: CelType
    since_minor: int
    portable: bool


class Environment:
    """The names and functions of a set of expressions.

    variables     type by name; a text is read as signatures write types
    libraries     the functions besides CEL's own
    struct_types  what the types of variables have for fields
    patch_types   whether JSONPatch and Object may be written, as in mutations
    """

    def __init__(
        self,
        variables: Mapping[str, CelType | str],
        libraries: tuple[Library, ...] = KUBERNETES_LIBRARIES,
        struct_types: StructTypes | None = None,
        *,
        patch_types: bool = False,
    ) -> None:
        self.variables = {
            name: parse_type(type_) if isinstance(type_, str) else type_
            for name, type_ in variables.items()
        }
        self.libraries = libraries
        self.struct_types = dict(struct_types or {})
        self.patch_types = patch_types
        self.functions: Mapping[str, Function] = _functions(libraries)
        names = {**_type_names(libraries), **self.variables}
        if patch_types:
            names = _PatchTypeNames(names)
        self._declarations = Declarations(
            names, _overloads(libraries), self._field_type, self._field_names
        )

    def with_field(self, struct_name: str, field: str, type_: CelType) -> "Environment":
        """Return an environment in which a struct has one more field: variables.x."""
        fields = {**self.struct_types.get(struct_name, {}), field: type_}
        return self.with_types({**self.struct_types, struct_name: fields})

    def with_types(
        self,
        struct_types: StructTypes,
        variables: Mapping[str, CelType] | None = None,
    ) -> "Environment":
        """Return an environment with other fields and, where given, other types of names."""
        return Environment(
            {**self.variables, **(variables or {})},
            self.libraries,
            struct_types,
            patch_types=self.patch_types,
        )

    def with_patch_types(self) -> "Environment":
        """Return an environment with what only mutations have: JSONPatch, Object, escapeKey."""
        libraries = dict.fromkeys((*self.libraries, JSONPATCH))
        return Environment(self.variables, tuple(libraries), self.struct_types, patch_types=True)

    def check(self, text: str) -> CheckedExpression:
        """Return a checked expression; raise ExpressionError for any that is faulty."""
        if len(text) > MAX_EXPRESSION_LENGTH:
            raise ExpressionError(
                [ExpressionIssue(f"more than {MAX_EXPRESSION_LENGTH:,} characters", 0)]
            )
        try:
            expr, offsets = parse(text)
            ast, issues = check_types(expr, offsets, self._declarations)
            if not issues:
                issues = [
                    ExpressionIssue(message, offsets.get(node.id, 0))
                    for node, message in literal_issues(ast, self.functions)
                ]
        except CelSyntaxError as error:
            issues = [ExpressionIssue(error.message, error.offset)]
        except RecursionError:
            issues = [ExpressionIssue("nested too deeply", 0)]
        if issues:
            raise ExpressionError(issues)
        since_minor, portable = self._kubernetes_support(ast)
        return CheckedExpression(text, ast, ast.types[expr.id], since_minor, portable)

    def _field_type(self, struct_name: str, field: str) -> CelType | None:
        if struct_name in self.struct_types:
            return self.struct_types[struct_name].get(field)
        if self.patch_types and struct_name == PATCH_TYPE:
            return _PATCH_FIELDS.get(field)
        if self.patch_types and _is_object_type(struct_name):
            return DYN
        return WELL_KNOWN_FIELDS.get(struct_name, {}).get(field)

    def _field_names(self, struct_name: str) -> tuple[str, ...]:
        if struct_name == PATCH_TYPE:
            return tuple(_PATCH_FIELDS)
        if struct_name in self.struct_types:
            return tuple(self.struct_types[struct_name])
        return tuple(WELL_KNOWN_FIELDS.get(struct_name, ()))

    def _kubernetes_support(self, ast: CheckedAst) -> tuple[int, bool]:
        used = {node.function for node in walk(ast.expr) if isinstance(node, Call)}
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
    """Return whether all of these names are in several libraries, so that none identifies one."""
    return all(sum(name in library.functions for library in libraries) > 1 for name in names)


def _is_object_type(name: str) -> bool:
    return name == OBJECT_TYPE or name.startswith(f"{OBJECT_TYPE}.")


class _PatchTypeNames(dict[str, CelType]):
    """Names with the types of mutations: Object.spec and its like are as many as paths."""

    def get(self, key: str, default: CelType | None = None) -> CelType | None:  # type: ignore[override]
        found = super().get(key)
        if found is None and (key == PATCH_TYPE or _is_object_type(key)):
            return type_of(struct(key))
        return default if found is None else found


@lru_cache(32)
def _overloads(libraries: tuple[Library, ...]) -> dict[str, tuple[Overload, ...]]:
    """Return all functions with their overloads; environments that are alike share them."""
    found: dict[str, list[Overload]] = {}
    for name, texts in STANDARD_SIGNATURES.items():
        found[name] = [overload for text in texts for overload in parse_overloads(name, text)]
    for library in libraries:
        for name, text in library.declarations():
            found.setdefault(name, []).extend(parse_overloads(name, text))
    return {name: tuple(overloads) for name, overloads in found.items()}


@lru_cache(32)
def _functions(libraries: tuple[Library, ...]) -> Mapping[str, Function]:
    return build_function_table(libraries)


def _type_names(libraries: tuple[Library, ...]) -> dict[str, CelType]:
    names = {name for library in libraries for name in library.type_names}
    return {**TYPE_NAMES, **{name: type_of(CelType("opaque", name)) for name in names}}
