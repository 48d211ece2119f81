"""What the rules on unknown values share: the finding for a value that is not allowed."""

from collections.abc import Sequence

from webhook.graph.finding import Finding, FixSafety
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety


def unknown_value_finding(
    path: Path,
    noun: str,
    value: str,
    known: Sequence[str],
    nearest: str | None = None,
    *,
    fix_safety: FixSafety | None = None,
) -> Finding:
    """Return the finding: 'unknown node type "MODLE"; allowed: …', with the nearest as its fix.

    noun        what the value is: "node type"
    nearest     the nearest known value, where the caller knows better than a comparison of letters
    fix_safety  "safe" if `nearest` is the only candidate
    """
    certain_match = nearest or nearest_word(value, known, CERTAIN_SIMILARITY)
    nearest = certain_match or nearest_word(value, known) if nearest is None else nearest

    allowed = (
        f"allowed: {', '.join(known)}"
        if len(known) > 1
        else f"the only allowed value is {known[0]}"
    )
    return Finding(
        path,
        f'unknown {noun} "{value}"; {allowed}',
        f'did you mean "{nearest}"?' if nearest else "",
        ({"op": "replace", "path": path.pointer, "value": nearest},)
        if nearest and nearest == certain_match
        else (),
        fix_safety=fix_safety or spelling_fix_safety(value, certain_match),
    )
