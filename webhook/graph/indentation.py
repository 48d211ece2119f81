"""Indentation errors: parts of a predictor that are one dash or one level off.

Here: how such parts are recognised, so that `parse` reads them as intended and a rule says where
they belong. Errors inside of them are then found in the same run, and nothing is reported as
missing that is only misplaced. Not here: the findings themselves.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from webhook.graph import schema

Entry = tuple[int, Mapping[str, Any]]
"""Index and item of a list."""

POD_LISTS = ("containers", "initContainers", "volumes")
"""Fields of a pod that are read where they are beside its `spec`."""

COMPONENT_FIELDS = ("hpaSpec", "kedaSpec", "pdbSpec", "replicas", "metadata")
"""Fields of a componentSpec that are beside its `spec`."""


def find_split_predictors(entries: Sequence[Entry]) -> dict[int, int]:
    """Return which items of a list of predictors continue the one before: {1: 0}.

    That is so where one of two neighbours has the graph, the other has none, both have a field of
    a predictor, and they have none in common:

        - name: main
          componentSpecs: […]
        - graph: {…}
    """
    continuations: dict[int, int] = {}
    for (first_index, first_item), (second_index, second_item) in pairwise(entries):
        if first_index in continuations or (first_item.get("graph") is None) == (
            second_item.get("graph") is None
        ):
            continue
        if (
            first_item.keys().isdisjoint(second_item)
            and _is_partial_predictor(first_item)
            and _is_partial_predictor(second_item)
        ):
            continuations[second_index] = first_index
    return continuations


def _is_partial_predictor(entry: Mapping[str, Any]) -> bool:
    return not _predictor_fields().isdisjoint(entry)


@cache
def _predictor_fields() -> frozenset[str]:
    return frozenset(schema.known_fields(("spec", "predictors", 0)))


def find_split_components(entries: Sequence[Entry]) -> dict[int, int]:
    """Return which items of componentSpecs belong to a neighbour with the pod: {0: 1}.

    That is so where an item has only what is beside a pod, and exactly one of its neighbours
    has a pod and nothing of that:

        - hpaSpec: {…}
        - spec: {…}
    """
    neighbours: dict[int, int] = {}
    for position, (index, item) in enumerate(entries):
        if not item or not item.keys() <= set(COMPONENT_FIELDS):
            continue
        adjacent = [entries[p] for p in (position - 1, position + 1) if 0 <= p < len(entries)]
        candidates = [
            i for i, o in adjacent if o.get("spec") is not None and o.keys().isdisjoint(item)
        ]
        if len(candidates) == 1:
            neighbours[index] = candidates[0]
    return neighbours


def find_misplaced_graph(entries: Sequence[Entry]) -> Entry | None:
    """Return the item of componentSpecs that holds the predictor's graph; None if none does."""
    return next(((i, item) for i, item in entries if type(item.get("graph")) is dict), None)


def recover_pod(raw: Mapping[str, Any], pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the pod with the lists that are beside it, in the componentSpec `raw`."""
    misplaced = {name: raw[name] for name in POD_LISTS if name in raw}
    return {**misplaced, **pod} if misplaced else pod
