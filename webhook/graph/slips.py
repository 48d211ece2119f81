"""Slips of indentation: parts of a predictor that stand one dash or one level away from it.

Here: how such parts are recognised, so that `parse` reads them as they were meant and a rule says
where they belong. What is wrong inside of them is then found in the same answer, as far as it has
a place there, and nothing is reported as missing that is there. Not here: the findings themselves.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from webhook.graph import schema

Entry = tuple[int, Mapping[str, Any]]
"""Index and item of a list."""

POD_LISTS = ("containers", "initContainers", "volumes")
"""Fields of a pod that are read where they stand beside its `spec`."""

BESIDE_POD = ("hpaSpec", "kedaSpec", "pdbSpec", "replicas", "metadata")
"""Fields of a componentSpec that stand beside its `spec`."""


def torn_predictors(entries: Sequence[Entry]) -> dict[int, int]:
    """Return which items of a list of predictors continue the one before: {1: 0}.

    That is so where one of two neighbours has the graph, the other has none, both have a field of
    a predictor, and they have none in common:

        - name: main
          componentSpecs: […]
        - graph: {…}
    """
    continued: dict[int, int] = {}
    for (first, one), (second, other) in pairwise(entries):
        if first in continued or (one.get("graph") is None) == (other.get("graph") is None):
            continue
        if one.keys().isdisjoint(other) and _is_half(one) and _is_half(other):
            continued[second] = first
    return continued


def _is_half(entry: Mapping[str, Any]) -> bool:
    return not _fields_of_a_predictor().isdisjoint(entry)


@cache
def _fields_of_a_predictor() -> frozenset[str]:
    return frozenset(schema.known_fields(("spec", "predictors", 0)))


def torn_components(entries: Sequence[Entry]) -> dict[int, int]:
    """Return which items of componentSpecs belong to a neighbour with the pod: {0: 1}.

    That is so where an item has only what stands beside a pod, and exactly one of its neighbours
    has a pod and nothing of that:

        - hpaSpec: {…}
        - spec: {…}
    """
    found: dict[int, int] = {}
    for place, (index, item) in enumerate(entries):
        if not item or not item.keys() <= set(BESIDE_POD):
            continue
        near = [entries[p] for p in (place - 1, place + 1) if 0 <= p < len(entries)]
        whole = [i for i, o in near if o.get("spec") is not None and o.keys().isdisjoint(item)]
        if len(whole) == 1:
            found[index] = whole[0]
    return found


def graph_in_components(entries: Sequence[Entry]) -> Entry | None:
    """Return the item of componentSpecs that holds the predictor's graph; None if none does."""
    return next(((i, item) for i, item in entries if type(item.get("graph")) is dict), None)


def read_pod(raw: Mapping[str, Any], pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the pod with the lists that stand beside it, in the componentSpec `raw`."""
    beside = {name: raw[name] for name in POD_LISTS if name in raw}
    return {**beside, **pod} if beside else pod
