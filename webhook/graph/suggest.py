"""The nearest known word for a misspelled one."""

from collections.abc import Iterable

from webhook.graph.text import _normalize_word

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
