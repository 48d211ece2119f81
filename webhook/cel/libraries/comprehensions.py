"""Macros with two variables: all(key, value, …) and their like (Kubernetes 1.32).

Source: google/cel-go ext/comprehensions.go.
"""

from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.values import EvaluationError, find_key, from_key, no_overload, to_key


def map_insert(target: Any, *pair: Any) -> dict[Any, Any]:
    """Return a map with one entry more, given as key and value or as a map."""
    entries = {to_key(pair[0]): pair[1]} if len(pair) == 2 else pair[0]
    if type(target) is not dict or type(entries) is not dict:
        raise no_overload("transformMap", target, *pair)
    for key in entries:
        if find_key(target, from_key(key)) is not None:
            raise EvaluationError(f"insert failed: key {key} already exists")
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
    macros=frozenset(
        {"all", "exists", "existsOne", "transformList", "transformMap", "transformMapEntry"}
    ),
    hidden={
        "cel.@mapInsert": (
            "cel.@mapInsert(map<A, B>, A, B) -> map<A, B>",
            "cel.@mapInsert(map<A, B>, map<A, B>) -> map<A, B>",
        )
    },
)
