"""Whatever the input, there is an answer: documents, errors with a place, or a named refusal."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.yamldoc.test_editing_laws import operations, texts
from webhook.yamldoc import ParsedFile, UneditableTextError, edit_text, read

ODD = st.sampled_from([*"\t\n\r\0 -:?,[]{}#&*!|>'\"%@`~<.\\/_0aé😀", "\ufeff", "\x85", "\u2028",
                       "---", "\n---\n", "...", "<<: ", ": ", "- ", "{{", "&a ", "*a", "!!int ",
                       "\ud800", "\r\n", "  "])  # fmt: skip


def check(parsed_file: ParsedFile) -> None:
    """What holds of every reading."""
    line_count = parsed_file.text.count("\n") + parsed_file.text.count("\r") + 1
    for error in parsed_file.errors:
        assert 1 <= error.line <= max(line_count, error.line if parsed_file.text == "" else 0)
        assert error.column >= 1
        assert str(error)
    for number, document in enumerate(parsed_file.documents):
        assert document.index == number
        json.dumps(document.value, allow_nan=False)
        for note in document.warnings:
            assert note.position.end > note.position.column
        position = document.position()
        assert 1 <= position.line <= line_count


@given(st.text() | st.text(ODD.filter(lambda s: len(s) == 1)))
@example("{\ud800")
@example("\ufeff\ufeff{}")
@example("a: 1\n\ufeff---\nb")
def test_any_text_is_answered(text: str) -> None:
    check(read(text))


@given(st.binary())
@example(b"\xff\xfe\x00")
@example(b"\xfe\xff")
@example(b"\xef\xbb\xbf---\n\xef\xbb\xbf{}")
def test_any_bytes_are_answered(raw: bytes) -> None:
    check(read(raw))


@given(st.lists(ODD, max_size=30).map("".join))
@settings(max_examples=500)
def test_any_mixture_of_signs_is_answered(text: str) -> None:
    check(read(text))


@given(texts(), st.lists(st.tuples(st.floats(0, 1), ODD), min_size=1, max_size=3), st.data())
@settings(deadline=None, max_examples=500)
def test_a_damaged_file_is_answered_and_edited_rightly_or_not_at_all(
    written: tuple[str, object], damage: list[tuple[float, str]], data: st.DataObject
) -> None:
    text = written[0]
    for where, sign in damage:
        at = int(where * len(text))
        text = text[:at] + sign + text[at:]
    parsed_file = read(text)
    check(parsed_file)
    mappings = [document for document in parsed_file.documents if isinstance(document.value, dict)]
    if not mappings or not mappings[0].value:
        return
    document = mappings[0]
    operation = data.draw(operations(document.value))
    if operation["op"] == "move":
        return
    try:
        after = edit_text(text, document, [operation])
    except UneditableTextError:
        return
    assert len(read(after).documents) == len(parsed_file.documents)
