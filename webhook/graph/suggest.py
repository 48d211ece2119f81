"""The nearest known word for a misspelled one, and how certain the match is."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from webhook.graph.finding import FixSafety
from webhook.graph.text import normalize_word

LIKELY_SIMILARITY = 0.6
"""Minimum similarity for suggesting one word for the other: difflib's own default."""

CERTAIN_SIMILARITY = 0.8
"""Minimum similarity for a fix to replace one by the other: one typo in five letters."""

_MAX_COMPARED_LENGTH = 80
_MAX_COMPARED_WORDS = 500
"""What is compared letter by letter: no field or enum value of the API is longer, and no real
object has more containers. Beyond that, only differences in case and separators are found."""

MAX_COMPARISONS = 1000
"""Pairs of words that are compared for one object: for twenty misspelled words of a vocabulary
of fifty, each of which takes about a millisecond."""

_comparisons_left: ContextVar[list[int] | None] = ContextVar("comparisons_left", default=None)

_MAX_LISTED_WORDS = 20
"""Known words that a hint lists: nobody reads the two hundred ids of rules."""

_MIN_SLIP_LENGTH = 4
"""Minimum length at which a typo is recognised. In a word of three letters, one typo makes
another word."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_OPPOSITES = (
    ("input", "output"), ("in", "out"), ("min", "max"), ("minimum", "maximum"),
    ("pre", "post"), ("start", "stop"), ("read", "write"), ("up", "down"), ("on", "off"),
    ("before", "after"), ("request", "response"), ("requests", "limits"),
    ("input", "response"), ("output", "request"), ("allow", "deny"),
    ("user", "group"), ("required", "preferred"), ("first", "last"), ("true", "false"),
    ("enabled", "disabled"), ("enable", "disable"), ("success", "failure"), ("all", "none"),
    ("always", "never"),
)  # fmt: skip
"""Parts of names that look alike but mean different things."""
_NEGATIONS = frozenset({"not", "no", "non", "never", "without"})


def nearest_word(word: str, known: Iterable[str], min_similarity: float = LIKELY_SIMILARITY) -> str:
    """Return the nearest known word; "" if none is near.

    Spellings that differ in case, "-", "_" or " " only are the same word. A word is never offered
    for itself, nor for its opposite: minReplicas for maxReplica, OUTPUT_… for INPUT_….
    `min_similarity` is difflib's measure, from 0 to 1.
    """
    candidates = tuple(candidate for candidate in known if candidate != word)
    by_normalized = _by_normalized(candidates)
    normalized = normalize_word(word)
    if normalized in by_normalized:
        return by_normalized[normalized]
    if len(word) > _MAX_COMPARED_LENGTH or not _may_compare(len(by_normalized)):
        return ""
    import difflib  # only where something is wrong: start-up time

    compared = [name for name in by_normalized if len(name) <= _MAX_COMPARED_LENGTH]
    matches = difflib.get_close_matches(
        normalized, compared[-_MAX_COMPARED_WORDS:], n=3, cutoff=min_similarity
    )
    nearest = (by_normalized[match] for match in matches)
    return next((found for found in nearest if not is_opposite(word, found)), "")


def hint_at_known(nearest: str, known: Sequence[str]) -> str:
    """Return a hint for an unknown word: the nearest one, or, if that is "", the known ones."""
    if nearest:
        return f'did you mean "{nearest}"?'
    more = len(known) - _MAX_LISTED_WORDS
    listed = ", ".join(known[:_MAX_LISTED_WORDS])
    return f"allowed: {listed} and {more} more" if more > 0 else f"allowed: {listed}"


@lru_cache(maxsize=64)
def _by_normalized(candidates: tuple[str, ...]) -> dict[str, str]:
    return {normalize_word(candidate): candidate for candidate in reversed(candidates)}


@contextmanager
def limited_comparisons(limit: int = MAX_COMPARISONS) -> Iterator[None]:
    """Limit the pairs of words that `nearest_word` compares in this block.

    Comparing letter by letter is the most expensive part of a finding, and an object may contain
    thousands of misspelled words. Beyond the limit, only differences in case and separators are
    found.
    """
    token = _comparisons_left.set([limit])
    try:
        yield
    finally:
        _comparisons_left.reset(token)


def _may_compare(pairs: int) -> bool:
    left = _comparisons_left.get()
    if left is None:
        return True
    left[0] -= pairs
    return left[0] >= 0


def is_opposite(word: str, other: str) -> bool:
    """Return whether one of two names negates the other, or has "min" where it has "max"."""
    parts, other_parts = _name_parts(word), _name_parts(other)
    if bool(parts & _NEGATIONS) != bool(other_parts & _NEGATIONS):
        return True
    only, only_other = parts - other_parts, other_parts - parts
    return any(
        (left in only and right in only_other) or (right in only and left in only_other)
        for left, right in _OPPOSITES
    )


def _name_parts(word: str) -> frozenset[str]:
    return frozenset(part.lower() for part in _PARTS.findall(word))


def spelling_fix_safety(word: str, nearest: str) -> FixSafety:
    """Return "safe" if the words differ only in case and separators, or by one typo.

    A typo is one letter added, missing or changed, or two letters swapped.
    """
    written, meant = normalize_word(word), normalize_word(nearest)
    if written == meant:
        return "safe"
    if len(written) > len(meant) + 1:
        return "unsafe"  # may be megabytes long
    if is_opposite(word, nearest) or len(meant) < _MIN_SLIP_LENGTH:
        return "unsafe"
    return "safe" if _is_one_slip(written, meant) else "unsafe"


def _is_one_slip(left: str, right: str) -> bool:
    """Return whether one edit makes one word of the other: in linear time."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    rest, other = left[start:], right[start:]
    swapped = rest[1::-1] + rest[2:] if len(rest) > 1 else rest
    return rest[1:] == other[1:] or rest[1:] == other or rest == other[1:] or swapped == other
