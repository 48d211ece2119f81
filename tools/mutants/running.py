"""Whether a package's tests notice a planted error.

A mutant in a function is tried in a fork of a process that has collected the tests: the function
gets the changed code, and only the tests run that pass through its lines. What they do not notice,
and what runs when a module is imported, is tried with all tests of the package in a process that
imports the changed module, those first that pass through the module: what is built once and kept
is built anew there.
"""

import gc
import importlib
import importlib.machinery
import importlib.util
import os
import pickle
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from types import CodeType, FunctionType, ModuleType

import grimp
import pytest
from coverage import Coverage

from tools.mutants.planting import ROOT, Mutant

QUIET = (
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--capture=sys",  # forks would share files
    "--hypothesis-seed=0",
    "-o",
    "timeout=120",
    # these modules are read already, so their asserts stay as they are
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)

MAX_CPU_SECONDS = 240  # of one mutant's process: one that loops counts as noticed
MAX_MEMORY = 4 << 30  # and one that fills the memory

NOTICED, UNNOTICED, UNDECIDED = 1, 0, 3

_Rank = tuple[bool, float]


class BrokenTestsError(Exception):
    """The tests fail without any mutant; its text says which."""


def survivors(mutants: list[Mutant], tests: Sequence[str], jobs: int) -> list[Mutant]:
    """Return the mutants that the tests do not notice; each is told on stderr at once.

    Raises:
        BrokenTestsError: the tests fail without any mutant.
    """
    pool = _Pool(jobs, os.dup(sys.stderr.fileno()))  # forks have no stderr of their own
    with TemporaryDirectory() as folder:
        report = Path(folder) / "left"
        child = _fork(lambda: _first_stage(mutants, tests, pool, report))
        _wait(child)
        if not report.exists():
            failed = report.with_suffix(".failed")
            raise BrokenTestsError(failed.read_text() if failed.exists() else "not collected")
        answers, ranks = pickle.loads(report.read_bytes())
    codes = dict(zip(mutants, answers, strict=True))
    undecided = [mutant for mutant, code in codes.items() if code == UNDECIDED]
    later = pool.run(undecided, lambda mutant: _run_all(mutant, tests, ranks[mutant.file]))
    codes.update(zip(undecided, later, strict=True))
    return [mutant for mutant, code in codes.items() if code == UNNOTICED]


def _first_stage(mutants: list[Mutant], tests: Sequence[str], pool: "_Pool", report: Path) -> int:
    plugin = _FirstStage(mutants, pool, report)
    _silence()
    sys.path.insert(0, str(ROOT))
    return int(pytest.main([*QUIET, *tests], plugins=[plugin]))


@dataclass
class _Reach:
    """Which tests pass through which lines, by number, and how long each takes.

    order  of the tests, from `put_in_order`
    """

    lines: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    order: list[float] = field(default_factory=list)

    def tests_of(self, mutant: Mutant) -> list[int]:
        """Return the tests that pass through the mutant, in the order in which they are tried."""
        file = str(ROOT / mutant.file)
        span = range(mutant.line, mutant.last_line + 1)
        found = {test for line in span for test in self.lines.get(file, {}).get(line, ())}
        return sorted(found, key=lambda test: self.order[test])

    def put_in_order(self, items: Sequence[pytest.Item]) -> None:
        """Rank the tests by the time that their test function has taken by then, quick cases first.

        The cases of one function say much the same; another function says something else.
        """
        self.order = [0.0] * len(items)
        spent: dict[str, float] = {}
        for number in sorted(range(len(items)), key=lambda number: self.seconds[number]):
            function = items[number].nodeid.partition("[")[0]
            spent[function] = spent.get(function, 0) + self.seconds[number]
            self.order[number] = spent[function]

    def ranks_for(self, file: str, items: Sequence[pytest.Item]) -> dict[str, _Rank]:
        """Return each test's rank for a file: first what passes through it."""
        passing = {
            test for tests in self.lines.get(str(ROOT / file), {}).values() for test in tests
        }
        return {
            item.nodeid: (number not in passing, self.order[number])
            for number, item in enumerate(items)
        }


@dataclass
class _FirstStage:
    """A plugin for pytest that runs the collected tests in forks, not here."""

    mutants: list[Mutant]
    pool: "_Pool"
    report: Path

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests once to see where they pass, then some of them for each mutant."""
        if session.testsfailed:
            return True
        files = {mutant.file for mutant in self.mutants}
        for file in files:
            importlib.import_module(_module_name(file))
        measured = self.report.with_suffix(".reach")
        if _wait(_fork(lambda: _measure(session, files, measured))) != UNNOTICED:
            return True
        reach = pickle.loads(measured.read_bytes())
        reach.put_in_order(session.items)
        living = _Living.now()
        codes = self.pool.run(
            self.mutants,
            lambda mutant: _run_patched(session, mutant, living, reach.tests_of(mutant)),
        )
        ranks = {file: reach.ranks_for(file, session.items) for file in files}
        self.report.write_bytes(pickle.dumps((codes, ranks)))
        return True


def _measure(session: pytest.Session, files: set[str], report: Path) -> int:
    measured = [str(ROOT / file) for file in files]
    coverage = Coverage(data_file=None, include=measured, config_file=False)
    reach, failed = _Reach(), list[str]()
    coverage.start()
    for number, (item, following) in enumerate(_pairs(session.items)):
        coverage.switch_context(str(number))
        started = process_time()
        before = session.testsfailed
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        reach.seconds.append(process_time() - started)
        if session.testsfailed > before:
            failed.append(item.nodeid)
    coverage.stop()
    data = coverage.get_data()
    for file in data.measured_files():
        reach.lines[file] = {
            line: [int(context) for context in contexts if context]
            for line, contexts in data.contexts_by_lineno(file).items()
        }
    report.write_bytes(pickle.dumps(reach))
    report.with_suffix(".failed").write_text("\n".join(failed))
    return NOTICED if session.testsfailed else UNNOTICED


def _run_patched(
    session: pytest.Session, mutant: Mutant, living: "_Living", tests: list[int]
) -> int:
    if mutant.function is None or not living.patch(mutant):
        return UNDECIDED
    for item, following in _pairs([session.items[test] for test in tests]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return NOTICED
    return UNDECIDED


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    yield from zip(items, [*islice(items, 1, None), None], strict=True)


@dataclass(frozen=True)
class _Living:
    """What a patch changes in a fork, found once for all: functions by file, caches by module.

    imports  which module imports which
    """

    functions: Mapping[str, Sequence[FunctionType]]
    caches: Mapping[str, Sequence["_lru_cache_wrapper[object]"]]
    imports: grimp.ImportGraph

    @classmethod
    def now(cls) -> "_Living":
        """Return what lives in this process."""
        functions: dict[str, list[FunctionType]] = {}
        caches: dict[str, list[_lru_cache_wrapper[object]]] = {}
        for thing in gc.get_objects():
            if type(thing) is FunctionType:
                functions.setdefault(thing.__code__.co_filename, []).append(thing)
            elif type(thing) is _lru_cache_wrapper:
                caches.setdefault(str(thing.__module__), []).append(thing)
        return cls(functions, caches, grimp.build_graph("webhook", cache_dir=None))

    def patch(self, mutant: Mutant) -> bool:
        """Give the functions of a module the changed code; False if that is not possible."""
        path = str(ROOT / mutant.file)
        changed = {
            (code.co_qualname, code.co_firstlineno): code
            for code in _codes(compile(mutant.tree, path, "exec"))
            if not code.co_name.startswith("<")
        }
        found = False
        for function in self.functions.get(path, ()):
            code = function.__code__
            new = changed.get((code.co_qualname, code.co_firstlineno))
            if new is None or new.co_freevars != code.co_freevars:
                continue
            found = found or code.co_firstlineno == mutant.function
            function.__code__ = new
        # What a module keeps that does not import the changed one was made without it. Should that
        # be wrong somewhere, the second stage, where nothing is kept, finds it.
        module = _module_name(mutant.file)
        for dependent in (module, *self.imports.find_downstream_modules(module)):
            for cached in self.caches.get(dependent, ()):
                cached.cache_clear()
        return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _run_all(mutant: Mutant, tests: Sequence[str], ranks: Mapping[str, _Rank]) -> int:
    _silence()
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT))
    sys.meta_path.insert(0, _Finder(mutant))
    plugins = [_InOrder(ranks)]
    return UNNOTICED if pytest.main(["-x", *QUIET, *tests], plugins=plugins) == 0 else NOTICED


@dataclass
class _InOrder:
    """A plugin for pytest: tests run in the order of their ranks, unknown ones last."""

    ranks: Mapping[str, _Rank]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort what was collected."""
        items.sort(key=lambda item: self.ranks.get(item.nodeid, (True, float("inf"))))


@dataclass
class _Finder(importlib.machinery.PathFinder):
    """Finds the module with the planted error."""

    mutant: Mutant

    def find_spec(  # type: ignore[override]
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the changed module's specification, and None for all others."""
        del path, target
        if fullname != _module_name(self.mutant.file):
            return None
        file = str(ROOT / self.mutant.file)
        loader = _Loader(fullname, file)
        loader.tree = self.mutant
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    tree: Mutant

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.tree.tree, self.get_filename(fullname), "exec")


def _module_name(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(frozen=True)
class _Pool:
    """Forks, `jobs` at a time. Mutants that are not noticed are written to `told`, a file."""

    jobs: int
    told: int

    def run(self, mutants: Sequence[Mutant], task: Callable[[Mutant], int]) -> list[int]:
        """Run the task for each mutant in a fork of its own; return their exit codes."""
        codes: dict[Mutant, int] = {}
        running: dict[int, Mutant] = {}

        def reap() -> None:
            child, status = os.wait()
            mutant = running.pop(child)
            codes[mutant] = _exit_code(status)
            if codes[mutant] == UNNOTICED:
                os.write(self.told, f"not noticed: {mutant}\n".encode())

        for mutant in mutants:
            if len(running) == self.jobs:
                reap()
            running[_fork(lambda mutant=mutant: _bounded(task, mutant))] = mutant  # type: ignore[misc]
        while running:
            reap()
        return [codes[mutant] for mutant in mutants]


def _bounded(task: Callable[[Mutant], int], mutant: Mutant) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    return task(mutant)


def _fork(task: Callable[[], int]) -> int:
    child = os.fork()
    if child:
        return child
    code = NOTICED
    try:
        code = task()
    finally:
        os._exit(code)


def _wait(child: int) -> int:
    return _exit_code(os.waitpid(child, 0)[1])


def _exit_code(status: int) -> int:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else NOTICED


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
