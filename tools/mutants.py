"""Plant errors in the pure security layers, one at a time, and see whether their tests notice.

    python -m tools.mutants [--max N] [--only PART] [--list]

Works on a copy in a temporary folder. Prints every survivor with its line; exit 1 if there is one
that is not among KNOWN. `--max` takes that many mutants, evenly spread over all of them.
"""

import argparse
import ast
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import hypothesis  # noqa: F401 — read once, for all runs
import orjson  # noqa: F401 — as above
import pytest
import yaml  # noqa: F401 — as above

ROOT = Path(__file__).parent.parent
TARGETS = ("webhook/podsecurity", "webhook/defaulting")
QUICK = ("tests/podsecurity", "tests/defaulting", "--ignore=tests/defaulting/test_laws.py")
LAWS = ("tests/defaulting/test_laws.py",)
SECONDS = 120  # a mutant that makes the tests hang counts as noticed

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

CHANGED = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.Constant)

KNOWN: frozenset[str] = frozenset(
    {
        # digits too many to convert: numbers of 11 digits are refused for their size anyway
        "webhook/podsecurity/openshift.py: 10 → 11",
        # zeros are taken from what is known to be digits
        "webhook/podsecurity/openshift.py: '0' → '0~'",
        # neither is a range
        "webhook/podsecurity/openshift.py: '' → '~'",
        # neither is the name of a namespace
        "webhook/defaulting/defaulter.py: '' → '~'",
    }
)
"""Mutants that change nothing anybody can see, as `file: before → after`, each with its reason."""


@dataclass(frozen=True)
class Mutant:
    """One planted error: the file, the line, what changed, and the file's whole new text."""

    file: str
    line: int
    change: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.change}"

    @property
    def key(self) -> str:
        """What KNOWN calls it; line numbers move."""
        return f"{self.file}: {self.change}"


def find_mutants(file: Path) -> Iterator[Mutant]:
    """Yield every mutant of a source file."""
    tree = ast.parse(file.read_text())
    spared = _inert_nodes(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in spared or not isinstance(node, CHANGED):
            continue
        changed = deepcopy(tree)
        twin = next(islice(ast.walk(changed), index, None))
        if _mutate(twin):
            name = file.relative_to(ROOT).as_posix()
            change = f"{_line(node)} → {_line(twin)}"
            yield Mutant(name, getattr(node, "lineno", 0), change, ast.unparse(changed) + "\n")


def _line(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:70]


def _inert_nodes(tree: ast.AST) -> set[int]:
    """Return the nodes that say nothing at run time: docstrings, annotations, slots, imports."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            roots.append(node)
        elif isinstance(node, (ast.AnnAssign, ast.arg)):
            roots += [node.annotation] if node.annotation else []
        elif isinstance(node, ast.FunctionDef):
            roots += [node.returns] if node.returns else []
            roots += node.decorator_list
        elif isinstance(node, ast.ClassDef):
            roots += node.decorator_list
        elif isinstance(node, ast.Assign) and _is_inert(node):
            roots.append(node)
    return {id(inner) for root in roots for inner in ast.walk(root)}


def _is_inert(node: ast.Assign) -> bool:
    target = node.targets[0]
    return isinstance(target, ast.Name) and (
        target.id in ("__slots__", "__all__") or "Literal[" in ast.unparse(node.value)
    )


def _mutate(node: ast.AST) -> bool:
    """Change a node in place; tell whether there was a way."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        node.ops[0] = COMPARED[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.op = ast.UAdd()
    elif isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        node.value += 1
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        node.value += "~"
    elif isinstance(node, ast.Constant) and node.value is None:
        node.value = "~"  # true, unlike None
    else:
        return False
    return True


def is_noticed(mutant: Mutant, copy: Path) -> bool:
    """Tell whether the tests fail with the mutant in the copy."""
    target = copy / mutant.file
    original = target.read_text()
    target.write_text(mutant.text)
    nearest = _nearest(mutant.file)
    try:
        return any(not _passes(copy, tests) for tests in (nearest, QUICK, LAWS) if tests)
    finally:
        target.write_text(original)


def _nearest(file: str) -> tuple[str, ...]:
    """Return the test file of a source file, which mostly notices; () if it has none."""
    _, layer, *folder, name = Path(file).parts
    subject = folder[0] if folder else Path(name).stem
    found = Path("tests") / layer / f"test_{subject}.py"
    return (str(found),) if (ROOT / found).exists() else ()


def _passes(copy: Path, tests: tuple[str, ...], *, first: bool = False) -> bool:
    """Run tests of the copy in a fork of this process, which has read the libraries already."""
    run = multiprocessing.get_context("fork").Process(target=_run, args=(copy, tests, first))
    run.start()
    run.join(SECONDS)
    if run.is_alive():
        run.kill()
        run.join()
    return run.exitcode == 0


def _run(copy: Path, tests: tuple[str, ...], first: bool) -> None:  # noqa: FBT001 — one call
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    # The first run, without a mutant, writes the bytecode that all others read. They write none:
    # two changes within a second would look the same to it.
    sys.dont_write_bytecode = not first
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # hypothesis is read already, so its asserts stay as they are
    quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *quiet, *tests]))


def main() -> int:
    """Run as the module's docstring says; return the exit code."""
    parser = argparse.ArgumentParser(description="plant errors and see whether tests notice")
    parser.add_argument("--max", type=int, default=200, help="at most this many mutants")
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    chosen = parser.parse_args()
    files = [file for target in TARGETS for file in sorted((ROOT / target).rglob("*.py"))]
    found = [m for file in files if chosen.only in str(file) for m in find_mutants(file)]
    step = max(1, -(-len(found) // chosen.max))
    taken = found[step // 2 :: step]
    print(f"{len(taken)} of {len(found)} mutants", flush=True)
    if chosen.list:
        print(*taken, sep="\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("webhook", "tests/podsecurity", "tests/defaulting"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "tests/__init__.py"):
            shutil.copy(ROOT / part, copy / part)
        if not all(_passes(copy, tests, first=True) for tests in (QUICK, LAWS)):
            print("the tests fail without any mutant", file=sys.stderr)
            return 2
        survivors = []
        for mutant in taken:
            if not is_noticed(mutant, copy) and mutant.key not in KNOWN:
                survivors.append(mutant)
                print(f"survived  {mutant}", flush=True)
    print(f"{len(taken) - len(survivors)} noticed or known, {len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
