"""What the rules on unknown words share: the finding for a word that is none of those known."""

from collections.abc import Sequence

from webhook.graph.finding import Finding, FixSafety
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.graph.text import join_words


def unknown_value_finding(
    path: Path,
    noun: str,
    value: str,
    known: Sequence[str],
    nearest: str | None = None,
    *,
    fix_safety: FixSafety | None = None,
) -> Finding:
    """Return the finding: '"MODLE" is no node type; known are …', with the nearest as its fix.

    `nearest` is the nearest word where the caller knows better than letters tell, and `fix_safety`
    whether it is the only one that can be meant.
    """
    certain_match = nearest or nearest_word(value, known, CERTAIN_SIMILARITY)
    nearest = certain_match or nearest_word(value, known) if nearest is None else nearest

    return Finding(
        path,
        f'"{value}" is no {noun}; known are {join_words(known)}',
        f"write {nearest}" if nearest else "",
        ({"op": "replace", "path": path.pointer, "value": nearest},)
        if nearest and nearest == certain_match
        else (),
        fix_safety=fix_safety or spelling_fix_safety(value, certain_match),
    )
