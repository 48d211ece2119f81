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

from webhook.graph.words import nearest_word
from webhook.policy.cel import source
from webhook.policy.cel.expressions import check_pattern
from webhook.policy.cel.functions import KUBERNETES, table
from webhook.policy.cel.signatures import Library, declarations, overload
from webhook.policy.cel.source import Misuse, Rewritten
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
    read_checked,
)
from webhook.policy.cel.values import EvaluationError, Function, name_of_type

_MESSAGE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_NUMBERS = ("int", "uint", "double")
_ORDERED = ("bool", *_NUMBERS, "string", "bytes")
_TIMES = ("google.protobuf.Timestamp", "google.protobuf.Duration")

LONGEST = 16_384
"""Characters of an expression. Kubernetes limits the object as a whole; nobody reads more."""


class UncheckedExpression(Exception):  # noqa: N818 — named by the fault, as all of ours
    """An expression that does not pass the check, with all that is wrong with it."""

    def __init__(self, misuses: Iterable[Misuse]) -> None:
        self.misuses = tuple(misuses)
        super().__init__("; ".join(misuse.sentence for misuse in self.misuses))


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    text     as it was written
    checked  its tree
    type     the name of its type: "bool", "list", "map", "dyn", …
    since    the least Kubernetes minor that has all of its functions
    portable whether Kubernetes has them at all
    """

    text: str
    checked: Checked
    type: str
    since: int
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
        libraries: tuple[Library, ...] = KUBERNETES,
        fields: Mapping[str, tuple[str, ...]] | None = None,
        functions: Mapping[str, Function] | None = None,
    ) -> None:
        self.variables = dict(variables)
        self.libraries = libraries
        self.fields = fields or {}
        self.functions = table(libraries) if functions is None else functions
        self._checker = _checker(tuple(self.variables.items()), libraries)

    def extended(self, name: str, type_: str) -> "Environment":
        """Return an environment that knows one more name."""
        return Environment(
            {**self.variables, name: type_}, self.libraries, self.fields, self.functions
        )

    def check(self, text: str) -> Expression:
        """Return a checked expression; raise UncheckedExpression for any that is faulty."""
        if len(text) > LONGEST:
            raise UncheckedExpression([Misuse(f"more than {LONGEST:,} characters", 0)])
        rewritten = source.rewrite(text)
        if rewritten.misuses:
            raise UncheckedExpression(rewritten.misuses)
        try:
            compiled = self._checker.compile(rewritten.text)
        except Exception as error:  # noqa: BLE001 — the binding raises RuntimeError for all faults
            raise UncheckedExpression(_misuses(str(error), text, rewritten)) from None
        checked = read_checked(compiled.serialize())
        faults = [*_bad_literals(checked.tree, mixed=not rewritten.types)]
        faults += _unknown_fields(checked.tree, self.fields)
        if faults:
            raise UncheckedExpression(
                Misuse(fault, rewritten.original(checked.offsets.get(node.id, 0)))
                for node, fault in faults
            )
        since, portable = self._demands(checked)
        return Expression(text, checked, type_name(compiled.return_type()), since, portable)

    def _demands(self, checked: Checked) -> tuple[int, bool]:
        used = {
            checked.names.get(node.id, node.function)
            for node in nodes(checked.tree)
            if isinstance(node, Call)
        }
        since, portable = 1, True
        for library in self.libraries:
            names = used & (library.functions.keys() | library.signatures.keys())
            if names and not (library.takes is not None and _shared(names, self.libraries)):
                since = max(since, library.since)
                portable = portable and library.since > 0
        if used & {"_?._", "_[?_]"}:
            since = max(since, 28)
        if any(isinstance(node, Fold) and node.second for node in nodes(checked.tree)):
            since = max(since, 32)
        return since, portable


def _shared(names: set[str], libraries: tuple[Library, ...]) -> bool:
    """Tell whether all of these names are in several libraries; then none is asked for."""
    return all(sum(name in library.functions for library in libraries) > 1 for name in names)


def nodes(tree: Tree) -> Iterable[Tree]:
    """Yield a tree's node and all below it."""
    yield tree
    match tree:
        case Select(_, operand, _, _):
            yield from nodes(operand)
        case Call(_, _, target, arguments):
            if target is not None:
                yield from nodes(target)
            for argument in arguments:
                yield from nodes(argument)
        case ListLiteral(_, elements, _):
            for element in elements:
                yield from nodes(element)
        case MapLiteral(_, entries):
            for key, value, _ in entries:
                yield from nodes(key)
                yield from nodes(value)
        case Fold():
            for part in (tree.over, tree.initial, tree.condition, tree.step, tree.result):
                yield from nodes(part)
        case Constant() | Name():
            return


def type_name(type_: Any) -> str:
    """Return a type of the checker in CEL's own words: LIST<STRING> is list<string>."""
    return re.sub(r"\b[A-Z]+\b", lambda word: word[0].lower(), str(type_.name()))


@lru_cache(32)
def _checker(variables: tuple[tuple[str, str], ...], libraries: tuple[Library, ...]) -> Any:
    """Return the checker of some names; policies that are alike share it, which saves 3 ms each."""
    declared = {
        name: _cel_type(overload("f", f"f() -> {type_}")["return"]) for name, type_ in variables
    }
    return cel.NewEnv(config=_configuration(libraries), variables=declared)


@lru_cache
def _configuration(libraries: tuple[Library, ...]) -> Any:
    """Return the checker's configuration, which takes 7 ms to read: once for each set."""
    comparisons = ("_<_", "_<=_", "_>_", "_>=_")
    excluded = [*comparisons, "string"]
    config = {
        "name": "kubernetes",
        "stdlib": {"exclude_functions": [{"name": name} for name in excluded]},
        "extensions": [library.extension for library in libraries if library.extension],
        "functions": [
            *({"name": name, "overloads": _comparison(name)} for name in comparisons),
            {"name": "string", "overloads": _conversions()},
            *declarations(libraries),
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
    plain = getattr(cel.Type, name.upper(), None) if name in _PLAIN else None
    return plain or cel.Type.AbstractType(name, inner)


_PLAIN = frozenset({"bool", "int", "uint", "double", "string", "bytes", "dyn", "list", "map"})


def _comparison(name: str) -> list[dict[str, Any]]:
    """Return the overloads of a comparison: equal types, and numbers of different ones."""
    pairs = [(kind, kind) for kind in (*_ORDERED, *_TIMES)]
    pairs += [(a, b) for a in _NUMBERS for b in _NUMBERS if a != b]
    return [
        {
            "id": f"{name}{left}_{right}",
            "args": [{"type_name": left}, {"type_name": right}],
            "return": {"type_name": "bool"},
        }
        for left, right in pairs
    ]


def _conversions() -> list[dict[str, Any]]:
    """Return the overloads of string(): CEL's own, addresses and ranges."""
    kinds = ("bool", *_NUMBERS, "string", "bytes", *_TIMES, "net.IP", "net.CIDR")
    return [overload("string", f"string({kind}) -> string") for kind in kinds]


def _misuses(report: str, text: str, rewritten: Rewritten) -> list[Misuse]:
    """Return what the checker says, with offsets in the author's text."""
    lines = rewritten.text.split("\n")
    found = []
    for line, column, sentence in _MESSAGE.findall(report):
        offset = 0
        if int(line) > 0:
            offset = sum(len(before) + 1 for before in lines[: int(line) - 1]) + int(column) - 1
        place = rewritten.original(offset)
        found.append(Misuse(_plain(sentence, text, place), min(place, len(text))))
    return found or [Misuse(report.partition(" [")[0].strip(), 0)]


def _plain(sentence: str, text: str, at: int) -> str:
    sentence = sentence.removesuffix(" [INVALID_ARGUMENT]").replace(" (in container '')", "")
    if sentence.startswith("Syntax error: "):
        word = next((w.text for w in source.words(text) if w.start >= at), "")
        return f'"{word}" does not fit here' if word else "the expression ends too early"
    return sentence


def _unknown_fields(
    tree: Tree, fields: Mapping[str, tuple[str, ...]]
) -> Iterable[tuple[Tree, str]]:
    """Yield selections of fields that a name does not have."""
    for node in nodes(tree):
        match node:
            case Select(_, Name(_, name), field, _) if name in fields and field not in fields[name]:
                near = nearest_word(field, fields[name])
                hint = f'; did you mean "{near}"?' if near else ""
                yield node, f'{name} has no field "{field}"{hint}'


def _bad_literals(tree: Tree, *, mixed: bool) -> Iterable[tuple[Tree, str]]:
    """Yield what Kubernetes refuses in literals: patterns, and lists and maps of mixed types.

    k8s.io/apiserver pkg/cel/environment/base.go: ValidateRegexLiterals and
    ValidateHomogeneousAggregateLiterals, which lets the values for format() pass.
    """
    free = {
        id(argument)
        for node in nodes(tree)
        if isinstance(node, Call) and node.function == "format"
        for argument in node.arguments
    }
    for node in nodes(tree):
        match node:
            case Call(function="matches" | "find" | "findAll", arguments=(*_, Constant(_, str(p)))):
                try:
                    check_pattern(p)
                except EvaluationError as error:
                    yield node, f'the pattern "{p}": {error}'
            case ListLiteral(_, elements, _) if mixed and id(node) not in free:
                yield from _mixed("list", node, elements)
            case MapLiteral(_, entries) if mixed:
                yield from _mixed("map", node, [value for _, value, _ in entries])


def _mixed(kind: str, node: Tree, elements: Iterable[Tree]) -> Iterable[tuple[Tree, str]]:
    types = {name_of_type(node.value) for node in elements if isinstance(node, Constant)}
    if len(types) > 1:
        listed = " and ".join(sorted(types))
        yield node, f"a {kind} of {listed}: in Kubernetes all elements of a literal have one type"
