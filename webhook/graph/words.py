"""Words and names: the nearest known word, and what Kubernetes takes as a name."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
"""A DNS label (RFC 1123), as Kubernetes asks of container names; at most 63 characters."""

LONGEST_LABEL = 63
"""The most characters of a DNS label (RFC 1035, 2.3.4), and of a label's value in Kubernetes."""


def is_dns_label(name: str) -> bool:
    """Tell whether Kubernetes takes `name` as a DNS label."""
    return len(name) <= LONGEST_LABEL and _is_dns_label(name)


# Each name stands at a node, a container and a volume, and again in the next review.
@lru_cache(maxsize=1024)
def _is_dns_label(name: str) -> bool:
    return DNS_LABEL.match(name) is not None


def dns_label(name: str) -> str:
    """Return the DNS label that says the same as `name`; "" if there is none, or none so short."""
    spelt = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return spelt if len(spelt) <= LONGEST_LABEL else ""


def why_not_dns_label(name: str) -> str:
    """Say what keeps `name` from being a DNS label: 'has the character "_"'."""
    if not name:
        return "is empty"
    strange = sorted(set(re.findall(r"[^a-z0-9-]", name)))
    if strange:
        upper = all(c.isascii() and c.isupper() for c in strange)
        what = "upper-case letters" if upper and len(strange) > 1 else None
        shown = what or enumerate_words([f'"{c}"' for c in strange[:3]])
        return f"has {shown}" if what else f"has the character{'s' * (len(strange) > 1)} {shown}"
    if len(name) > LONGEST_LABEL:
        return f"has {len(name)} characters, more than {LONGEST_LABEL}"
    return f'{"starts" if name.startswith("-") else "ends"} with "-"'


LIKELY = 0.6
"""How alike two words are at least for one to be offered for the other: difflib's own default."""

CERTAIN = 0.8
"""How alike they are at least for a fix to replace one by the other: one slip in five letters."""


def nearest_word(word: str, known: Iterable[str], alike: float = LIKELY) -> str:
    """Return the known word that was probably meant; "" if none is near.

    Spellings that differ in case, "-", "_" or " " only are the same word. `alike` is difflib's
    measure, from 0 to 1.
    """
    candidates = list(known)
    by_fold = {_fold(candidate): candidate for candidate in reversed(candidates)}
    folded = _fold(word)
    if folded in by_fold:
        return by_fold[folded]
    import difflib  # only where something is wrong: start-up time

    near = difflib.get_close_matches(folded, by_fold, n=1, cutoff=alike)
    return by_fold[near[0]] if near else ""


def enumerate_words(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does: 'a', 'a and b', 'a, b and c'."""
    listed = list(words)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}"


SHOWN = 80
"""Characters of a text that a finding shows; enough to recognise any name."""


def printable(text: str) -> str:
    """Return a text as it may be shown: a terminal or log must not obey what an object holds.

    Escape sequences, line ends and what reverses the direction of writing are spelt out.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text
    )


def describe(value: Any) -> str:
    """Say what a value of a document is: 'the text "1"', 'the number 3', 'a mapping'."""
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f'the text "{value if len(value) <= SHOWN else value[:SHOWN] + "…"}"'
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return f"the number {value}"


def _fold(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()
