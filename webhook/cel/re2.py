"""Regular expressions, by RE2: linear in the text, whatever the pattern.

Python's own `re` backtracks: `^(a+)+$` against 30 letters takes a minute, and the text comes from
the author of an object. Compiled patterns are kept, because policies put the same few to the same
images and names.
"""

import re
from functools import lru_cache
from typing import Any

import re2

from webhook.cel.values import EvaluationError

_MAX_CACHED_PATTERNS = 256
"""Patterns kept; a pattern may also come from an object."""


def matches(text: str, pattern: str) -> bool:
    """Return whether the pattern is found anywhere in the text."""
    return _compile(pattern).search(text) is not None


def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    """Return every stretch of text that the pattern matches, from left to right.

    As in Go, an empty match right behind another one does not count.
    """
    compiled = _compile(pattern)
    found: list[str] = []
    end = -1
    for match in compiled.finditer(text):
        if len(found) == limit:
            break
        start, stop = match.span()
        if not (start == stop == end):
            found.append(match[0])
        end = stop
    return found


def check_pattern(pattern: str) -> None:
    """Raise EvaluationError if the pattern is not a regular expression of RE2."""
    _compile(pattern)


_ANY_BYTE = re.compile(r"(?:^|[^\\])(?:\\\\)*\\C")
"""What Go's regular expressions do not have: `\\C`, one byte."""


@lru_cache(_MAX_CACHED_PATTERNS)
def _compile(pattern: str) -> Any:
    if _ANY_BYTE.search(pattern):
        raise EvaluationError("error parsing regexp: invalid escape sequence: \\C")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise EvaluationError(f"error parsing regexp: {text}") from None
