"""What differs between two answers, in the order of danger, and the table of it.

The danger of a difference is what it does to an admission: what graphgate lets through and the
API server would not comes first.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tools.cel_oracle.process import Answer, Case

EQUAL, TEXT = "equal", "text"
CLASSES = {
    "allows": "true here, false or an error in the API server: lets through what it denies",
    "crash": "an exception here that is not an error of CEL",
    "skips": "an error here, false there: with failurePolicy Ignore the check is skipped",
    "value": "two values that differ: whatever is made of them may let through or deny",
    "gives": "a value here, an error there: it may be made true",
    "accepts": "passes the check here; the API server refuses the policy (422)",
    "warns not": "the API server's status.typeChecking warns, graphgate does not",
    "denies": "false or an error here, true there: denies what it admits",
    "fails": "an error here, a value there",
    "refuses": "does not pass the check here; the API server takes the policy",
    TEXT: "an error in both, with other words",
    EQUAL: "the same",
}
"""By danger, the greatest first."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One case on which two answers differ: the class, and both answers."""

    kind: str
    case: Case
    ours: Answer
    theirs: Answer

    @property
    def signature(self) -> str:
        """What differences of one kind have in common."""
        return f"{outline(self.ours)} | {outline(self.theirs)}"


def compare(ours: Answer, theirs: Answer) -> str:
    """Return the class of the difference between two answers, or EQUAL."""
    if "crash" in ours:
        return "crash"
    if "warnings" in theirs:
        return EQUAL if bool(ours["warnings"]) == bool(theirs["warnings"]) else "warns not"
    if "compile" in theirs:
        return EQUAL if "compile" in ours else "accepts"
    if "compile" in ours:
        return "refuses"
    if "error" in theirs:
        return _where_theirs_fails(ours, theirs)
    if "error" in ours:
        return _where_ours_fails(theirs)
    if "patched" in theirs or "patched" in ours:
        return EQUAL if ours.get("patched") == theirs.get("patched") else "value"
    left, right = plain(ours["value"]), plain(theirs["value"])
    if left == right:
        return EQUAL
    if left == _TRUE and right == _FALSE:
        return "allows"
    if left == _FALSE and right == _TRUE:
        return "denies"
    return "value"


def _where_theirs_fails(ours: Answer, theirs: Answer) -> str:
    if "error" in ours:
        return EQUAL if ours["error"] == theirs["error"] else TEXT
    return "allows" if ours.get("value") == ["bool", True] else "gives"


def _where_ours_fails(theirs: Answer) -> str:
    if theirs.get("value") == ["bool", False]:
        return "skips"
    return "denies" if theirs.get("value") == ["bool", True] else "fails"


def plain(value: Any) -> Any:
    """Return a tagged value in a form in which equal ones are equal in Python too.

    A struct is the map of its fields, which is all that graphgate has of it.
    """
    match value:
        case ["double", text]:
            return ("double", "NaN" if text == "NaN" else float(text).hex())
        case ["quantity", text]:
            return ("quantity", Decimal(text).normalize())
        case ["list", items]:
            return ("list", tuple(plain(item) for item in items))
        case ["map", pairs]:
            return ("map", frozenset((plain(key), plain(item)) for key, item in pairs))
        case ["optional", inner]:
            return ("optional", plain(inner))
        case ["jsonpatch", op, path, source, *rest]:
            texts = [("op", op), ("path", path), ("from", source)]
            fields = {(_text(name), _text(text)) for name, text in texts if text}
            fields |= {(_text("value"), plain(inner)) for inner in rest}
            return ("map", frozenset(fields))
        case ["object", _, fields]:
            return _struct(fields)
        case [*parts]:
            return tuple(parts)
    return value


def _struct(fields: Any) -> Any:
    """Return an Object literal, which has native maps and lists around tagged values."""
    if isinstance(fields, dict):
        return ("map", frozenset((_text(key), _struct(item)) for key, item in fields.items()))
    if isinstance(fields, list) and not (fields and isinstance(fields[0], str)):
        return ("list", tuple(_struct(item) for item in fields))
    return plain(fields)


def _text(text: str) -> tuple[str, str]:
    return ("string", text)


_TRUE, _FALSE = ("bool", True), ("bool", False)


def outline(answer: Answer) -> str:
    """Return an answer without what is of this case only: texts in quotes, numbers."""
    for key in ("crash", "compile", "error"):
        if key in answer:
            first = answer[key].strip().splitlines()[0]
            first = re.sub(r"^ERROR: <input>:\d+:\d+: ", "", first)
            return f"{key}: {_QUOTED.sub('…', first)[:110]}"
    if "warnings" in answer:
        return f"{len(answer['warnings'])} warnings"
    value = answer.get("value")
    if value is None:
        return "an object"
    return f"{value[0]} {str(value[1]).lower()}" if value[0] == "bool" else f"a {value[0]}"


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\b\d[\w.:+-]*")


@dataclass(slots=True)
class Tally:
    """Figures of a comparison, and a shortest example of each kind of difference.

    priced, same_price  how many cases have a cost in both, in Kubernetes' units, and the same one
    cheaper             how many of these are counted cheaper here, which is the dangerous side
    """

    counts: dict[str, int]
    kinds: dict[tuple[str, str], tuple[int, Difference]]
    unstable: int = 0
    priced: int = 0
    same_price: int = 0
    cheaper: int = 0

    @property
    def total(self) -> int:
        """How many cases were compared."""
        return sum(self.counts.values())

    def rows(self) -> Iterator[tuple[str, int, Difference]]:
        """Yield class, count and example of each kind of difference, the most dangerous first."""
        order = list(CLASSES)
        ranked = sorted(
            self.kinds.items(), key=lambda item: (order.index(item[0][0]), -item[1][0], item[0][1])
        )
        for (kind, _), (count, example) in ranked:
            yield kind, count, example


def tally(triples: Iterable[tuple[Case, Answer, Answer]]) -> Tally:
    """Compare our answers with theirs: (case, ours, theirs)."""
    made = Tally(dict.fromkeys(CLASSES, 0), {})
    for case, ours, theirs in triples:
        if theirs.get("unstable"):
            made.unstable += 1
            continue
        kind = compare(ours, theirs)
        made.counts[kind] += 1
        if kind == EQUAL:
            _compare_costs(made, ours, theirs)
            continue
        found = Difference(kind, case, ours, theirs)
        key = kind, found.signature
        count, example = made.kinds.get(key, (0, found))
        shortest = min(example, found, key=lambda d: (len(d.case["expression"]), size(d.case)))
        made.kinds[key] = count + 1, shortest
    return made


def _compare_costs(made: Tally, ours: Answer, theirs: Answer) -> None:
    if "value" not in theirs or "cost" not in theirs or "units" not in ours:
        return  # an error ends an evaluation sooner or later
    made.priced += 1
    made.same_price += ours["units"] == theirs["cost"]
    made.cheaper += ours["units"] < theirs["cost"]


def size(case: Case) -> int:
    """Return how long a case is as JSON."""
    return len(json.dumps(case))


def figures(made: Tally) -> str:
    """Return the counts as lines of a Markdown table."""
    lines = ["| class | cases | what it is |", "| --- | ---: | --- |"]
    lines += [
        f"| {kind} | {count:,} | {CLASSES[kind]} |"
        for kind, count in made.counts.items()
        if count or kind in ("allows", "skips", EQUAL)
    ]
    percent = 100 * made.counts[EQUAL] / max(made.total, 1)
    agreed = made.total - sum(
        count for kind, count in made.counts.items() if kind not in (EQUAL, TEXT)
    )
    lines.append("")
    lines.append(
        f"{made.counts[EQUAL]:,} of {made.total:,} equal ({percent:.1f} %); {agreed:,} if the "
        f"words of errors do not count; {made.unstable} left out, whose answer in the API server "
        "depends on the order in which it walks through a map"
    )
    lines.append(
        f"{made.same_price:,} of {made.priced:,} that have a value cost the same in Kubernetes' "
        f"units, {made.cheaper:,} less"
    )
    return "\n".join(lines)


def docs_table(version: str, table: Tally, generated: Tally) -> str:
    """Return what docs/policies.md says of both comparisons."""
    lines = [
        f"| against Kubernetes {version} | recorded | generated |",
        "| --- | ---: | ---: |",
        f"| expressions compared | {table.total:,} | {generated.total:,} |",
    ]
    lines += [
        f"| {meaning} | {table.counts[kind]:,} | {generated.counts[kind]:,} |"
        for kind, meaning in reversed(CLASSES.items())
    ]
    lines += [
        f"| have a value and a cost | {table.priced:,} | {generated.priced:,} |",
        f"| the same cost in Kubernetes' units | {table.same_price:,} | {generated.same_price:,} |",
        f"| a lower one here | {table.cheaper:,} | {generated.cheaper:,} |",
    ]
    return "\n".join(lines)


def details(made: Tally, at_most: int = 1000) -> str:
    """Return every kind of difference with its shortest example, as Markdown."""
    lines: list[str] = []
    last = ""
    for number, (kind, count, example) in enumerate(made.rows()):
        if number == at_most:
            lines.append(f"… and {len(made.kinds) - at_most} more kinds")
            break
        if kind != last:
            lines += ["", f"### {kind}: {CLASSES[kind]}", ""]
            last = kind
        lines.append(f"* {count}× `{_shown(example.case)}`")
        lines.append(f"  here: {_said(example.ours)}; API server: {_said(example.theirs)}")
    return "\n".join(lines).strip()


def _shown(case: Case) -> str:
    variables = "".join(f"{v['name']} = {v['expression']}; " for v in case.get("variables", ()))
    kind = "" if case["kind"] == "value" else f"[{case['kind']}] "
    return f"{kind}{variables}{case['expression']}"


def _said(answer: Answer) -> str:
    for key in ("crash", "compile", "error"):
        if key in answer:
            return f"{key}: {' / '.join(answer[key].strip().splitlines())[:220]}"
    found = answer.get("value", answer.get("patched", answer.get("warnings")))
    return json.dumps(found, ensure_ascii=False)[:220]
