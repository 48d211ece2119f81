"""Regular expressions, by RE2: linear in the text, whatever the pattern.

Python's own `re` backtracks: `^(a+)+$` against 30 letters takes a minute, and the text comes from
the author of an object. RE2 is inside the checker's library, so its own `matches` and regex
functions are called. One call costs some 9 µs, most of it the compilation of the pattern; answers
are kept, because policies put the same few patterns to the same images and names.
"""

from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from webhook.policy.cel.values import EvaluationError

_KEPT = 4096
"""Answers kept; at most 2 MB with texts of at most 256 characters."""

_LONGEST_KEPT = 256


@lru_cache(1)
def _engine() -> tuple[Any, Any, Any]:
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
    if len(text) <= _LONGEST_KEPT:
        return _kept_match(text, pattern)
    return bool(_run(0, text, pattern))


@lru_cache(_KEPT)
def _kept_match(text: str, pattern: str) -> bool:
    return bool(_run(0, text, pattern))


def find_all(text: str, pattern: str) -> list[str]:
    """Return every stretch of text that the pattern matches, from left to right."""
    found = _run(1, text, without_groups(pattern))
    return list(found)


def check_pattern(pattern: str) -> None:
    """Raise EvaluationError if the pattern is no regular expression of RE2."""
    _run(0, "", pattern)


def _run(number: int, text: str, pattern: str) -> Any:
    answer = _engine()[number].eval(data={"text": text, "pattern": pattern})
    if answer.type() == cel.Type.ERROR:
        reason = str(answer.value()).partition(": ")[2].removesuffix("[INVALID_ARGUMENT]").strip()
        raise EvaluationError(reason or "a regular expression that RE2 does not read")
    return answer.plain_value()


def without_groups(pattern: str) -> str:
    """Return the pattern with groups that capture nothing, so that the whole match is returned."""
    made: list[str] = []
    at, in_class, end = 0, False, len(pattern)
    while at < end:
        character = pattern[at]
        if character == "\\":
            if pattern.startswith("\\Q", at):
                stop = pattern.find("\\E", at)
                stop = end if stop < 0 else stop + 2
                made.append(pattern[at:stop])
                at = stop
                continue
            made.append(pattern[at : at + 2])
            at += 2
            continue
        if in_class:
            # "[]a]" and "[^]a]": a bracket that comes first is a letter.
            in_class = character != "]" or made[-1] in ("[", "[^")
        elif character == "[":
            in_class = True
            if pattern.startswith("[^", at):
                made.append("[^")
                at += 2
                continue
        elif character == "(":
            at = _open_group(pattern, at, made)
            continue
        made.append(character)
        at += 1
    return "".join(made)


def _open_group(pattern: str, at: int, made: list[str]) -> int:
    """Write a group that captures nothing; return the offset behind its opening."""
    if pattern.startswith(("(?P<", "(?<"), at):
        made.append("(?:")
        return pattern.index(">", at) + 1 if ">" in pattern[at:] else len(pattern)
    if pattern.startswith("(?", at):
        made.append("(?")
        return at + 2
    made.append("(?:")
    return at + 1
