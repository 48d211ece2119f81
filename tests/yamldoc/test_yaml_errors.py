"""Text that cannot be read is answered with its cause, at its place, in the author's terms."""

import sys
import threading
from collections.abc import Callable

import pytest
from yaml.error import Mark, MarkedYAMLError

from webhook.yamldoc import ParsedFile, read
from webhook.yamldoc.yaml_errors import translate_error


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a:\n\tb: 1", "2:1 a tab is used for indentation; YAML allows only spaces"),
        ("a:\n- b\n-\tc: 1", "3:2 a tab is used for indentation; YAML allows only spaces"),
        ("a: 'b\nc: d", "1:4 the quote that opens here is never closed"),
        ('a: "b\n', "1:4 the quote that opens here is never closed"),
        (
            "a: b: c",
            '1:5 a second ":" is on this line; a value that contains ": " or ends with ":" '
            "must be quoted",
        ),
        (
            "a: 1\n  b: 2",
            "2:3 this key is indented deeper than the line above, which already holds a value",
        ),
        ("a:\n    b: 1\n  c: 2\n", "3:3 this line is indented by 2, the keys that begin in line "
         "1 are indented by 0"),
        ("a:\n  - b\n - c", "3:2 this line is indented by 1, the keys that begin in line "
         "1 are indented by 0"),
        ("- a\nb: 1", '2:1 this line lacks the "- " of the list that begins in line 1'),
        ("a: 1\n- b", "2:1 this is not a key, but the mapping that begins in line 1 has only keys"),
        ("a: [1, 2", '1:4 "[" is never closed'),
        ("a: {b: 1\nc: 2\n", '2:2 "," or "}" is missing before this; "{" was opened in line 1'),
        ("a: [1 2]\nb: ]", '2:4 a value is missing before "]"'),
        ("a: {b: 1 c: 2}", '1:11 "," or "}" is missing before this; "{" was opened in line 1'),
        ('a: "b" c', "1:8 text follows the closing quote; quote the whole value or none of it"),
        ("a: 1\nb:2\nc: 3", '2:2 a space is missing after ":"'),
        ("a: 1\nhello\nc: 3", '2:1 this line is neither "key: value" nor "- item"'),
        ("k" * 1100 + ": 1", "1:1 a key must have at most 1024 characters"),
        ('a: "C:\\dir"', '1:7 "\\d" is not an escape in double quotes; write "\\\\" for a '
'backslash, '
         "or use single quotes"),
        ('a: "\\xZZ"', "1:7 invalid escape in double quotes"),
        ('a: "x\\/y"', '1:6 kubectl does not support "\\/" in YAML; write "/"'),
        ("a: @b", '1:4 a value that begins with "@" must be quoted'),
        ("a: %b", '1:4 a value that begins with "%" must be quoted'),
        ("a: *.example.com", '1:4 a value that begins with "*" must be quoted'),
        ("a: *b", '1:4 "*b" refers to an anchor that is not defined above it; a word that begins '
         'with "*" must be quoted'),
        ("a: &b [*b]", '1:8 the anchor "&b" contains itself'),
        ("a: - b", '1:4 a list must not begin with "- " here; put it on its own line'),
        ("a: ? b", '1:4 "? " is not allowed here'),
        ("a: !x!b c", "1:4 this tag uses a prefix that is not declared"),
        ("a: [b,,c]", '1:7 a value is missing before ","'),
        ("a: [b, {c: 1},\n", '1:4 "[" is never closed'),
        ("a: | b\n", '1:6 the text of a "|" or ">" begins on the next line'),
        ("a: |\n\tb\n", '2:1 a tab is used for indentation; YAML allows only spaces'),
        ("%YAML 1.1\n---\na: 1", '1:1 kubectl does not read lines that begin with "%"'),
        ("a: {{ .Values.a }}", '1:5 a mapping cannot be a key; if "{{" is a template, render it '
         "first"),
        ("a: 1\n{{- if .x }}\nb: 1\n", '2:1 "{{" is a template; render it first, for example with '
         '"helm template"'),
        ("a:\n{% if b %}\n- c\n{% endif %}\n", '2:1 "{%" is a template; render it first'),
        ("a: 1\n<% if b %>\nb: 1\n", '2:1 "<%" is a template; render it first'),
        ("a: b\x01", "1:5 the control character U+0001 is not allowed in YAML; write it as an "
"escape "
         "in double quotes"),
        ("a: b\x00", "1:5 the file is not UTF-8 text: it has NUL bytes, as UTF-16 without "
         "a mark has"),
        ("a:\n\u00a0 b: 1\n  c: 2\n", "2:1 the indentation has the character U+00A0, which is not "
         "a space; use spaces"),
        ("a:\n  b: 1\n  \u3000c: 2\n- d", "3:3 the indentation has the character U+3000, which is "
         "not a space; use spaces"),
        ("a: 1\n--\nb: 2\n", '2:1 the line between documents is "---"'),
        ("a: .inf", '1:4 ".inf" is not a number that JSON can hold'),
        ("a: !!int x", '1:4 "x" does not match its tag !!int'),
        ("? [a]\n: b", "1:3 a list or mapping cannot be a key"),
        ("null: b", "1:1 the key is missing or null; quote it if it is a string"),
        ("<<: 3", '1:5 "<<" requires a mapping or a list of mappings'),
        ('{"a": 1 "b": 2}', '1:9 "," is missing before this'),
        ('{"a": 1', '1:1 "{" is never closed'),
        ('{"a": [1, 2}', '1:12 "," or "]" is missing before this'),
        ('{"a" 1}', '1:6 a ":" is missing before this'),
        ('{"a": "x\ty", "b" 1}', "1:9 the control character U+0009 must be written as an escape "
         "in JSON"),
        ('{"a": 1,, "b": 2}', "1:9 a key in double quotes is missing before this"),
        ('{"a": [1, 2}, "b": "\\q"}', '1:12 "," or "]" is missing before this'),
        ('[{"a": "\\q"}]', '1:9 "\\q" is not a valid escape in JSON'),
        ('{"a": 1e400}', '1:7 "1e400" is not a number that JSON can hold'),
        ('{"a": "b}', "1:7 the quote that opens here is never closed on its line"),
    ],
)  # fmt: skip
def test_a_fault_is_explained_at_its_place(text: str, fault: str) -> None:
    (error,) = read(text).errors
    assert f"{error.line}:{error.column} {error}" == fault


def test_a_sentence_quotes_no_more_than_a_glance() -> None:
    (error,) = read("a: !!int " + "x" * 5000).errors
    assert str(error) == '"' + "x" * 60 + '…" does not match its tag !!int'


DEEP = "more than 240 nested lists and mappings"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", '{"a":', "[\n", "? ", "- ? "])
def test_a_hundred_thousand_brackets_are_refused_even_on_a_small_stack(opening: str) -> None:
    parsed_file = on_small_stack(lambda: read(opening * 100_000))
    assert [str(error) for error in parsed_file.errors] == [DEEP]


def test_libyaml_s_own_bound_of_depth_is_told_as_ours() -> None:
    """PyYAML 6.0.4 brings a libyaml that looks ahead, and ends at its own bound before ours."""
    text = "a: [[\n"
    mark = Mark("", 4, 0, 4, "", 0)
    error = MarkedYAMLError("while parsing", None, "exceeded maximum nesting depth", mark)
    fault = translate_error(error, text, 0)
    assert (fault.message, fault.offset) == (DEEP, 4)


def test_deep_blocks_are_refused() -> None:
    text = "".join(" " * depth + "a:\n" for depth in range(1000))
    assert [str(error) for error in read(text).errors] == [DEEP]


def test_depth_counts_through_aliases() -> None:
    nested = "[" * 190 + "]" * 190
    text = f"a: &a {nested}\nb: &b [{'[' * 60}*a{']' * 60}]\n"
    assert [(e.line, str(e)) for e in read(text).errors] == [(2, DEEP)]


def test_the_deepest_document_that_is_read_can_be_used() -> None:
    text = "[" * 240 + "]" * 240
    (document,) = read(text).documents
    assert document.warnings == ()
    assert document.position([0] * 239).column == 240


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 40)]
    assert [str(error) for error in read("\n".join(lines)).errors] == [
        "aliases repeat more than 100,000 values in this document; no manifest needs that"
    ]


def test_a_document_beyond_the_size_of_any_request_is_refused() -> None:
    (error,) = read("a: 1\n---\na: " + "x" * 10**7).errors
    assert (error.line, str(error)) == (
        3,
        "this document has 10,000,003 characters; the API server accepts at most 3 MiB, and "
        "graphgate at most 4,194,304 characters",
    )


def test_a_large_scalar_is_read() -> None:
    (document,) = read("a: " + "x" * 10**6).documents
    assert document.value == {"a": "x" * 10**6}


def test_a_number_of_a_million_digits_is_the_string_that_kubectl_makes_of_it() -> None:
    (document,) = read("a: " + "1" * 10**6).documents
    assert document.value == {"a": "1" * 10**6}


def on_small_stack(work: Callable[[], ParsedFile]) -> ParsedFile:
    """Run in a thread whose stack is a thirtieth of the usual."""
    results: list[ParsedFile] = []
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: results.append(work()))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert sys.getrecursionlimit() <= 1000
    return results[0]
