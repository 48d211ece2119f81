"""Plant errors in the pure layers, one at a time, and see whether the tests of the layer notice.

    python -m tools.mutants [--sample N] [--seed N] [--only PART] [--list] [PACKAGE ...]

Takes a sample of each package by seed, as many of each kind (comparison, boolean, constant,
dropped branch, dropped field) as there are, and runs the package's own tests only. Prints every
survivor with its line and a table; exit 1 if a survivor is not among KNOWN. The project's files
must not change while it runs.
"""

import argparse
import os
import sys
from time import monotonic

import hypothesis  # noqa: F401 — read once, for all runs
import orjson  # noqa: F401 — as above
import yaml  # noqa: F401 — as above

from tools.mutants.known import KNOWN
from tools.mutants.planting import sample_of
from tools.mutants.running import BrokenTestsError, survivors

PACKAGES = ("podsecurity", "defaulting", "rules", "policy", "engine", "lint", "rendering")

SLOW = (
    "tests/engine/test_bounds.py",
    "tests/engine/test_linear.py",
    "tests/rules/test_fields.py",
)
"""Tests of sizes and of selection: they take longer than all others of their package together."""

ELSEWHERE = {
    "engine": ("tests/settings/test_known_parts.py",),
    "rules": (
        "tests/engine/test_operator.py",
        "tests/engine/test_routing.py",
        "tests/engine/test_updates.py",
    ),
}
"""Tests of what the engine remembers; of rules that need more than one document, as
tests/rules/test_fixtures.py says."""


def tests_of(package: str) -> list[str]:
    """Return the arguments for pytest: the package's own tests that are fast."""
    slow = [file for file in SLOW if file.startswith(f"tests/{package}/")]
    own = [f"tests/{package}", *ELSEWHERE.get(package, ())]
    return [*own, *(f"--ignore={file}" for file in slow)]


def main() -> int:
    """Run as the module's docstring says; return the exit code."""
    parser = argparse.ArgumentParser(description="plant errors and see whether tests notice")
    parser.add_argument("packages", nargs="*", default=PACKAGES, metavar="PACKAGE")
    parser.add_argument("--sample", type=int, default=60, help="mutants of each package; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    chosen = parser.parse_args()
    table, failed = [], False
    for package in chosen.packages:
        started = monotonic()
        mutants = sample_of(f"webhook/{package}", chosen.sample, chosen.seed, chosen.only)
        if chosen.list:
            print(*mutants, sep="\n")
            continue
        try:
            left = survivors(mutants, tests_of(package), chosen.jobs)
        except BrokenTestsError as error:
            print(f"tests/{package} fails without any mutant: {error}", file=sys.stderr)
            return 2
        unknown = [mutant for mutant in left if mutant.key not in KNOWN]
        for mutant in unknown:
            print(f"survived  {mutant}", flush=True)
        failed = failed or bool(unknown)
        table.append(
            f"{package:12} {len(mutants):7} {len(mutants) - len(left):7} "
            f"{len(left) - len(unknown):10} {len(unknown):8} {monotonic() - started:8.0f}"
        )
        print(table[-1], file=sys.stderr, flush=True)
    if table:
        print("package      mutants noticed equivalent survived  seconds", *table, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
