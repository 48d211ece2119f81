"""Macros with two variables: all(key, value, …) and their like (Kubernetes 1.32).

Source: google/cel-go ext/comprehensions.go.
"""

from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.values import EvaluationError, no_overload


def map_insert(target: Any, *pair: Any) -> dict[Any, Any]:
    """Return a map with one entry more, given as key and value or as a map."""
    entries = dict([pair]) if len(pair) == 2 else pair[0]
    if type(target) is not dict or type(entries) is not dict:
        raise no_overload("transformMap", target, *pair)
    for key in entries:
        if key in target:
            raise EvaluationError(f"insert failed: key '{key}' already exists")
    target.update(entries)  # made for this fold alone
    return target


COMPREHENSIONS = Library(
    "two-variable macros",
    32,
    {
        "all": ("map<A, B>.all(key, value, bool) -> bool",),
        "exists": ("map<A, B>.exists(key, value, bool) -> bool",),
        "existsOne": ("map<A, B>.existsOne(key, value, bool) -> bool",),
        "transformList": ("map<A, B>.transformList(key, value, C) -> list<C>",),
        "transformMap": ("map<A, B>.transformMap(key, value, C) -> map<A, C>",),
        "transformMapEntry": ("map<A, B>.transformMapEntry(key, value, map<C, D>) -> map<C, D>",),
    },
    {"cel.@mapInsert": map_insert},
    extension={"name": "two-var-comprehensions"},
)
