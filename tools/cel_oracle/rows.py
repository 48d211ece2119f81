"""The committed table: expressions as text, and their answers as recorded from the oracle.

tests/cel/expressions/TOPIC.txt has an expression on each line:

    # a comment
    %kind validation           where the following expressions are; "value" at first
    %object scalars            which of tests/cel/objects.json they see; "everything" at first
    %old NAME  %params NAME  %request NAME  %namespace NAME     likewise; none at first
    %var count = object.list.size()   one more of the policy's variables
    %novars
    %each x in 1 ;; 'a' ;; null       the lines up to %end are once for each value of $x
    %end                              (of all enclosing %each too)

A backslash at the end of a line joins the next one to it. Directives hold to the end of the file.
Of a line that %each repeats the table keeps those rows that the oracle answers differently.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.cel_oracle.compare import outline
from tools.cel_oracle.process import Answer, Case

FOLDER = Path(__file__).parents[2] / "tests" / "cel"
TABLE = FOLDER / "table.jsonl"
KNOWN = FOLDER / "known.jsonl"
OBJECTS = FOLDER / "objects.json"

_LIKE = 1
"""How many rows of one repeated line are kept whose answers are alike."""

Row = dict[str, Any]
"""topic, line (as written), kind, expression, variables; names of objects: object, old, params …"""

_NAMED = {
    "object": "object",
    "old": "oldObject",
    "params": "params",
    "request": "request",
    "namespace": "namespaceObject",
}


def objects() -> Mapping[str, Any]:
    """Return the objects that rows name."""
    found: dict[str, Any] = json.loads(OBJECTS.read_text())
    return found


def case_of(row: Row, named: Mapping[str, Any]) -> Case:
    """Return the case of a row, with its objects in full."""
    made: Case = {"kind": row["kind"], "expression": row["expression"]}
    if row.get("variables"):
        made["variables"] = row["variables"]
    for short, name in _NAMED.items():
        if row.get(short):
            made[name] = named[row[short]]
    return made


def written() -> list[Row]:
    """Return the rows of all text files, in order, each once."""
    rows: dict[str, Row] = {}
    for file in sorted((FOLDER / "expressions").glob("*.txt")):
        for row in _Reading(file.stem).rows(file.read_text()):
            # What is written out stays in the table, whatever repeated line has it too.
            if key(row) not in rows or row["line"] == row["expression"]:
                rows[key(row)] = row
    return list(rows.values())


def key(row: Row) -> str:
    """Return what tells a row from all others: what is asked, not where it was written."""
    return json.dumps({name: row[name] for name in sorted(row.keys() - {"topic", "line"})})


def kept(rows: list[Row], answers: list[Answer]) -> list[tuple[Row, Answer]]:
    """Return the rows for the table, with their answers.

    Every line is there. One that %each repeats is there for each kind of answer: hundreds of
    operands that end in the same error teach no more than one of them.
    """
    found: dict[tuple[str, ...], int] = {}
    chosen = []
    for row, answer in zip(rows, answers, strict=True):
        place = (row["topic"], row["line"], row["kind"], outline(answer))
        found[place] = found.get(place, 0) + 1
        if row["line"] == row["expression"] or found[place] <= _LIKE:
            chosen.append((row, answer))
    return chosen


def recorded() -> tuple[dict[str, Any], list[tuple[Row, Answer]]]:
    """Return the head of the table (versions), and its rows with their answers."""
    lines = TABLE.read_text().splitlines()
    rows = [json.loads(line) for line in lines[1:]]
    return json.loads(lines[0]), [(row, row.pop("answer")) for row in rows]


def known() -> dict[str, str]:
    """Return the class of each row of the table on which graphgate still differs, by `key`."""
    return {row: kind for row, (kind, _) in known_reasons().items()}


def known_reasons() -> dict[str, tuple[str, str]]:
    """Return class and reason of each row on which graphgate differs, by `key`."""
    lines = KNOWN.read_text().splitlines() if KNOWN.is_file() else []
    rows = list(map(json.loads, lines))
    classes = [(row.pop("class"), row.pop("reason", "")) for row in rows]
    return {key(row): reason for row, reason in zip(rows, classes, strict=True)}


def write_known(rows: Iterable[tuple[Row, str]]) -> None:
    """Write which rows differ, and how; reasons that were written by hand are kept."""
    reasons = known_reasons()
    lines = [
        json.dumps(
            {
                "class": kind,
                "reason": reasons.get(key(row), ("", ""))[1],
                **json.loads(key(row)),
            },
            ensure_ascii=False,
        )
        for row, kind in rows
    ]
    KNOWN.write_text("".join(f"{line}\n" for line in lines))


def write(head: Mapping[str, Any], rows: list[tuple[Row, Answer]]) -> None:
    """Write the table again."""
    lines = [json.dumps(head, sort_keys=True)]
    for row, answer in rows:
        shown = {name: value for name, value in row.items() if name != "line"}
        lines.append(json.dumps({**shown, "answer": answer}, ensure_ascii=False))
    TABLE.write_text("\n".join(lines) + "\n")


@dataclass
class _Reading:
    """One file on its way from text to rows."""

    topic: str
    state: dict[str, str] = field(default_factory=lambda: {"kind": "value", "object": "everything"})
    variables: list[dict[str, str]] = field(default_factory=list)
    loops: list[tuple[str, list[str]]] = field(default_factory=list)

    def rows(self, text: str) -> Iterator[Row]:
        for raw in text.replace("\\\n", " ").splitlines():
            line = raw.strip()
            if line.startswith("%"):
                self._direct(line)
            elif line and not line.startswith("#"):
                yield from self._expand(line)

    def _direct(self, line: str) -> None:
        word, _, rest = line[1:].partition(" ")
        match word:
            case "kind" | "object" | "old" | "params" | "request" | "namespace":
                self.state[word] = "" if rest == "none" else rest
            case "var":
                name, _, expression = rest.partition(" = ")
                self.variables.append({"name": name, "expression": expression})
            case "novars":
                self.variables = []
            case "each":
                name, _, values = rest.partition(" in ")
                self.loops.append((name, [value.strip() for value in values.split(" ;; ")]))
            case "end":
                self.loops.clear()
            case _:
                raise ValueError(f"{self.topic}: {line}")

    def _expand(self, line: str) -> Iterator[Row]:
        used = [(name, values) for name, values in self.loops if f"${name}" in line]
        for chosen in itertools.product(*(values for _, values in used)):
            expression = line
            for (name, _), value in zip(used, chosen, strict=True):
                expression = expression.replace(f"${name}", value)
            yield self._row(line, expression)

    def _row(self, line: str, expression: str) -> Row:
        row: Row = {"topic": self.topic, "line": line, "kind": self.state["kind"]}
        row["expression"] = expression
        if self.variables:
            row["variables"] = list(self.variables)
        return row | {name: self.state[name] for name in _NAMED if self.state.get(name)}
