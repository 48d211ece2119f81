"""Laws of edits, on generated values written in every style people use."""

import difflib
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.yamldoc.texts import KEYS, Writer, all_paths, pointer, roots, values
from webhook.graph.finding import Operation
from webhook.graph.path import resolve_path
from webhook.yamldoc import Document, PatchMismatchError, edit_text, patch_value, read
from webhook.yamldoc.json_patch import json_equal

randoms = st.randoms(use_true_random=False, note_method_calls=False)
JsonPath = tuple[str | int, ...]


@st.composite
def operations(draw: st.DrawFn, value: Any) -> Operation:
    """One operation that fits the value, at any of its places."""
    everywhere = all_paths(value)
    containers = [p for p in everywhere if isinstance(resolve_path(value, p), (dict, list))]
    kind = draw(st.sampled_from(["add", "add", "replace", "wrap", "remove", "rename", "move"]))
    if kind == "add":
        inside = draw(st.sampled_from(containers))
        container = resolve_path(value, inside)
        step: str | int = draw(st.sampled_from(KEYS))
        if isinstance(container, list):
            step = draw(st.integers(0, len(container)))
        return {"op": "add", "path": pointer((*inside, step)), "value": draw(values)}
    path: JsonPath = draw(st.sampled_from(everywhere[1:]))
    if kind == "wrap":
        mappings = [p for p in containers if p and isinstance(resolve_path(value, p), dict)]
        path = draw(st.sampled_from(mappings or [path]))
        return {"op": "replace", "path": pointer(path), "value": [resolve_path(value, path)]}
    if kind == "replace":
        return {"op": "replace", "path": pointer(path), "value": draw(values)}
    if kind == "remove":
        return {"op": "remove", "path": pointer(path)}
    target: JsonPath = path[:-1]
    if kind == "move" or isinstance(path[-1], int):
        elsewhere = [p for p in containers if isinstance(resolve_path(value, p), dict)]
        target = draw(st.sampled_from([p for p in elsewhere if p[: len(path)] != path]))
    to = pointer((*target, draw(st.sampled_from(KEYS))))
    return {"op": "move", "from": pointer(path), "path": to}


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, Any]:
    """A text, and the value that was written."""
    value = draw(roots)
    return Writer(draw(randoms)).document(value), value


@given(texts())
@settings(deadline=None)
def test_what_was_written_is_read(written: tuple[str, Any]) -> None:
    text, value = written
    parsed_file = read(text)
    assert parsed_file.errors == ()
    assert [json_equal(document.value, value) for document in parsed_file.documents] == [True]


@given(texts(), st.data())
@settings(deadline=None, max_examples=400)
def test_the_edited_text_reads_as_the_patched_value(
    written: tuple[str, Any], data: st.DataObject
) -> None:
    document = read(written[0]).documents[0]
    operation = data.draw(operations(document.value))
    try:
        expected = patch_value(document.value, [operation])
    except PatchMismatchError:  # a value moved into itself, by way of a key that is gone
        return
    after = read(edit_text(written[0], document, [operation]))
    assert after.errors == ()
    assert [json_equal(document.value, expected) for document in after.documents] == [True]


@given(texts(), st.data())
@settings(deadline=None, max_examples=200)
def test_lines_outside_the_touched_container_stay(
    written: tuple[str, Any], data: st.DataObject
) -> None:
    text, _ = written
    document = read(text).documents[0]
    operation = data.draw(operations(document.value).filter(lambda one: one["op"] != "move"))
    after = edit_text(text, document, [operation])
    first, last = touched_lines(text, document, operation)
    before_lines, after_lines = lines(text), lines(after)
    assert after_lines[:first] == before_lines[:first]
    kept = len(before_lines) - last
    assert after_lines[len(after_lines) - kept :] == before_lines[last:]


@given(texts(), st.data())
@settings(deadline=None, max_examples=200)
def test_replacing_a_word_on_one_line_changes_that_line_only(
    written: tuple[str, Any], data: st.DataObject
) -> None:
    text, _ = written
    document = read(text).documents[0]
    words = [p for p in all_paths(document.value) if is_word(document, p)]
    if not words:
        return
    path = data.draw(st.sampled_from(words))
    after = edit_text(
        text, document, [{"op": "replace", "path": pointer(path), "value": "renamed"}]
    )
    number = document.position(path).line - 1
    changed = [
        line
        for code, start, end, *_ in difflib.SequenceMatcher(
            None, lines(text), lines(after), autojunk=False
        ).get_opcodes()
        if code != "equal"
        for line in range(start, end)
    ]
    assert changed == [number]


@given(texts(), st.data())
@settings(deadline=None, max_examples=200)
def test_an_addition_keeps_every_comment(written: tuple[str, Any], data: st.DataObject) -> None:
    text, _ = written
    document = read(text).documents[0]
    mappings = [
        p for p in all_paths(document.value) if isinstance(resolve_path(document.value, p), dict)
    ]
    location = data.draw(st.sampled_from(mappings))
    path = pointer((*location, "new"))
    after = edit_text(text, document, [{"op": "add", "path": path, "value": data.draw(values)}])
    assert comments(after) == comments(text)


def comments(text: str) -> list[str]:
    return re.findall(r"# (?:line|note) \d+", text)


def lines(text: str) -> list[str]:
    """Lines with their ends, a final one made up if it is missing."""
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)", text + ("" if text[-1] in "\r\n" else "\n"))


def is_word(document: Document, path: JsonPath) -> bool:
    value = resolve_path(document.value, path)
    return isinstance(value, str) and value != "renamed" and "\n" not in value


def touched_lines(text: str, document: Document, operation: Operation) -> tuple[int, int]:
    """First and last line of what holds the touched place.

    An empty container that is filled, or a full one that is emptied, counts as touched itself.
    """
    value = document.value
    path = next(p for p in existing_or_new_path(value) if pointer(p) == operation["path"])
    holder = path[:-1]
    while holder and len(resolve_path(value, holder)) < 2:
        holder = holder[:-1]
    if not holder:
        return 0, len(lines(text))
    spans = [document.position(p) for p in all_paths(value) if p[: len(holder)] == holder]
    following = [
        document.position(p).line - 1
        for p in all_paths(value)
        if p[: len(holder)] != holder and document.position(p).line > spans[0].line
    ]
    end = min((line for line in following if line > max(s.line - 1 for s in spans)), default=None)
    return spans[0].line - 1, len(lines(text)) if end is None else end


def existing_or_new_path(value: Any) -> list[JsonPath]:
    found = all_paths(value)
    for path in list(found):
        here = resolve_path(value, path)
        if isinstance(here, dict):
            found += [(*path, key) for key in KEYS]
        if isinstance(here, list):
            found.append((*path, len(here)))
    return found
