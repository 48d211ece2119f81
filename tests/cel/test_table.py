"""graphgate's evaluator against the recorded answers of Kubernetes' own; no Go is needed.

known.jsonl lists the rows on which it differs, with the class of the difference. The list is to
become shorter: a row that is in it and no longer differs is a failure too.
"""

from collections.abc import Iterator

import pytest

from tools.cel_oracle import rows
from tools.cel_oracle.__main__ import MAY_LET_THROUGH
from tools.cel_oracle.compare import EQUAL, TEXT, compare, tally
from tools.cel_oracle.ours import answer
from tools.cel_oracle.project import KUBERNETES

HEAD, RECORDED = rows.recorded()
NAMED = rows.objects()
KNOWN = rows.known()
TOPICS = sorted({row["topic"] for row, _ in RECORDED})


def differing(topic: str) -> Iterator[tuple[str, str]]:
    """Yield the rows of a topic on which the evaluator differs, each with its class."""
    for row, theirs in RECORDED:
        if row["topic"] == topic and not theirs.get("unstable"):
            kind = compare(answer(rows.case_of(row, NAMED)), theirs)
            if kind not in (EQUAL, TEXT):
                yield rows.key(row), kind


@pytest.mark.parametrize("topic", TOPICS)
def test_it_answers_as_kubernetes_does(topic: str) -> None:
    ours = {rows.key(row) for row, _ in RECORDED if row["topic"] == topic}
    known = {key: kind for key, kind in KNOWN.items() if key in ours}
    assert dict(differing(topic)) == known


def test_every_difference_has_a_reason_and_lets_nothing_through() -> None:
    """A reason is written by hand into known.jsonl; docs/policies.md has them for users."""
    reasons = rows.known_reasons()
    assert [row for row, (_, reason) in reasons.items() if not reason] == []
    assert {kind for kind, _ in reasons.values()}.isdisjoint(MAY_LET_THROUGH)


def test_costs_are_those_of_kubernetes() -> None:
    """In its own units, but for few rows: errors that are absorbed, the order of a Go map."""
    answers = ((rows.case_of(row, NAMED), theirs) for row, theirs in RECORDED)
    found = tally((case, answer(case), theirs) for case, theirs in answers)
    assert found.priced > 1200
    assert found.same_price >= found.priced * 0.98
    assert found.cheaper <= 8


def test_no_row_is_known_that_the_table_does_not_have() -> None:
    assert KNOWN.keys() <= {rows.key(row) for row, _ in RECORDED}


def test_the_table_is_of_the_pinned_kubernetes() -> None:
    assert HEAD["kubernetes"] == KUBERNETES.version
    assert HEAD["k8s.io/apiserver"] == f"v0.{KUBERNETES.version.removeprefix('v1.')}"


def test_the_table_has_what_the_texts_have() -> None:
    """Whoever changes the texts has to record the answers anew."""
    recorded = {rows.key(row) for row, _ in RECORDED}
    written = rows.written()
    assert recorded <= {rows.key(row) for row in written}
    assert recorded >= {rows.key(row) for row in written if row["line"] == row["expression"]}
    of_lines = {(row["topic"], row["line"]) for row in written if rows.key(row) in recorded}
    assert of_lines == {(row["topic"], row["line"]) for row in written}
