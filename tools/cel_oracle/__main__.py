"""The command line: `python -m tools.cel_oracle --help`."""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.cel_oracle import rows
from tools.cel_oracle.building import provide_oracle
from tools.cel_oracle.compare import (
    EQUAL,
    TEXT,
    Tally,
    compare,
    details,
    docs_table,
    figures,
    tally,
)
from tools.cel_oracle.generate import cases
from tools.cel_oracle.ours import answer
from tools.cel_oracle.process import Answer, Case, ask, versions
from tools.cel_oracle.project import KUBERNETES, ControlPlaneError

DOCS = Path(__file__).parents[2] / "docs" / "policies.md"
FIGURES_START = "<!-- make cel writes this table -->"
FIGURES_END = "<!-- end of the table -->"
MAY_LET_THROUGH = ("allows", "crash", "skips")


def main() -> int:
    """Run one command; return 1 if a difference may let through what the API server denies."""
    parser = argparse.ArgumentParser(prog="python -m tools.cel_oracle", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="ask the oracle every expression of the table")
    table = commands.add_parser("table", help="compare graphgate with the recorded answers")
    commands.add_parser("known", help="write down which rows of the table differ")
    generated = commands.add_parser("generated", help="compare both on generated expressions")
    generated.add_argument("-n", type=int, default=20_000, help="how many")
    generated.add_argument("--seed", type=int, default=1, help="which")
    drawn = commands.add_parser("figures", help="compare both, and write the table of the docs")
    drawn.add_argument("-n", type=int, default=20_000, help="how many generated expressions")
    drawn.add_argument("--seed", type=int, default=1, help="which")
    asked = commands.add_parser("ask", help="print both answers to an expression")
    asked.add_argument("expression")
    asked.add_argument("--kind", default="value")
    for command in (table, generated):
        command.add_argument("--details", action="store_true", help="every kind, with an example")
        command.add_argument("--report", type=Path, help="write the details into this file")
    chosen = parser.parse_args()
    try:
        return _run(chosen)
    except ControlPlaneError as error:
        print(f"cel-oracle: {error}", file=sys.stderr)
        return 3


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "known":
        return _know()
    if chosen.command == "table":
        return _report(tally(_of_table()), chosen)
    program = provide_oracle(os.environ, lambda line: print(line, file=sys.stderr))
    if chosen.command == "record":
        return _record(program)
    if chosen.command == "figures":
        return _write_figures(program, chosen)
    if chosen.command == "ask":
        case: Case = {"kind": chosen.kind, "expression": chosen.expression}
        case |= {"object": rows.objects()["everything"], "request": rows.objects()["create"]}
        print(f"here:       {json.dumps(answer(case))}")
        print(f"API server: {json.dumps(next(ask(program, [case])))}")
        return 0
    return _report(_of_generated(program, chosen), chosen)


def _of_table() -> Iterable[tuple[Case, Answer, Answer]]:
    named = rows.objects()
    for row, theirs in rows.recorded()[1]:
        case = rows.case_of(row, named)
        yield case, answer(case), theirs


def _of_generated(program: Path, chosen: argparse.Namespace) -> Tally:
    made = list(cases(chosen.n, chosen.seed))
    return tally(zip(made, map(answer, made), ask(program, made), strict=True))


def _write_figures(program: Path, chosen: argparse.Namespace) -> int:
    """Write the counts of both comparisons into docs/policies.md, and print them."""
    table, generated = tally(_of_table()), _of_generated(program, chosen)
    text = docs_table(KUBERNETES.version, table, generated)
    page = DOCS.read_text()
    before, start, rest = page.partition(FIGURES_START)
    _, end, after = rest.partition(FIGURES_END)
    DOCS.write_text(f"{before}{start}\n{text}\n{end}{after}")
    print(text)
    both = (table, generated)
    return 1 if any(made.counts[kind] for kind in MAY_LET_THROUGH for made in both) else 0


def _record(program: Path) -> int:
    named, asked = rows.objects(), rows.written()
    answers = list(ask(program, [rows.case_of(row, named) for row in asked]))
    head = {"kubernetes": KUBERNETES.version, **versions(program)}
    chosen = rows.kept(asked, answers)
    rows.write(head, chosen)
    print(f"{len(chosen)} of {len(asked)} expressions are in {rows.TABLE.name} now: {head}")
    return _know()


def _know() -> int:
    """Write down on which rows of the table graphgate differs; the words of errors do not count."""
    named = rows.objects()
    found = []
    for row, theirs in rows.recorded()[1]:
        kind = compare(answer(rows.case_of(row, named)), theirs)
        if kind not in (EQUAL, TEXT) and not theirs.get("unstable"):
            found.append((row, kind))
    rows.write_known(found)
    print(f"{len(found)} of them differ: {rows.KNOWN.name}")
    return 0


def _report(made: Tally, chosen: argparse.Namespace) -> int:
    print(figures(made))
    if chosen.details:
        print(details(made))
    if chosen.report:
        chosen.report.write_text(f"{figures(made)}\n\n{details(made)}\n")
    return 1 if any(made.counts[kind] for kind in MAY_LET_THROUGH) else 0


if __name__ == "__main__":
    sys.exit(main())
