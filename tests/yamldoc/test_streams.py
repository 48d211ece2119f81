"""How a file is cut into documents, and what does not stop it."""

from typing import Any

import pytest

from webhook.yamldoc import read


def values(text: str | bytes) -> list[Any]:
    return [document.value for document in read(text).documents]


def faults(text: str | bytes) -> list[tuple[int, int, str]]:
    return [(error.line, error.column, str(error)) for error in read(text).errors]


def test_a_broken_document_hides_neither_those_before_nor_those_after() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: 'x\n"
    assert values(text) == [{"a": 1}, {"c": 3}]
    assert faults(text) == [
        (3, 4, '"[" is never closed'),
        (7, 4, "the quote that opens here is never closed"),
    ]


def test_a_fault_counts_lines_from_the_start_of_the_file() -> None:
    assert faults("a: 1\n---\nb: {c: 1\n  d: 2}\n") == [
        (4, 4, '"," or "}" is missing before this; "{" was opened in line 3')
    ]


def test_documents_are_numbered_without_the_empty_ones() -> None:
    text = "---\n# nothing\n---\na: 1\n---\nnull\n---\nb: 2\n"
    assert [(d.index, d.value) for d in read(text).documents] == [(0, {"a": 1}), (1, {"b": 2})]


@pytest.mark.parametrize("text", ["", "\n", "# c\n", "---\n---\n", "\ufeff", b"", "null"])
def test_a_file_may_hold_nothing(text: str | bytes) -> None:
    assert (values(text), faults(text)) == ([], [])


@pytest.mark.parametrize("separator", ["--- {a: 1}", "---a", "----", "--- |"])
def test_text_behind_a_separator_is_refused_as_kubectl_does(separator: str) -> None:
    text = f"x: 1\n{separator}\nz: 2\n"
    assert values(text) == [{"x": 1}, {"z": 2}]
    assert faults(text) == [(2, 4, 'kubectl allows only a comment after "---" on the same line')]


def test_what_follows_the_end_mark_is_a_fault_and_not_a_document() -> None:
    text = "a: 1\n...\nb: 2\n"
    assert values(text) == [{"a": 1}]
    assert faults(text) == [(3, 1, 'the document ended above; put "---" before the next one')]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_bytes_may_be_utf_8_or_carry_a_byte_order_mark(encoding: str) -> None:
    raw = "a: é\r\n---\r\nb: 😀\r\n".encode(encoding)
    parsed_file = read(raw)
    assert values(raw) == [{"a": "é"}, {"b": "😀"}]
    assert parsed_file.text.encode(parsed_file.encoding) == raw


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"a: 1\nb: \xe9\n", (2, 4, "the byte 0xE9 is not valid UTF-8; save the file as UTF-8")),
        (b"\xff\xfea\0\0\xd8", (1, 2, "the byte 0x00 is not valid UTF-16; save the file as UTF-8")),
    ],
)
def test_other_bytes_are_refused_with_their_place(raw: bytes, fault: tuple[int, int, str]) -> None:
    assert (values(raw), faults(raw)) == ([], [fault])


def test_a_lone_surrogate_is_refused() -> None:
    assert [fault[:2] for fault in faults("a: b\nc: \ud800\n")] == [(2, 4)]


def test_a_list_gives_its_items() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- {kind: A}\n- null\n- [1]\n---\nkind: B\n"
    assert [(d.index, str(d.prefix), d.value) for d in read(text).documents] == [
        (0, "items[0]", {"kind": "A"}),
        (1, "items[1]", None),
        (2, "items[2]", [1]),
        (3, "(document)", {"kind": "B"}),
    ]


def test_a_typed_list_tells_its_items_what_they_are() -> None:
    text = '{"apiVersion": "x/v1", "kind": "FooList", "items": [{"a": 1}, {"kind": "Bar"}]}'
    assert values(text) == [{"apiVersion": "x/v1", "kind": "Foo", "a": 1}, {"kind": "Bar"}]


@pytest.mark.parametrize("kind", ["''", "null", "5"])
def test_an_item_whose_kind_is_no_text_has_that_of_its_list(kind: str) -> None:
    text = f"apiVersion: x/v1\nkind: FooList\nitems:\n- {{kind: {kind}, apiVersion: 7, a: 1}}\n"
    assert values(text) == [{"apiVersion": "x/v1", "kind": "Foo", "a": 1}]


def test_an_object_with_items_hides_none_of_them() -> None:
    """Kubectl applies the items, and other programs the object around them."""
    text = "apiVersion: v1\nkind: ConfigMap\nitems:\n- {kind: A, b: 1}\n"
    around, item = read(text).documents
    assert around.value == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "items": [{"kind": "A", "b": 1}],
    }
    assert (str(item.prefix), item.value, item.position(("b",)).line) == (
        "items[0]",
        {"kind": "A", "b": 1},
        4,
    )


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "List"},
        {"kind": "List", "items": {"a": 1}},
        {"kind": "List", "items": None},
        {"kind": "Thing", "items": {"a": 1}},
        {"kind": 3, "items": [1]},
        {"items": [{"kind": "A"}]},
        [{"kind": "List"}],
        "List",
        3,
    ],
)
def test_anything_else_is_a_document_of_its_own(value: Any) -> None:
    assert values(str(value).replace("'", '"').replace("None", "null")) == [value]


def test_values_that_an_alias_repeats_are_not_one_object() -> None:
    (value,) = values("a: &a {b: 1}\nc: *a\n")
    value["a"]["b"] = 2
    assert value == {"a": {"b": 2}, "c": {"b": 1}}


def test_text_that_begins_with_a_brace_and_is_no_json_is_yaml() -> None:
    assert values("{a: yes, 'b': [1, 2,], } # c\n") == [{"a": True, "b": [1, 2]}]
