"""Regular expressions: find and findAll. Source: k8s.io/apiserver pkg/cel/library/regex.go."""

from typing import Any

from webhook.cel import re2
from webhook.cel.signatures import Library
from webhook.cel.values import no_overload


def find_first(text: Any, pattern: Any) -> str:
    """Return the first match, "" if there is none."""
    if type(text) is not str or type(pattern) is not str:
        raise no_overload("find", text, pattern)
    found = re2.find_all(text, pattern, 1)
    return found[0] if found else ""


def find_all(text: Any, pattern: Any, *limit: Any) -> list[str]:
    """Return all matches, or the first `most` unless that is negative."""
    if type(text) is not str or type(pattern) is not str or any(type(n) is not int for n in limit):
        raise no_overload("findAll", text, pattern, *limit)
    return re2.find_all(text, pattern, limit[0] if limit else -1)


REGEX = Library(
    "regex",
    1,
    {
        "find": ("string.find(string) -> string",),
        "findAll": (
            "string.findAll(string) -> list<string>",
            "string.findAll(string, int) -> list<string>",
        ),
    },
    {"find": find_first, "findAll": find_all},
)
