"""The comparison itself: every class of difference, and what counts as equal."""

import json
from typing import Any

import pytest

from tools.cel_oracle.compare import CLASSES, compare, details, figures, plain, tally
from tools.cel_oracle.generate import PRODUCTIONS, cases
from tools.cel_oracle.ours import answer, canonical

YES: dict[str, Any] = {"value": ["bool", True]}
NO: dict[str, Any] = {"value": ["bool", False]}
ONE: dict[str, Any] = {"value": ["int", "1"]}
FAULT: dict[str, Any] = {"error": "no such key: a"}
REFUSED: dict[str, Any] = {"compile": "ERROR: <input>:1:1: undeclared reference to 'a'"}


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        (YES, NO, "allows"),
        (YES, FAULT, "allows"),
        (FAULT, NO, "skips"),
        ({"crash": "KeyError: 'a'"}, NO, "crash"),
        (ONE, {"value": ["uint", "1"]}, "value"),
        (ONE, {"value": ["double", "1"]}, "value"),
        (NO, FAULT, "gives"),
        (ONE, FAULT, "gives"),
        (ONE, REFUSED, "accepts"),
        (FAULT, REFUSED, "accepts"),
        ({"warnings": []}, {"warnings": ["undefined field"]}, "warns not"),
        (NO, YES, "denies"),
        (FAULT, YES, "denies"),
        (FAULT, ONE, "fails"),
        (REFUSED, YES, "refuses"),
        (REFUSED, FAULT, "refuses"),
        (FAULT, {"error": "no such key"}, "text"),
        (FAULT, FAULT, "equal"),
        (REFUSED, {"compile": "in other words"}, "equal"),
        (YES, YES, "equal"),
        ({"patched": {"a": 1}}, {"value": ["list", []], "patched": {"a": 1}}, "equal"),
        ({"patched": {"a": 1}}, {"value": ["list", []], "patched": {"a": 2}}, "value"),
    ],
)
def test_the_class_of_a_difference(ours: Any, theirs: Any, kind: str) -> None:
    assert compare(ours, theirs) == kind


def test_every_class_is_tried() -> None:
    marks = test_the_class_of_a_difference.pytestmark
    assert {case[2] for case in marks[0].args[1]} == set(CLASSES)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["double", "1e+06"], ["double", "1000000.0"]),
        (["double", "NaN"], ["double", "NaN"]),
        (["quantity", "1.500"], ["quantity", "1.5"]),
        (
            ["map", [[["string", "b"], ["int", "1"]], [["string", "a"], ["int", "2"]]]],
            ["map", [[["string", "a"], ["int", "2"]], [["string", "b"], ["int", "1"]]]],
        ),
        (
            ["jsonpatch", "add", "/a", "", ["int", "1"]],
            canonical({"op": "add", "path": "/a", "value": 1}),
        ),
        (
            ["object", "Object", {"a": {"b": ["int", "1"]}, "l": [["string", "x"]]}],
            canonical({"a": {"b": 1}, "l": ["x"]}),
        ),
    ],
)
def test_what_is_written_differently_is_equal(left: Any, right: Any) -> None:
    assert plain(left) == plain(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["double", "0"], ["double", "-0"]),
        (["bool", True], ["int", "1"]),
        (["string", "1"], ["int", "1"]),
        (["optional"], ["optional", ["null"]]),
        (["list", [["int", "1"]]], ["list", [["uint", "1"]]]),
    ],
)
def test_what_has_another_type_is_not_equal(left: Any, right: Any) -> None:
    assert plain(left) != plain(right)


def test_the_shortest_example_stands_for_its_kind() -> None:
    pairs = [("object.a.b", FAULT), ("object.a", FAULT), ("1", FAULT)]
    made = tally(({"kind": "value", "expression": text}, ONE, theirs) for text, theirs in pairs)
    assert (made.total, made.counts["gives"], made.counts["equal"]) == (3, 3, 0)
    [(kind, count, example)] = made.rows()
    assert (kind, count, example.case["expression"]) == ("gives", 3, "1")
    assert "| gives | 3 |" in figures(made)
    assert "* 3× `1`" in details(made)


def test_an_answer_that_hangs_on_the_order_of_a_map_is_not_compared() -> None:
    made = tally([({"kind": "value", "expression": "1"}, ONE, {**YES, "unstable": True})])
    assert (made.total, made.unstable) == (0, 1)


def test_the_same_seed_gives_the_same_cases() -> None:
    first, second = list(cases(300, 7)), list(cases(300, 7))
    assert first == second
    assert first != list(cases(300, 8))
    texts = {case["expression"] + json.dumps(case.get("variables")) for case in first}
    assert len(texts) == len(first)


def test_every_production_is_written() -> None:
    """Enough cases have every function in them, and not only faults."""
    many = list(cases(4000, 1))
    everything = "\n".join(case["expression"] for case in many)
    for several in PRODUCTIONS.values():
        for text in several:
            longest = max(text.replace("{", "}").split("}")[::2], key=len)
            assert longest.strip().replace("‹", "{").replace("›", "}") in everything, text
    valued = sum("value" in answer(case) for case in many[:500])
    assert valued > 100
