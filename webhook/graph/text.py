"""Values and words as messages show them."""

from collections.abc import Iterable
from typing import Any


def join_words(words: Iterable[str], conjunction: str = "and") -> str:
    """Join words as a sentence does: 'a', 'a and b', 'a, b and c'."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


def pluralize(count: int, one: str, many: str | None = None) -> str:
    """Return singular or plural for a count: 'node', 'nodes', or `many` if given."""
    return one if count == 1 else many or f"{one}s"


def count_noun(count: int, one: str, many: str | None = None) -> str:
    """Return '1 node' or '2 nodes'."""
    return f"{count} {pluralize(count, one, many)}"


MAX_SHOWN_LENGTH = 80
"""Characters of a text that a finding shows; enough to recognise any name."""


def escape_control_chars(text: str) -> str:
    """Return a text as it may be shown: a terminal or log must not obey what an object holds.

    Escape sequences, line ends and what reverses the direction of writing are spelt out.
    """
    if text.isprintable():
        return text
    # Each distinct character is checked once: a name may have 200,000 characters.
    return text.translate(
        {
            ord(c): c.encode("unicode_escape", "replace").decode()
            for c in set(text)
            if not c.isprintable()
        }
    )


MAX_QUOTED_LENGTH = 60
"""Characters of a value that a sentence shows: enough to recognise it, in a narrow terminal too."""


def quote_value(text: str) -> str:
    """Return a text in quotation marks, on one line, cut where it is long: '"gs://models/iris"'."""
    more = "…" if len(text) > MAX_QUOTED_LENGTH else ""
    return f'"{escape_control_chars(text[:MAX_QUOTED_LENGTH])}{more}"'


def shorten(text: str, max_length: int) -> str:
    """Return a text that is fit for one line: escaped, and cut where it is long.

    What is cut says so.

    Example:
        'aaaa… (1000000 characters)'
    """
    if len(text) <= max_length:
        return escape_control_chars(text)
    return f"{escape_control_chars(text[:max_length])}… ({len(text)} characters)"


def describe_value(value: Any) -> str:
    """Say what a value of a document is: 'the text "1"', 'the number 3', 'a mapping'."""
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            shown = value if len(value) <= MAX_SHOWN_LENGTH else value[:MAX_SHOWN_LENGTH] + "…"
            return f'the text "{shown}"'
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return f"the number {value}"


def normalize_word(word: str) -> str:
    """Return the word as it is compared: without "-", "_", " " and case."""
    # Not by a regular expression, which takes 20 times as long for a word of a megabyte.
    return word.replace("-", "").replace("_", "").replace(" ", "").lower()
