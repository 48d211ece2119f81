"""What the rules on unknown words share: the finding for a word that is none of those known."""

from collections.abc import Sequence

from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.graph.words import CERTAIN, enumerate_words, nearest_word


def unknown_word(
    path: Path, what: str, word: str, known: Sequence[str], near: str | None = None
) -> Finding:
    """Return the finding: '"MODLE" is no node type; known are …', with the nearest as its fix.

    `near` is the nearest word where the caller knows better than letters tell.
    """
    certain = near or nearest_word(word, known, CERTAIN)
    near = certain or nearest_word(word, known) if near is None else near
    return Finding(
        path,
        f'"{word}" is no {what}; known are {enumerate_words(known)}',
        f"write {near}" if near else "",
        ({"op": "replace", "path": path.pointer, "value": near},)
        if near and near == certain
        else (),
    )
