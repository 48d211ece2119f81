"""Documents that graphgate writes are read alike by PyYAML and by our own reader."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.seeds import ROOT
from webhook import yamldoc
from webhook.yamldoc.emitter import emit_document, emit_documents

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.lists(
        st.sampled_from(["a", " b", "c ", "", "#d", "- e", "---", "\t", "é: x"]), max_size=4
    ).map("\n".join),
    st.sampled_from(["off", "yes", "1e3", "0o7", "2001-01-01", "~", "null", "=", "<<"]),
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@given(VALUES)
def test_two_readers_find_what_was_written(value):
    text = emit_document(value)
    assert yaml.safe_load(text) == value
    (document,) = yamldoc.read(emit_document({"value": value})).documents
    assert document.value == {"value": value}


@given(st.lists(st.dictionaries(TEXTS, VALUES, min_size=1), min_size=1, max_size=3))
def test_a_stream_has_each_document(values):
    assert list(yaml.safe_load_all(emit_documents(values))) == values


def test_no_documents_are_no_text():
    assert emit_documents([]) == ""


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a &&\nb\n", "expression: |\n  a &&\n  b\n"),
        ("a &&\n  b", "expression: |-\n  a &&\n    b\n"),
        ("a\n\nb", "expression: |-\n  a\n\n  b\n"),
        (" a\nb", 'expression: " a\\nb"\n'),
        ("a \nb", 'expression: "a \\nb"\n'),
        ("a\nb\n\n", 'expression: "a\\nb\\n\\n"\n'),
        ("a\n\u202eb", 'expression: "a\\n\\u202eb"\n'),
    ],
)
def test_a_text_of_several_lines_is_written_as_such_where_all_of_it_is_seen(text, written):
    assert emit_document({"expression": text}) == written


def test_nobody_writes_yaml_in_another_way():
    other = re.compile(r"yaml\.(safe_)?dump|\b(Safe)?Dumper\b")
    files = sorted((ROOT / "webhook").rglob("*.py"))
    assert len(files) > 500
    assert [str(file) for file in files if other.search(file.read_text())] == []
