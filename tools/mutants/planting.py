"""Which errors can be planted in a source file, and the file with one of them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

ROOT = Path(__file__).parent.parent.parent

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}

KINDS = ("comparison", "boolean", "constant", "branch", "field")


@dataclass(frozen=True)
class Spot:
    """Where an error can be planted.

    node    the number of the node in `ast.walk` of the file
    kind    one of KINDS
    part    which operator, keyword or item of the node
    """

    file: Path
    node: int
    kind: str
    part: int = 0


@dataclass(frozen=True, eq=False)
class Mutant:
    """One planted error.

    file      relative to the project
    line, last_line   the statement that holds it
    change    before → after, without line numbers, which move
    function  the outermost function whose body holds it, by its first line; None: it is seen only
              when the module is imported again
    tree      the whole file with the error; nodes keep their lines
    """

    file: str
    line: int
    last_line: int
    kind: str
    change: str
    function: int | None
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.change}"

    @property
    def key(self) -> str:
        """What the list of known mutants calls it."""
        return f"{self.file}: {self.change}"


def sample_of(package: str, size: int, seed: int, only: str = "") -> list[Mutant]:
    """Return `size` mutants of a package, as many of each kind as there are; all of them for 0.

    `only`: of the files whose path contains this.
    """
    files = sorted((ROOT / package).rglob("*.py"))
    spots = [spot for file in files if only in str(file) for spot in find_spots(file)]
    if size == 0:
        return [mutant_at(spot) for spot in spots]
    random = Random(f"{package} {seed}")
    of_kind = {kind: [spot for spot in spots if spot.kind == kind] for kind in KINDS}
    for found in of_kind.values():
        random.shuffle(found)
    taken: list[Spot] = []
    while len(taken) < size and any(of_kind.values()):
        taken += [found.pop() for found in of_kind.values() if found]
    return [mutant_at(spot) for spot in taken[:size]]


def find_spots(file: Path) -> Iterator[Spot]:
    """Yield every place of a source file where an error can be planted."""
    tree = ast.parse(file.read_text())
    inert = _inert_nodes(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in inert:
            for kind, parts in _ways(node):
                for part in range(parts):
                    spot = Spot(file, number, kind, part)
                    if id(_dropped(node, spot)) not in inert:
                        yield spot


def mutant_at(spot: Spot) -> Mutant:
    """Plant the error."""
    tree = ast.parse(spot.file.read_text())
    original = next(islice(ast.walk(tree), spot.node, None))
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    statement, function = _homes(original, parents)
    line = getattr(original, "lineno", statement.lineno)
    last_line = _last_line(statement)
    before, dropped = _in_one_line(original), _dropped(original, spot)
    _plant(original, spot)
    after = f"without {_in_one_line(dropped)}" if dropped else f"→ {_in_one_line(original)}"
    return Mutant(
        file=spot.file.relative_to(ROOT).as_posix(),
        line=line,
        last_line=last_line,
        kind=spot.kind,
        change=f"{before} {after}",
        function=function,
        tree=ast.fix_missing_locations(tree),
    )


def _ways(node: ast.AST) -> Iterator[tuple[str, int]]:
    match node:
        case ast.Compare(ops=ops):
            yield "comparison", len(ops) if all(type(op) in COMPARED for op in ops) else 0
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            yield "boolean", 1
        case ast.Constant(value=bool() | int() | str() | None):
            yield "constant", 1
        case ast.If(orelse=orelse):
            is_elif = len(orelse) == 1 and isinstance(orelse[0], ast.If)
            yield "branch", 2 if orelse and not is_elif else 1
        case ast.IfExp():
            yield "branch", 2
        case ast.comprehension(ifs=ifs):
            yield "branch", len(ifs)
        case ast.Match(cases=cases) if len(cases) > 1:
            yield "branch", len(cases)
        case ast.Call(keywords=keywords):
            yield "field", len(keywords)
        case ast.Dict(keys=keys):
            yield "field", len(keys)
        case ast.List(elts=elts, ctx=ast.Load()) | ast.Set(elts=elts):
            yield "field", len(elts) if len(elts) > 1 else 0
        case ast.Tuple(elts=elts, ctx=ast.Load()) if len(elts) > 1:
            # a list of things of one kind; a pair or record that lacks a part fails everywhere
            same = len({type(item) for item in elts}) == 1 and not isinstance(elts[0], ast.Name)
            yield "field", len(elts) if same and len(elts) > 2 else 0


def _plant(node: ast.AST, spot: Spot) -> None:
    """Change a node in place."""
    match node:
        case ast.Compare(ops=ops):
            ops[spot.part] = COMPARED[type(ops[spot.part])]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant(value=value):
            node.value = _other_value(value)
        case ast.If(body=body):
            if spot.part:
                node.orelse = []
            else:
                node.body = [ast.Pass()] if not _is_generator(body) else [_nothing_yielded()]
        case ast.IfExp():
            if spot.part:
                node.orelse = node.body
            else:
                node.body = node.orelse
        case ast.comprehension(ifs=ifs):
            del ifs[spot.part]
        case ast.Match(cases=cases):
            cases[spot.part].guard = ast.Constant(value=False)
        case ast.Call(keywords=keywords):
            del keywords[spot.part]
        case ast.Dict(keys=keys, values=values):
            del keys[spot.part], values[spot.part]
        case ast.List(elts=elts) | ast.Set(elts=elts) | ast.Tuple(elts=elts):
            del elts[spot.part]


def _dropped(node: ast.AST, spot: Spot) -> ast.AST | None:
    """Return the part that a dropped field or branch takes with it; None if nothing goes."""
    match node:
        case ast.comprehension(ifs=ifs):
            return ifs[spot.part]
        case ast.Match(cases=cases):
            return cases[spot.part].pattern
        case ast.Call(keywords=keywords):
            return keywords[spot.part]
        case ast.Dict(keys=keys, values=values):
            return keys[spot.part] or values[spot.part]
        case ast.List(elts=elts) | ast.Set(elts=elts) | ast.Tuple(elts=elts):
            return elts[spot.part]
    return None


def _other_value(value: object) -> bool | int | str:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "~"
        case _:
            return "~"  # true, unlike None


def _is_generator(body: list[ast.stmt]) -> bool:
    return any(
        isinstance(inner, (ast.Yield, ast.YieldFrom)) for part in body for inner in ast.walk(part)
    )


def _nothing_yielded() -> ast.stmt:
    """Return a statement for a generator that loses its only branch, and stays a generator."""
    return ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))


def _homes(node: ast.AST, parents: dict[int, ast.AST]) -> tuple[ast.stmt, int | None]:
    """Return the innermost statement of a node, and the outermost function's first line."""
    statement: ast.stmt | None = None
    function: int | None = None
    inner = node
    while True:
        if statement is None and isinstance(inner, ast.stmt):
            statement = inner
        outer = parents.get(id(inner))
        if outer is None:
            break
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner in outer.body:
            function = min([outer.lineno, *(d.lineno for d in outer.decorator_list)])
        inner = outer
    assert statement is not None  # a module holds statements only
    return statement, function


def _last_line(statement: ast.stmt) -> int:
    """Return the last line of a statement, of a compound one the last line of its head."""
    body = getattr(statement, "body", None) or getattr(statement, "cases", None)
    if not body:
        return statement.end_lineno or statement.lineno
    first = body[0].pattern if isinstance(body[0], ast.match_case) else body[0]
    return max(statement.lineno, int(first.lineno) - 1)


def _in_one_line(node: ast.AST) -> str:
    if isinstance(node, ast.comprehension):
        text = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}" + "".join(
            f" if {ast.unparse(test)}" for test in node.ifs
        )
    else:
        text = ast.unparse(node)
    return " ".join(text.split())[:90]


def _inert_nodes(tree: ast.AST) -> set[int]:
    """Return the nodes that say nothing at run time: docstrings, annotations, slots, decorators.

    `strict=` of zip and the type of a `cast` say as little: they are assertions, like `assert`.
    """
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.Import() | ast.ImportFrom():
                roots.append(node)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.keyword(arg="strict"):
                roots.append(node)
            case ast.AnnAssign() | ast.arg() if node.annotation:
                roots.append(node.annotation)
            case ast.FunctionDef() | ast.ClassDef():
                roots += node.decorator_list
                if isinstance(node, ast.FunctionDef) and node.returns:
                    roots.append(node.returns)
            case ast.Assign() if _is_inert(node):
                roots.append(node)
            case ast.Call(func=ast.Name(id="cast"), args=[type_, _]):
                roots.append(type_)
    return {id(inner) for root in roots for inner in ast.walk(root)}


_TYPES = (
    *("Callable[", "Literal[", "tuple[", "dict[", "list[", "frozenset["),
    *("Iterable[", "Iterator[", "Mapping[", "Sequence[", "Set["),
)
"""How the value of a type alias begins."""


def _is_inert(node: ast.Assign) -> bool:
    target = node.targets[0]
    return isinstance(target, ast.Name) and (
        target.id in ("__slots__", "__all__", "__match_args__")
        or ast.unparse(node.value).startswith(_TYPES)
    )
