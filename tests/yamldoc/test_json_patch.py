"""A JSON Patch on plain data."""

from typing import Any

import pytest

from webhook.yamldoc import PatchMismatchError, patch_value


def test_a_patch_changes_a_copy() -> None:
    value = {"a": [1], "b~/c": 2}
    after = patch_value(
        value,
        [
            {"op": "add", "path": "/a/-", "value": 3},
            {"op": "replace", "path": "/a/0", "value": 0},
            {"op": "move", "from": "/b~0~1c", "path": "/d"},
            {"op": "test", "path": "/d", "value": 2},
        ],
    )
    assert (value, after) == ({"a": [1], "b~/c": 2}, {"a": [0, 3], "d": 2})


def test_no_operations_give_an_equal_value() -> None:
    assert patch_value(None, []) is None


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/x"},
        {"op": "replace", "path": "/a/7", "value": 1},
        {"op": "add", "path": "/a/x", "value": 1},
        {"op": "add", "path": "/s/x", "value": 1},
        {"op": "add", "path": "x", "value": 1},
        {"op": "add", "path": "/y"},
        {"op": "add", "path": 3, "value": 1},
        {"op": "add", "path": None, "value": 1},
        {"op": "move", "from": "/x", "path": "/y"},
        {"op": "move", "path": "/y"},
        {"op": "test", "path": "/s", "value": "other"},
        {"op": "jump", "path": "/s"},
        {"op": None, "path": "/s"},
        {},
        None,
        3,
        "add",
    ],
    ids=str,
)
def test_an_operation_that_does_not_fit_is_refused(operation: Any) -> None:
    with pytest.raises(PatchMismatchError, match=r"^operation 1 of 1 of the patch"):
        patch_value({"a": [1], "s": "t"}, [operation])


def test_the_sentence_counts_operations_from_one() -> None:
    with pytest.raises(
        PatchMismatchError, match=r"^operation 2 of 2 of the patch, remove /a, does not"
    ):
        patch_value({"a": 1}, [{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"}])
