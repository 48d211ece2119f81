"""The recorded answers against the oracle itself, where it is built."""

import os

import pytest

from tools.cel_oracle import rows
from tools.cel_oracle.__main__ import MAY_LET_THROUGH
from tools.cel_oracle.building import check_versions, library_version, oracle_file
from tools.cel_oracle.compare import EQUAL, TEXT, details, tally
from tools.cel_oracle.generate import cases
from tools.cel_oracle.ours import answer
from tools.cel_oracle.process import Answer, OracleFailed, ask, versions

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module", name="oracle")
def built_oracle():
    file = oracle_file(os.environ)
    if not file.is_file():
        how = "the CEL oracle is not built: python -m tools.cel_oracle.building"
        pytest.fail(how) if os.environ.get("CI") else pytest.skip(how)
    return file


def test_it_asks_for_the_libraries_of_the_pinned_kubernetes() -> None:
    check_versions()


def test_the_recorded_answers_are_its_own(oracle) -> None:
    named = rows.objects()
    head, recorded = rows.recorded()
    assert {"kubernetes": head["kubernetes"], **versions(oracle)} == head
    assert head["k8s.io/apiserver"] == library_version()
    answers = ask(oracle, [rows.case_of(row, named) for row, _ in recorded])
    changed = [
        (row["expression"], before, now)
        for (row, before), now in zip(recorded, answers, strict=True)
        if _settled(before) != _settled(now) and not (before.get("unstable") or now.get("unstable"))
    ]
    assert changed == []


def _settled(answer: Answer) -> Answer:
    """Return an answer without the order of what an error lists: it comes out of a map of Go."""
    if "may not mutate atomic" not in answer.get("error", ""):
        return answer
    return {**answer, "error": sorted(answer["error"].replace(",", "").split())}


def test_what_kills_it_is_told_and_what_follows_is_answered(oracle) -> None:
    texts = ["1 + 1", "lists.range(9223372036854775807).size()", "2 + 2"]
    found = list(ask(oracle, [{"kind": "value", "expression": text} for text in texts]))
    assert [answer.get("value") for answer in found] == [["int", "2"], None, ["int", "4"]]
    assert found[1] == {"died": True, "unstable": True}


def test_a_case_of_no_kind_is_refused(oracle) -> None:
    with pytest.raises(OracleFailed, match="unknown kind"):
        list(ask(oracle, [{"kind": "nonsense", "expression": "1"}]))


GENERATED, SEED = 1500, 20260
"""A slice of what `make cel` compares: a few seconds."""


def test_generated_expressions_are_answered_as_the_api_server_does(oracle) -> None:
    """None may be true here and false or an error there; of five hundred, one may differ at all."""
    made = list(cases(GENERATED, SEED))
    found = tally(zip(made, map(answer, made), ask(oracle, made), strict=True))
    dangerous = [details(found)] if any(found.counts[k] for k in MAY_LET_THROUGH) else []
    assert dangerous == []
    differ = sum(count for kind, count in found.counts.items() if kind not in (EQUAL, TEXT))
    assert differ <= GENERATED // 500, details(found)
