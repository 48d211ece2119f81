"""Why a name is not valid, in words."""

import pytest

from webhook.graph.k8s_syntax import explain_blanks, explain_invalid


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a b", "spaces are not allowed"),
        ("a\nb", "line breaks are not allowed"),
        ("a\r\nb", "line breaks are not allowed"),
        ("a\tb c", "tabs and spaces are not allowed"),
        ("A_b c", 'spaces, upper-case letters and "_" are not allowed'),
        ("a\u00a0b", "U+00A0 is not allowed"),
        ("a\u200bb", "U+200B is not allowed"),
        ("a\x00b", "control characters are not allowed"),
        ("_", '"_" is not allowed'),
        ("_;:,.", '",", "." and ":" are not allowed'),
    ],
)
def test_characters_are_called_by_their_names(name: str, reason: str) -> None:
    assert explain_invalid(name, "-a-z0-9", 63) == reason


def test_only_blanks_are_named_where_they_are_the_matter() -> None:
    assert explain_blanks("A_b c\n") == "line breaks and spaces are not allowed"
