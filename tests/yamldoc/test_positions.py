"""Positions: what a compiler would underline."""

import pytest

from webhook.graph.path import Path, Segment
from webhook.yamldoc import Position, YamlWarning, read
from webhook.yamldoc.nodes import Scalar
from webhook.yamldoc.resolver import json_key

TEXT = """\
# a comment
apiVersion: v1
spec:
  replicas:   3 # three
  graph: &graph
    name: 'step_one'
    children:
    - name: two   # comment
      endpoint: {type: REST, "service_port": 9000}
    -   []
    - plain
  securityContext:
  script: |
    echo
  long: one
    two
  again: *graph
  word: &w é😀x
  same: *w
  odd: [*w, 5]
"""


def marked(text: str, path: tuple[Segment, ...], index: int = 0) -> str:
    """The line, and below it the marks, as a terminal would show them."""
    position = read(text).documents[index].position(path)
    line = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[position.line - 1]
    return f"{position.line}: {line[position.column - 1 : position.end - 1]}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "2: apiVersion: v1"),
        (("apiVersion",), "2: v1"),
        (("spec",), "3: spec"),
        (("spec", "replicas"), "4: 3"),
        (("spec", "graph"), "5: graph"),
        (("spec", "graph", "name"), "6: 'step_one'"),
        (("spec", "graph", "children"), "7: children"),
        (("spec", "graph", "children", 0), "8: name: two"),
        (("spec", "graph", "children", 0, "name"), "8: two"),
        (("spec", "graph", "children", 0, "endpoint"), "9: endpoint"),
        (("spec", "graph", "children", 0, "endpoint", "type"), "9: REST"),
        (("spec", "graph", "children", 0, "endpoint", "service_port"), "9: 9000"),
        (("spec", "graph", "children", 1), "10: []"),
        (("spec", "graph", "children", 2), "11: plain"),
        (("spec", "securityContext"), "12: securityContext"),
        (("spec", "script"), "13: script"),
        (("spec", "long"), "15: one"),
        (("spec", "word"), "18: &w é😀x"),
        # What an alias brings in is marked where it is written.
        (("spec", "again"), "17: again"),
        (("spec", "again", "name"), "6: 'step_one'"),
        (("spec", "same"), "19: same"),
        (("spec", "odd", 0), "20: *w"),
        # What is missing is marked by its nearest ancestor.
        (("metadata", "name"), "2: apiVersion: v1"),
        (("spec", "graph", "type"), "5: graph"),
        (("spec", "graph", "children", 9, "name"), "7: children"),
        (("spec", "graph", "children", -1), "7: children"),
        (("spec", 3), "3: spec"),
        (("apiVersion", "x"), "2: v1"),
    ],
)
def test_a_place_is_marked_where_it_is_written(path: tuple[Segment, ...], expected: str) -> None:
    assert marked(TEXT, path) == expected


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_endings_do_not_move_a_mark(newline: str) -> None:
    document = read(TEXT.replace("\n", newline)).documents[0]
    assert document.position(("spec", "odd", 1)) == read(TEXT).documents[0].position(
        ("spec", "odd", 1)
    )


def test_columns_count_characters_from_one() -> None:
    assert read("é: {😀: x}\n").documents[0].position(("é", "😀")) == Position(1, 8, 9)


def test_a_byte_order_mark_is_no_column() -> None:
    assert read("\ufeffa: b\n").documents[0].position(("a",)) == Position(1, 4, 5)


def test_an_empty_mark_is_one_column_wide() -> None:
    assert read('a: ""\nb:\n- \n').documents[0].position(("b", 0)) == Position(3, 2, 3)


def test_json_has_the_same_marks() -> None:
    text = '{\n\t"a": {"b": "c\\ud83d\\ude00"},\n\t"d": [1, {\n"e": true}]}'
    assert [marked(text, path) for path in [(), ("a",), ("a", "b"), ("d", 1), ("d", 1, "e")]] == [
        "1: {",
        '2: "a"',
        '2: "c\\ud83d\\ude00"',
        "3: {",
        "4: true",
    ]


def test_a_merged_key_is_marked_at_the_anchor() -> None:
    text = "base: &base\n  a: 1\n  b: 2\nuse:\n  <<: *base\n  b: 3\n"
    assert [marked(text, ("use", key)) for key in ("a", "b")] == ["2: 1", "6: 3"]


def test_the_last_of_two_equal_keys_is_marked() -> None:
    assert marked("a: 1\nb: 2\na: 3\n", ("a",)) == "3: 3"


def test_an_item_of_a_list_object_has_paths_from_itself() -> None:
    text = "kind: List\nitems:\n- kind: A\n- kind: B\n  spec:\n    x: 1\n"
    document = read(text).documents[1]
    assert document.prefix == Path(("items", 1))
    assert document.value == {"kind": "B", "spec": {"x": 1}}
    assert [marked(text, path, 1) for path in [(), ("spec", "x"), ("metadata",)]] == [
        "4: kind: B",
        "6: 1",
        "4: kind: B",
    ]


def test_notes_name_what_kubectl_passes_over() -> None:
    text = "a: 1\nb: {x: !foo 1}\na: 2\nc: &c {d: 1, e: 2}\nf:\n  d: 5\n  <<: *c\n"
    assert read(text).documents[0].warnings == (
        YamlWarning(
            "unknown-tag",
            Path(("b", "x")),
            'the tag "!foo" is not known; kubectl reads a string',
            Position(2, 8, 14),
        ),
        YamlWarning(
            "duplicate-key",
            Path(("a",)),
            'the key "a" is written twice in one mapping; kubectl keeps the last',
            Position(3, 1, 2),
            Position(1, 1, 2),
        ),
        YamlWarning(
            "overwritten-by-merge",
            Path(("f", "<<")),
            '"<<" overwrites the key "d" above it; put "<<" first',
            Position(7, 3, 5),
            Position(6, 3, 4),
        ),
    )


def test_a_key_that_is_written_three_times_is_one_warning() -> None:
    (warning,) = read("a: 1\na: 2\nb: 1\na: 3\n").documents[0].warnings
    assert warning == YamlWarning(
        "duplicate-key",
        Path(("a",)),
        'the key "a" is written 3 times in one mapping; kubectl keeps the last',
        Position(4, 1, 2),
        Position(2, 1, 2),
    )


def test_an_ordinary_document_has_no_notes() -> None:
    assert read(TEXT).documents[0].warnings == ()


def test_typographic_quotes_around_a_value_are_noted_and_those_within_are_not() -> None:
    text = "a: “x”\nb: 'it ‘is’'\nc: say “x”\nd: \"“x”\"\ne: [«x»]\n"
    assert read(text).documents[0].warnings == tuple(
        YamlWarning(
            "typographic-quotes",
            path,
            f"{quotes[0]} and {quotes[1]} are part of the value; YAML's quotes are \" and '",
            position,
        )
        for path, quotes, position in [
            (Path(("a",)), "“”", Position(1, 4, 7)),
            (Path(("e", 0)), "«»", Position(5, 5, 8)),
        ]
    )


def test_looking_for_places_reads_each_key_once(monkeypatch) -> None:
    """Thousands of findings are in a mapping of thousands of keys."""
    read_keys: list[object] = []

    def record(scalar: Scalar) -> str:
        read_keys.append(scalar)
        return json_key(scalar)

    monkeypatch.setattr("webhook.yamldoc.merge_keys.json_key", record)
    merged = "".join(f"b{n}: &b{n} {{<<: [*b{n - 1}, *b{n - 1}]}}\n" for n in range(1, 9))
    text = f"b0: &b0 {{a: 1}}\n{merged}" + "".join(f"k{n}: 1\n" for n in range(200))
    (document,) = read(text).documents
    for n in range(200):
        assert document.position((f"k{n}",)).line == 10 + n
        assert document.position(("b8", "none")).line == 9
    assert document.position(("b8", "a")).line == 1
    assert len(read_keys) == len(set(map(id, read_keys)))
