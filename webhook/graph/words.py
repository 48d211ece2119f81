"""Words and names: the nearest known word, and what Kubernetes takes as a name."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
"""A DNS label (RFC 1123), as Kubernetes asks of container names; at most 63 characters."""

MAX_LABEL_LENGTH = 63
"""The most characters of a DNS label (RFC 1035, 2.3.4), and of a label's value in Kubernetes."""


def is_dns_label(name: str) -> bool:
    """Tell whether Kubernetes takes `name` as a DNS label."""
    return len(name) <= MAX_LABEL_LENGTH and _is_dns_label(name)


# Each name stands at a node, a container and a volume, and again in the next review.
@lru_cache(maxsize=1024)
def _is_dns_label(name: str) -> bool:
    return DNS_LABEL.match(name) is not None


def to_dns_label(name: str) -> str:
    """Return the DNS label that says the same as `name`; "" if there is none, or none so short."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return label if len(label) <= MAX_LABEL_LENGTH else ""


def explain_invalid_dns_label(name: str) -> str:
    """Say what keeps `name` from being a DNS label: 'has the character "_"'."""
    if not name:
        return "is empty"
    invalid_chars = sorted(set(re.findall(r"[^a-z0-9-]", name)))
    if invalid_chars:
        upper = all(c.isascii() and c.isupper() for c in invalid_chars)
        description = "upper-case letters" if upper and len(invalid_chars) > 1 else None
        quoted = description or join_words([f'"{c}"' for c in invalid_chars[:3]])
        return (
            f"has {quoted}"
            if description
            else f"has the character{'s' * (len(invalid_chars) > 1)} {quoted}"
        )
    if len(name) > MAX_LABEL_LENGTH:
        return f"has {len(name)} characters, more than {MAX_LABEL_LENGTH}"
    return f'{"starts" if name.startswith("-") else "ends"} with "-"'


LIKELY_SIMILARITY = 0.6
"""How alike two words are at least for one to be offered for the other: difflib's own default."""

CERTAIN_SIMILARITY = 0.8
"""How alike they are at least for a fix to replace one by the other: one slip in five letters."""


def nearest_word(word: str, known: Iterable[str], min_similarity: float = LIKELY_SIMILARITY) -> str:
    """Return the known word that was probably meant; "" if none is near.

    Spellings that differ in case, "-", "_" or " " only are the same word. `alike` is difflib's
    measure, from 0 to 1.
    """
    candidates = list(known)
    by_normalized = {_normalize_word(candidate): candidate for candidate in reversed(candidates)}
    normalized = _normalize_word(word)
    if normalized in by_normalized:
        return by_normalized[normalized]
    import difflib  # only where something is wrong: start-up time

    matches = difflib.get_close_matches(normalized, by_normalized, n=1, cutoff=min_similarity)
    return by_normalized[matches[0]] if matches else ""


def join_words(words: Iterable[str], conjunction: str = "and") -> str:
    """Join words as a sentence does: 'a', 'a and b', 'a, b and c'."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


MAX_SHOWN_LENGTH = 80
"""Characters of a text that a finding shows; enough to recognise any name."""


def escape_control_chars(text: str) -> str:
    """Return a text as it may be shown: a terminal or log must not obey what an object holds.

    Escape sequences, line ends and what reverses the direction of writing are spelt out.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text
    )


def describe_value(value: Any) -> str:
    """Say what a value of a document is: 'the text "1"', 'the number 3', 'a mapping'."""
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f'the text "{value if len(value) <= MAX_SHOWN_LENGTH else value[:MAX_SHOWN_LENGTH] + "…"}"'
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return f"the number {value}"


def _normalize_word(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()
