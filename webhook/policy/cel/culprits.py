"""Which places of the object made an expression what it is.

A condition that is false is taken apart the way a reader would: of `a && b` the false side counts,
of all() the elements for which the test is false, of a ternary the branch that was taken. What is
left are comparisons and calls, and the places that their operands were read from. A value knows
its place by its identity: expressions run on the raw document, so a container that went through
variables, filter() and flatten() is still the very mapping that stands in the document.

Nothing here runs unless a validation has failed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from webhook.graph.path import ROOT, Path
from webhook.policy.cel.evaluate import Compiler
from webhook.policy.cel.frames import Frame
from webhook.policy.cel.shapes import shape_of
from webhook.policy.cel.tree import Call, Constant, Fold, ListLiteral, Name, Select, Tree
from webhook.policy.cel.values import EvaluationError, Optional


class Places:
    """Where the lists and mappings of a document stand, by their identity."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._known: dict[int, Path] = {}
        waiting: list[tuple[Any, Path]] = (
            [(document, ROOT)] if type(document) in (dict, list) else []
        )
        while waiting:
            value, path = waiting.pop()
            self._known[id(value)] = path
            children: Iterable[tuple[Any, Any]] = (
                value.items() if type(value) is dict else enumerate(value)
            )
            waiting.extend(
                (child, path / key)
                for key, child in children
                if (type(child) is dict or type(child) is list) and type(key) in (str, int)
            )

    def of(self, value: Any) -> Path | None:
        """Return where a list or mapping stands; None for any other value."""
        if type(value) is dict or type(value) is list:
            return self._known.get(id(value))
        return None


class Blame:
    """Finds the culprits of one policy's expressions in one frame, just evaluated.

    compilers  of the variables, by name: variables.x
    """

    def __init__(self, frame: Frame, places: Places, compilers: Mapping[str, Compiler]) -> None:
        self.frame = frame
        self.places = places
        self.compilers = compilers
        self.bound: dict[int, Path] = {}
        """Places of scalars that are elements right now, by slot."""

    def of(self, compiler: Compiler) -> tuple[Path, ...]:
        """Return the places that made an expression false, the most precise ones, in order."""
        found = list(dict.fromkeys(self._why(compiler, compiler.checked.tree, False)))  # noqa: FBT003
        above = {path[:depth] for path in found for depth in range(len(path))}
        return tuple(path for path in found if tuple(path) not in above)

    def _why(self, compiler: Compiler, node: Tree, truth: bool) -> Iterator[Path]:  # noqa: FBT001
        match node:
            case Call(function="!_", arguments=(operand,)):
                yield from self._why(compiler, operand, not truth)
            case Call(function="_&&_" | "_||_" as operator):
                sides = [
                    side for side in _sides(node, operator) if self._value(compiler, side) is truth
                ]
                if (operator == "_||_") is not truth:
                    yield from self._least(compiler, sides, truth)
                else:
                    for side in sides:
                        yield from self._why(compiler, side, truth)
            case Call(function="_?_:_", arguments=(test, yes, no)):
                chosen = yes if self._value(compiler, test) is True else no
                yield from self._why(compiler, chosen, truth)
            case Fold() if (shape := shape_of(node)) and shape.test and shape.kind in _DECIDED:
                if _DECIDED[shape.kind] is truth:
                    yield from self._elements(compiler, node, shape.test, truth)
                else:
                    # None of the elements is to blame alone. If they are not the object's (a list
                    # of allowed words), what was held against them is.
                    yield from list(self._where(compiler, node.over)) or self._elements(
                        compiler, node, shape.test, truth
                    )
            case Name() | Select() if (name := self._variable(compiler, node)) is not None:
                inner = self.compilers[name]
                yield from self._why(inner, inner.checked.tree, truth)
            case _:
                yield from self._where(compiler, node)

    def _least(
        self,
        compiler: Compiler,
        sides: list[Tree],
        truth: bool,  # noqa: FBT001
    ) -> list[Path]:
        """Return the culprits of `a || b` that is false, or of `a && b` that is true.

        Every side takes part. `!has(x.f) || x.f > 1` is meant as "if there is one": sides that
        only ask whether the rest applies are passed over, and if all do so, the last one counts.
        """
        told = [(side, list(self._why(compiler, side, truth))) for side in sides]
        told = [(side, places) for side, places in told if places]
        chosen = [places for side, places in told if not _asks(side)] or [
            places for _, places in told[-1:]
        ]
        return [path for places in chosen for path in places]

    def _elements(
        self,
        compiler: Compiler,
        fold: Fold,
        test: Tree,
        truth: bool,  # noqa: FBT001
    ) -> Iterator[Path]:
        """Yield the culprits within each element for which the test is `truth`."""
        first, second, _ = compiler.slots[fold.id]
        items = self._value(compiler, fold.over)
        bases = list(self._where(compiler, fold.over))
        base = bases[0] if len(bases) == 1 else None
        known = base is not None and self.places.of(items) is not None
        for key, item in self._pairs(items):
            keyed = fold.second or type(items) is dict
            self.frame[first] = key if keyed else item
            if fold.second:
                self.frame[second] = item
            place = self.places.of(item)
            if place is None and known and base is not None and type(key) in (str, int):
                place = base / key
            slot = second if fold.second else first
            if place is not None:
                self.bound[slot] = place
            if self._value(compiler, test) is truth:
                inner = list(self._why(compiler, test, truth))
                below = [path for path in inner if place is None or _starts(path, place)]
                yield from below or ([place] if place is not None else inner or bases)
            self.bound.pop(slot, None)

    @staticmethod
    def _pairs(items: Any) -> Iterable[tuple[Any, Any]]:
        if type(items) is list:
            return enumerate(items)
        return items.items() if type(items) is dict else ()

    def _where(self, compiler: Compiler, node: Tree) -> Iterator[Path]:
        """Yield the places that a value was read from."""
        match node:
            case Constant():
                return
            case Name() | Select() if (name := self._variable(compiler, node)) is not None:
                yield from self._of_variable(name)
            case Name(_, name):
                yield from self._of_name(compiler, node, name)
            case Select(_, operand, field, _):
                yield from (place / field for place in self._where(compiler, operand))
            case Call(function="_[_]" | "_?._" | "_[?_]", arguments=(container, key)):
                word = self._value(compiler, key)
                places = list(self._where(compiler, container))
                if type(word) in (str, int):
                    places = [place / word for place in places]
                yield from places
            case Call(function="orValue", target=target) if target is not None:
                yield from self._where(compiler, target)
            case Fold():
                yield from self._of_value(compiler, node) or self._where(compiler, node.over)
            case Call(_, _, target, arguments):
                known = self._of_value(compiler, node)
                if known:
                    yield from known
                    return
                for part in (*((target,) if target is not None else ()), *arguments):
                    yield from self._where(compiler, part)
            case ListLiteral(_, elements, _):
                for element in elements:
                    yield from self._where(compiler, element)

    def _of_variable(self, name: str) -> Iterator[Path]:
        inner = self.compilers[name]
        known = self._of_value(inner, inner.checked.tree)
        yield from known or self._where(inner, inner.checked.tree)

    def _of_name(self, compiler: Compiler, node: Tree, name: str) -> Iterator[Path]:
        value = self._value(compiler, node)
        place = self.places.of(value)
        if place is not None:
            yield place
            return
        bound = [path for slot, path in self.bound.items() if self.frame[slot] is value]
        if bound and name not in compiler.layout.names:
            yield bound[-1]

    def _of_value(self, compiler: Compiler, node: Tree) -> list[Path]:
        """Return the place of what a node evaluates to, or of the elements of a new list."""
        value = self._value(compiler, node)
        if type(value) is Optional:
            value = value.value
        place = self.places.of(value)
        if place is not None:
            return [place]
        if type(value) is list:
            return [path for item in value if (path := self.places.of(item)) is not None]
        return []

    def _variable(self, compiler: Compiler, node: Tree) -> str | None:
        if isinstance(node, Select):
            name = compiler.checked.names.get(node.id) if not node.test else None
        else:
            name = getattr(node, "name", None)
        return name if name in self.compilers else None

    def _value(self, compiler: Compiler, node: Tree) -> Any:
        try:
            return compiler.of(node)(self.frame)
        except EvaluationError:
            return None


_DECIDED = {"all": False, "exists": True}
"""The result that single elements decide."""


def _sides(node: Tree, operator: str) -> Iterator[Tree]:
    """Yield the operands of `a || b || c`, from left to right."""
    if isinstance(node, Call) and node.function == operator:
        for side in node.arguments:
            yield from _sides(side, operator)
    else:
        yield node


def _asks(side: Tree) -> bool:
    """Tell whether a side only asks if the rest applies: !x, x != y, x == "", x.exists(…)."""
    match side:
        case Call(function="!_" | "_!=_"):
            return True
        case Call(function="_==_", arguments=(_, Constant(_, value)) | (Constant(_, value), _)):
            return not value
        case Select(_, _, _, test):
            return test
    return isinstance(side, Fold)


def _starts(path: Path, start: Path) -> bool:
    return path[: len(start)] == tuple(start)
