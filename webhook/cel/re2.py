"""Regular expressions, by RE2: linear in the text, whatever the pattern.

Python's own `re` backtracks: `^(a+)+$` against 30 letters takes a minute, and the text comes from
the author of an object. RE2 is inside the checker's library, so its own `matches` and regex
functions are called. One call costs some 9 µs, most of it the compilation of the pattern; answers
are kept, because policies put the same few patterns to the same images and names.
"""

from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from webhook.cel.values import EvaluationError

_MAX_CACHED_RESULTS = 4096
"""Answers kept; at most 2 MB with texts of at most 256 characters."""

_MAX_CACHED_LENGTH = 256


@lru_cache(1)
def _re2_programs() -> tuple[Any, Any, Any]:
    environment = cel.NewEnv(
        config=cel.NewEnvConfigFromYaml("extensions: [{name: regex}, {name: optional}]"),
        variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING},
    )
    return (
        environment.compile("text.matches(pattern)"),
        environment.compile("regex.extractAll(text, pattern)"),
        environment.compile("regex.extract(text, pattern).hasValue()"),
    )


def matches(text: str, pattern: str) -> bool:
    """Tell whether the pattern is found anywhere in the text."""
    if len(text) <= _MAX_CACHED_LENGTH:
        return _cached_match(text, pattern)
    return bool(_run_program(0, text, pattern))


@lru_cache(_MAX_CACHED_RESULTS)
def _cached_match(text: str, pattern: str) -> bool:
    return bool(_run_program(0, text, pattern))


def find_all(text: str, pattern: str) -> list[str]:
    """Return every stretch of text that the pattern matches, from left to right."""
    found = _run_program(1, text, with_noncapturing_groups(pattern))
    return list(found)


def check_pattern(pattern: str) -> None:
    """Raise EvaluationError if the pattern is no regular expression of RE2."""
    _run_program(0, "", pattern)


def _run_program(number: int, text: str, pattern: str) -> Any:
    result = _re2_programs()[number].eval(data={"text": text, "pattern": pattern})
    if result.type() == cel.Type.ERROR:
        reason = str(result.value()).partition(": ")[2].removesuffix("[INVALID_ARGUMENT]").strip()
        raise EvaluationError(reason or "a regular expression that RE2 does not read")
    return result.plain_value()


def with_noncapturing_groups(pattern: str) -> str:
    """Return the pattern with groups that capture nothing, so that the whole match is returned."""
    parts: list[str] = []
    offset, in_class, end = 0, False, len(pattern)
    while offset < end:
        character = pattern[offset]
        if character == "\\":
            if pattern.startswith("\\Q", offset):
                stop = pattern.find("\\E", offset)
                stop = end if stop < 0 else stop + 2
                parts.append(pattern[offset:stop])
                offset = stop
                continue
            parts.append(pattern[offset : offset + 2])
            offset += 2
            continue
        if in_class:
            # "[]a]" and "[^]a]": a bracket that comes first is a letter.
            in_class = character != "]" or parts[-1] in ("[", "[^")
        elif character == "[":
            in_class = True
            if pattern.startswith("[^", offset):
                parts.append("[^")
                offset += 2
                continue
        elif character == "(":
            offset = _append_noncapturing_group(pattern, offset, parts)
            continue
        parts.append(character)
        offset += 1
    return "".join(parts)


def _append_noncapturing_group(pattern: str, offset: int, parts: list[str]) -> int:
    """Write a group that captures nothing; return the offset behind its opening."""
    if pattern.startswith(("(?P<", "(?<"), offset):
        parts.append("(?:")
        return pattern.index(">", offset) + 1 if ">" in pattern[offset:] else len(pattern)
    if pattern.startswith("(?", offset):
        parts.append("(?")
        return offset + 2
    parts.append("(?:")
    return offset + 1
