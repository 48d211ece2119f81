"""Which places of the object made an expression what it is.

A condition that is false is taken apart the way a reader would: of `a && b` the false side counts,
of all() the elements for which the test is false, of a ternary the branch that was taken. What is
left are comparisons and calls, and the places that their operands were read from. A value knows
its place by its identity: expressions run on the raw document, so a container that went through
variables, filter() and flatten() is still the very mapping that is in the document.

Nothing here runs unless a validation has failed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from webhook.cel.activation import ExecutionFrame
from webhook.cel.checked_ast import Call, Comprehension, Constant, Expr, Ident, ListLiteral, Select
from webhook.cel.compiler import Compiler
from webhook.cel.macro_detection import detect_macro
from webhook.cel.values import EvaluationError, OptionalValue, from_key
from webhook.graph.path import ROOT, Path


class NodeLocations:
    """The paths of the lists and mappings of a document, by identity."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._paths: dict[int, Path] = {}
        pending: list[tuple[Any, Path]] = (
            [(document, ROOT)] if type(document) in (dict, list) else []
        )
        while pending:
            value, path = pending.pop()
            self._paths[id(value)] = path
            children: Iterable[tuple[Any, Any]] = (
                value.items() if type(value) is dict else enumerate(value)
            )
            pending.extend(
                (child, path / key)
                for key, child in children
                if (type(child) is dict or type(child) is list) and type(key) in (str, int)
            )

    def path_of(self, value: Any) -> Path | None:
        """Return where a list or mapping is; None for any other value."""
        if type(value) is dict or type(value) is list:
            return self._paths.get(id(value))
        return None


class Provenance:
    """Finds the culprits of one policy's expressions in one frame, just evaluated.

    compilers  of the variables, by name: variables.x
    """

    def __init__(
        self, frame: ExecutionFrame, locations: NodeLocations, compilers: Mapping[str, Compiler]
    ) -> None:
        self.frame = frame
        self.locations = locations
        self.compilers = compilers
        self.element_paths: dict[int, Path] = {}
        """Places of scalars that are elements right now, by slot."""

    def find_paths(self, compiler: Compiler) -> tuple[Path, ...]:
        """Return the places that made an expression false, the most precise ones, in order."""
        paths = list(dict.fromkeys(self._trace(compiler, compiler.ast.expr, False)))  # noqa: FBT003
        ancestors = {path[:depth] for path in paths for depth in range(len(path))}
        return tuple(path for path in paths if tuple(path) not in ancestors)

    def _trace(self, compiler: Compiler, node: Expr, result: bool) -> Iterator[Path]:  # noqa: FBT001
        match node:
            case Call(function="!_", arguments=(operand,)):
                yield from self._trace(compiler, operand, not result)
            case Call(function="_&&_" | "_||_" as operator):
                operands = [
                    side
                    for side in _operands(node, operator)
                    if self._evaluate(compiler, side) is result
                ]
                if (operator == "_||_") is not result:
                    yield from self._trace_all_operands(compiler, operands, result)
                else:
                    for side in operands:
                        yield from self._trace(compiler, side, result)
            case Call(function="_?_:_", arguments=(test, yes, no)):
                branch = yes if self._evaluate(compiler, test) is True else no
                yield from self._trace(compiler, branch, result)
            case Comprehension() if (
                (macro := detect_macro(node)) and macro.test and macro.kind in _DECIDING_RESULT
            ):
                if _DECIDING_RESULT[macro.kind] is result:
                    yield from self._trace_elements(compiler, node, macro.test, result)
                else:
                    # None of the elements is to blame alone. If they are not the object's (a list
                    # of allowed words), the value they were compared with is.
                    yield from list(
                        self._source_paths(compiler, node.iter_range)
                    ) or self._trace_elements(compiler, node, macro.test, result)
            case Select() if (name := self._variable_name(compiler, node)) is not None:
                compiled_variable = self.compilers[name]
                yield from self._trace(compiled_variable, compiled_variable.ast.expr, result)
            case _:
                yield from self._source_paths(compiler, node)

    def _trace_all_operands(
        self,
        compiler: Compiler,
        operands: list[Expr],
        result: bool,  # noqa: FBT001
    ) -> list[Path]:
        """Return the culprits of `a || b` that is false, or of `a && b` that is true.

        Every side takes part. `!has(x.f) || x.f > 1` means "if there is one": sides that only
        guard the rest are ignored, and if all do so, the last one counts.
        """
        traced = [(side, list(self._trace(compiler, side, result))) for side in operands]
        traced = [(side, places) for side, places in traced if places]
        path_groups = [
            places for side, places in traced if not self._is_guard(compiler, side, result)
        ] or [places for _, places in traced[-1:]]
        return [path for places in path_groups for path in places]

    def _is_guard(self, compiler: Compiler, operand: Expr, result: bool) -> bool:  # noqa: FBT001
        """Return whether a side only guards the rest: !x, x != y, x == "", x.exists(…).

        So does `has(x.os) && x.os.name == "windows"`, where it fails for its guard, and
        `["Job", "Pod"].all(kind, object.kind != kind)`.
        """
        match operand:
            case Call(function="!_" | "_!=_"):
                return True
            case Call(function="_==_", arguments=(_, Constant(_, value)) | (Constant(_, value), _)):
                return not value
            case Call(function="_&&_" as operator) if result is False:
                return all(
                    self._is_guard(compiler, side, result)
                    for side in _operands(operand, operator)
                    if self._evaluate(compiler, side) is result
                )
            case Select(_, _, _, test):
                return test
            case Comprehension():
                macro = detect_macro(operand)
                return (
                    macro is None
                    or macro.kind != "all"
                    or (macro.test is not None and self._is_guard(compiler, macro.test, result))
                )
        return False

    def _trace_elements(
        self,
        compiler: Compiler,
        comprehension: Comprehension,
        test: Expr,
        result: bool,  # noqa: FBT001
    ) -> Iterator[Path]:
        """Yield the culprits within each element for which the test is `truth`."""
        first, second, _ = compiler.comprehension_slots[comprehension.id]
        items = self._evaluate(compiler, comprehension.iter_range)
        range_paths = list(self._source_paths(compiler, comprehension.iter_range))
        range_path = range_paths[0] if len(range_paths) == 1 else None
        range_is_in_document = range_path is not None and self.locations.path_of(items) is not None
        for key, item in self._key_value_pairs(items):
            keyed = comprehension.iter_var2 or type(items) is dict
            self.frame[first] = key if keyed else item
            if comprehension.iter_var2:
                self.frame[second] = item
            element_path = self.locations.path_of(item)
            if (
                element_path is None
                and range_is_in_document
                and range_path is not None
                and type(key) in (str, int)
            ):
                element_path = range_path / key
            slot = second if comprehension.iter_var2 else first
            if element_path is not None:
                self.element_paths[slot] = element_path
            if self._evaluate(compiler, test) is result:
                inner = list(self._trace(compiler, test, result))
                inner_paths = [
                    path
                    for path in inner
                    if element_path is None or _starts_with(path, element_path)
                ]
                yield from inner_paths or (
                    [element_path] if element_path is not None else inner or range_paths
                )
            self.element_paths.pop(slot, None)

    @staticmethod
    def _key_value_pairs(items: Any) -> Iterable[tuple[Any, Any]]:
        if type(items) is list:
            return enumerate(items)
        if type(items) is dict:
            return [(from_key(key), item) for key, item in items.items()]
        return ()

    def _source_paths(self, compiler: Compiler, node: Expr) -> Iterator[Path]:
        """Yield the places that a value was read from."""
        match node:
            case Constant():
                return
            case Select() if (name := self._variable_name(compiler, node)) is not None:
                yield from self._variable_paths(name)
            case Ident(_, name):
                yield from self._name_paths(compiler, node, name)
            case Select(_, operand, field, _):
                yield from (place / field for place in self._source_paths(compiler, operand))
            case Call(function="_[_]" | "_?._" | "_[?_]", arguments=(container, key)):
                key_value = self._evaluate(compiler, key)
                paths = list(self._source_paths(compiler, container))
                if type(key_value) in (str, int):
                    paths = [place / key_value for place in paths]
                yield from paths
            case Call(function="orValue", target=target) if target is not None:
                yield from self._source_paths(compiler, target)
            case Comprehension():
                yield from self._value_paths(compiler, node) or self._source_paths(
                    compiler, node.iter_range
                )
            case Call(_, _, target, arguments):
                value_paths = self._value_paths(compiler, node)
                if value_paths:
                    yield from value_paths
                    return
                for operand_expr in (*((target,) if target is not None else ()), *arguments):
                    yield from self._source_paths(compiler, operand_expr)
            case ListLiteral(_, elements, _):
                for element in elements:
                    yield from self._source_paths(compiler, element)

    def _variable_paths(self, name: str) -> Iterator[Path]:
        compiled_variable = self.compilers[name]
        paths = self._value_paths(compiled_variable, compiled_variable.ast.expr)
        yield from paths or self._source_paths(compiled_variable, compiled_variable.ast.expr)

    def _name_paths(self, compiler: Compiler, node: Expr, name: str) -> Iterator[Path]:
        value = self._evaluate(compiler, node)
        value_path = self.locations.path_of(value)
        if value_path is not None:
            yield value_path
            return
        candidates = [
            path for slot, path in self.element_paths.items() if self.frame[slot] is value
        ]
        if candidates and name not in compiler.layout.names:
            yield candidates[-1]

    def _value_paths(self, compiler: Compiler, node: Expr) -> list[Path]:
        """Return the place of what a node evaluates to, or of the elements of a new list."""
        value = self._evaluate(compiler, node)
        if type(value) is OptionalValue:
            value = value.value
        value_path = self.locations.path_of(value)
        if value_path is not None:
            return [value_path]
        if type(value) is list:
            return [path for item in value if (path := self.locations.path_of(item)) is not None]
        return []

    def _variable_name(self, compiler: Compiler, node: Expr) -> str | None:
        name = compiler.variable_name(node, {})
        return name if name in self.compilers else None

    def _evaluate(self, compiler: Compiler, node: Expr) -> Any:
        try:
            return compiler.closure_of(node)(self.frame)
        except EvaluationError:
            return None


_DECIDING_RESULT = {"all": False, "exists": True}
"""The result that single elements decide."""


def _operands(node: Expr, operator: str) -> Iterator[Expr]:
    """Yield the operands of `a || b || c`, from left to right."""
    if isinstance(node, Call) and node.function == operator:
        for argument in node.arguments:
            yield from _operands(argument, operator)
    else:
        yield node


def _starts_with(path: Path, prefix: Path) -> bool:
    return path[: len(prefix)] == tuple(prefix)
