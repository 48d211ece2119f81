"""JSON patches of mutating policies, as kube-apiserver's library applies them."""

from typing import Any

import pytest

from webhook.policy.json_patch import PatchError, PatchTestFailedError, apply_patch
from webhook.yamldoc import patch_value

DOCUMENT: dict[str, Any] = {"a": {"b": 1, "x/y": 2}, "list": [10, 20, 30], "null": None}


def op(op: str, path: str, **more: Any) -> Any:
    return {"op": op, "path": path, **more}


def moved(source: str, path: str) -> Any:
    return {"op": "move", "path": path, "from": source}


def copied(source: str, path: str) -> Any:
    return {"op": "copy", "path": path, "from": source}


@pytest.mark.parametrize(
    ("operation", "changed", "standard"),
    [
        pytest.param(
            op("add", "/a/c", value=[1]),
            {"a": {"b": 1, "x/y": 2, "c": [1]}},
            [op("add", "/a/c", value=[1])],
            id="a key is added",
        ),
        pytest.param(
            op("add", "/a/b", value=7),
            {"a": {"b": 7, "x/y": 2}},
            [op("add", "/a/b", value=7)],
            id="a key that is there gets the value",
        ),
        pytest.param(
            op("add", "/a/c"),
            {"a": {"b": 1, "x/y": 2, "c": None}},
            [op("add", "/a/c", value=None)],
            id="without a value null is added",
        ),
        pytest.param(
            op("add", "/list/1", value=15),
            {"list": [10, 15, 20, 30]},
            [op("add", "/list/1", value=15)],
            id="an item is put before the index",
        ),
        pytest.param(
            op("add", "/list/3", value=40),
            {"list": [10, 20, 30, 40]},
            [op("add", "/list/3", value=40)],
            id="the index after the last item appends",
        ),
        pytest.param(
            op("add", "/list/-", value=40),
            {"list": [10, 20, 30, 40]},
            [op("add", "/list/-", value=40)],
            id="a dash appends",
        ),
        pytest.param(
            op("add", "/list/-1", value=40),
            {"list": [10, 20, 30, 40]},
            [op("add", "/list/3", value=40)],
            id="-1 is after the last item",
        ),
        pytest.param(
            op("add", "/list/01", value=15),
            {"list": [10, 15, 20, 30]},
            [op("add", "/list/1", value=15)],
            id="an index may begin with zero",
        ),
        pytest.param(
            op("add", "/list/+1", value=15),
            {"list": [10, 15, 20, 30]},
            [op("add", "/list/1", value=15)],
            id="an index may have a plus",
        ),
        pytest.param(
            op("remove", "/a/x~1y"), {"a": {"b": 1}}, [op("remove", "/a/x~1y")], id="an escaped key"
        ),
        pytest.param(
            op("remove", "/list/-3"),
            {"list": [20, 30]},
            [op("remove", "/list/0")],
            id="-3 of three is the first item",
        ),
        pytest.param(op("remove", "/null"), {"null": ...}, [op("remove", "/null")], id="null goes"),
        pytest.param(
            op("replace", "/a/b", value="new"),
            {"a": {"b": "new", "x/y": 2}},
            [op("replace", "/a/b", value="new")],
            id="a value is replaced",
        ),
        pytest.param(
            op("replace", "/a/c", value=3),
            {"a": {"b": 1, "x/y": 2, "c": 3}},
            [op("add", "/a/c", value=3)],
            id="replace adds a key that is missing",
        ),
        pytest.param(
            op("replace", "/list/-1", value=0),
            {"list": [10, 20, 0]},
            [op("replace", "/list/2", value=0)],
            id="-1 is the last item",
        ),
        pytest.param(
            moved("/a/b", "/list/0"),
            {"a": {"x/y": 2}, "list": [1, 10, 20, 30]},
            [op("remove", "/a/b"), op("add", "/list/0", value=1)],
            id="a move is a removal and an addition",
        ),
        pytest.param(
            moved("/list/0", "/list/2"),
            {"list": [20, 30, 10]},
            [op("remove", "/list/0"), op("add", "/list/2", value=10)],
            id="the target of a move is found after the removal",
        ),
        pytest.param(
            copied("/a", "/list/-"),
            {"list": [10, 20, 30, {"b": 1, "x/y": 2}]},
            [op("add", "/list/-", value={"b": 1, "x/y": 2})],
            id="a copy is an addition",
        ),
        pytest.param(
            copied("/list/-1", "/a/b"),
            {"a": {"b": 30, "x/y": 2}},
            [op("add", "/a/b", value=30)],
            id="an item is copied",
        ),
        pytest.param(
            copied("/nowhere", "/a/b"),
            {"a": {"b": None, "x/y": 2}},
            [op("add", "/a/b", value=None)],
            id="a key that is missing is copied as null",
        ),
    ],
)
def test_an_operation_changes_a_copy(
    operation: Any, changed: dict[str, Any], standard: list[Any]
) -> None:
    expected = {key: v for key, v in {**DOCUMENT, **changed}.items() if v is not ...}

    assert apply_patch(DOCUMENT, [operation]) == (expected, standard)
    assert patch_value(DOCUMENT, standard) == expected
    assert DOCUMENT == {"a": {"b": 1, "x/y": 2}, "list": [10, 20, 30], "null": None}


def test_the_whole_document_can_be_replaced_and_changed_further() -> None:
    operations = [op("replace", "", value={"n": {}}), op("add", "/n/m", value=1)]

    assert apply_patch(DOCUMENT, operations) == (
        {"n": {"m": 1}},
        [op("replace", "", value={"n": {}}), op("add", "/n/m", value=1)],
    )


def test_a_place_deep_in_lists_is_spelled_in_full() -> None:
    document = {"l": [{}, {"m": [{"k": 1}]}]}

    assert apply_patch(document, [op("replace", "/l/-1/m/-1/k", value=2)]) == (
        {"l": [{}, {"m": [{"k": 2}]}]},
        [op("replace", "/l/1/m/0/k", value=2)],
    )


def test_a_value_that_was_put_in_is_not_shared_with_what_changes_it_later() -> None:
    value = {"k": 1}
    operations = [
        op("add", "/new", value=value),
        op("replace", "/a", value=value),
        copied("/new", "/other"),
        op("add", "/new/k", value=2),
        op("add", "/a/k", value=3),
    ]

    changed, standard = apply_patch(DOCUMENT, operations)

    assert (changed["new"], changed["a"], changed["other"]) == ({"k": 2}, {"k": 3}, {"k": 1})
    assert value == {"k": 1}
    assert patch_value(DOCUMENT, standard) == changed


@pytest.mark.parametrize(
    "test",
    [
        op("test", "", value=DOCUMENT),
        op("test", "/a/b", value=1),
        op("test", "/a/b", value=1.0),
        op("test", "/a/x~1y", value=2),
        op("test", "/list/0", value=10),
        op("test", "/list/-1", value=30),
        op("test", "/list", value=[10, 20, 30]),
        op("test", "/null", value=None),
        op("test", "/nowhere"),
    ],
)
def test_a_test_that_holds_changes_nothing(test: Any) -> None:
    assert apply_patch(DOCUMENT, [test]) == (DOCUMENT, [])


@pytest.mark.parametrize(
    "test",
    [
        op("test", "", value={}),
        op("test", "/a/b", value=2),
        op("test", "/a/b", value=True),
        op("test", "/a/b"),
        op("test", "/nowhere", value=None),
        op("test", "/null"),
        op("test", "/list/0", value=20),
    ],
)
def test_a_test_that_does_not_hold_ends_the_patch(test: Any) -> None:
    with pytest.raises(PatchTestFailedError):
        apply_patch(DOCUMENT, [test, op("remove", "/nowhere")])


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (op("merge", "/a"), "Unexpected kind: merge"),
        (op("add", "a", value=1), 'add "a": path not found'),
        (op("add", "", value=1), 'add "": path not found'),
        (op("add", "/no/b", value=1), 'add "/no/b": path not found'),
        (op("add", "/a/b/c", value=1), 'add "/a/b/c": path not found'),
        (op("add", "/list/3/c", value=1), 'add "/list/3/c": path not found'),
        (op("add", "/list/4", value=1), "add /list/4: invalid index 4"),
        (op("add", "/list/-5", value=1), "add /list/-5: invalid index -5"),
        (op("add", "/list/x", value=1), "add /list/x: invalid index x"),
        (op("add", "/list/²", value=1), "add /list/²: invalid index ²"),
        (op("add", "/list/", value=1), "add /list/: invalid index "),
        (
            op("add", f"/list/{'0' * 19}", value=1),
            f"add /list/{'0' * 19}: invalid index {'0' * 19}",
        ),
        (op("remove", "/no/b"), 'remove "/no/b": path not found'),
        (op("remove", "/a/c"), "remove /a/c: c not found"),
        (op("remove", "/list/3"), "remove /list/3: 3 not found"),
        (op("remove", "/list/-"), "remove /list/-: - not found"),
        (op("replace", "/no/b", value=1), 'replace "/no/b": path not found'),
        (op("replace", "/list/3", value=1), "replace /list/3: invalid index 3"),
        (op("move", "/a"), "move /a: from is missing"),
        (op("copy", "/a"), "copy /a: from is missing"),
        (moved("/no/b", "/a"), 'move "/no/b": path not found'),
        (moved("/list/3", "/a"), "move /list/3: invalid index 3"),
        (moved("/a/b", "/no/b"), 'move "/no/b": path not found'),
        (moved("/a/b", "/list/9"), "move /list/9: invalid index 9"),
        (moved("/a/c", "/a/d"), "remove /a/c: c not found"),
        (copied("/a/b", "/no/b"), 'copy "/no/b": path not found'),
        (copied("/a/b", "/list/9"), "copy /list/9: invalid index 9"),
        (op("test", "/no/b", value=1), 'test "/no/b": path not found'),
        (op("test", "/list/3", value=1), "test /list/3: invalid index 3"),
    ],
)
def test_an_operation_that_does_not_fit_says_why(operation: Any, error: str) -> None:
    with pytest.raises(PatchError) as raised:
        apply_patch(DOCUMENT, [operation])
    assert str(raised.value) == error


def test_the_longest_index_that_is_read_has_18_digits() -> None:
    index = "0" * 17 + "1"

    assert apply_patch(DOCUMENT, [op("remove", f"/list/{index}")])[1] == [op("remove", "/list/1")]
