"""The audit tells known vulnerabilities, and never takes silence for an answer."""

from typing import Any

import pytest

from tools.vulnerabilities import audit, parse_pins

GRAVE = {"id": "PYSEC-1", "summary": "reads too much", "fixed_in": ["1.1"], "withdrawn": None}


def told(version: str, *vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {"info": {"version": version}, "vulnerabilities": list(vulnerabilities)}


def run(answers: dict[str, dict[str, Any]]) -> tuple[int, list[str]]:
    """Audit version 1.0 of a package by an index that has these answers."""
    lines: list[str] = []
    return audit([("orjson", "1.0")], answers.get, lines.append), lines


def test_pins_are_read_with_their_hashes_comments_and_conditions() -> None:
    text = (
        "# lock\nuvicorn[standard]==0.54.0 \\\n    --hash=sha256:00\nOrJSON==3.1 ; a < 'b'  # c\n"
    )
    assert list(parse_pins(text)) == [("uvicorn", "0.54.0"), ("OrJSON", "3.1")]


def test_what_is_not_pinned_cannot_be_audited() -> None:
    with pytest.raises(ValueError, match="not pinned to one version: orjson>=3"):
        list(parse_pins("orjson>=3\n"))


@pytest.mark.parametrize("path", ["/pypi/orjson/1.0/json", "/pypi/orjson/json"])
def test_a_version_without_known_vulnerabilities_passes(path: str) -> None:
    assert run({path: told("1.0")}) == (
        0,
        ["1 packages: 0 with known vulnerabilities, 0 unknown"],
    )


def test_a_known_vulnerability_is_reported_with_what_fixes_it() -> None:
    assert run({"/pypi/orjson/1.0/json": told("1.0", GRAVE)}) == (
        1,
        [
            "orjson 1.0: PYSEC-1: reads too much (fixed in 1.1)",
            "1 packages: 1 with known vulnerabilities, 0 unknown",
        ],
    )


def test_a_withdrawn_one_does_not_count() -> None:
    withdrawn = {**GRAVE, "withdrawn": "2026-01-01T00:00:00Z"}
    assert run({"/pypi/orjson/1.0/json": told("1.0", withdrawn)})[0] == 0


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"/pypi/orjson/json": told("1.1")},
        {"/pypi/orjson/1.0/json": {"info": {"version": "1.0"}}},
        {"/pypi/orjson/1.0/json": {"message": "unexpected"}},
    ],
    ids=["no answer", "another version", "no vulnerabilities named", "another shape"],
)
def test_silence_is_no_answer(answers: dict[str, dict[str, Any]]) -> None:
    code, lines = run(answers)
    assert (code, lines[-1]) == (2, "1 packages: 0 with known vulnerabilities, 1 unknown")


def test_an_index_that_cannot_be_reached_is_no_answer() -> None:
    def ask(path: str) -> None:
        raise OSError(f"no route to {path}")

    lines: list[str] = []
    assert audit([("orjson", "1.0")], ask, lines.append) == 2
    assert lines[0] == "orjson 1.0: no answer: no route to /pypi/orjson/1.0/json"
