"""References to variables in texts, and that no text takes longer than it is long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.graph.expansion import (
    end_of_references,
    escape_lone_dollars,
    find_references,
    replace_references,
)

texts = st.text(st.sampled_from("$()aB "), max_size=30)
NAIVE = re.compile(r"\$\$|\$\(([^)]*)\)")
"""What is found without a bound; it looks for the end of each "$(" in all that follows."""


@given(texts)
def test_names_are_those_between_the_brackets(text: str) -> None:
    found = [each[1] for each in find_references(text) if each[1] is not None]
    assert found == [each[1] for each in NAIVE.finditer(text) if each[1] is not None]


@given(texts)
def test_each_is_replaced_where_it_stands(text: str) -> None:
    replaced = replace_references(text, lambda found: f"<{found[1]}>" if found[1] else found[0])
    expected = NAIVE.sub(lambda found: f"<{found[1]}>" if found[1] else found[0], text)
    assert replaced == expected


@given(texts, texts)
def test_a_text_that_is_escaped_makes_no_reference_with_what_follows(text: str, more: str) -> None:
    escaped = escape_lone_dollars(text)
    names = [each[1] for each in find_references(text) if each[1] is not None]
    both = [each[1] for each in find_references(escaped + more) if each[1] is not None]
    assert both == names + [each[1] for each in find_references(more) if each[1] is not None]


@pytest.mark.parametrize("text", ["$(" * 1_000_000, "$(a)" + "$(" * 1_000_000, "$" * 1_000_001])
def test_openings_without_an_end_are_not_searched(text: str) -> None:
    """Each would be looked for to the end of the text: hours for this one."""
    assert end_of_references(text) == len("$(a)") * text.startswith("$(a)")
    assert [each[1] for each in find_references(text)] == ["a"] * text.startswith("$(a)")
    assert replace_references(text, lambda _: "") == text.removeprefix("$(a)")
    assert escape_lone_dollars(text).count("$") >= len(text) // 2
