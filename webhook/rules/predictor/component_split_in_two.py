"""componentSpec split into two items

Why: every dash in componentSpecs starts another pod. If autoscaler, metadata and replicas are in
another item than `spec`, they belong to a pod without containers, which the API server refuses,
and the intended pod lacks them.

Fix: Remove the second "-" so that both become one item.

Bad:
    componentSpecs:
    - hpaSpec:
        maxReplicas: 3
    - spec:
        containers:
        - name: classifier

Good:
    componentSpecs:
    - hpaSpec:
        maxReplicas: 3
      spec:
        containers:
        - name: classifier
"""

from collections.abc import Container, Iterable, Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.indentation import COMPONENT_FIELDS, Entry, find_split_components
from webhook.graph.model import Predictor, get_list, iter_mappings
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rules._stray_fields import move_operation

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"componentSpecs"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each item of componentSpecs that is a part of the item before or after it."""
    if len(get_list(predictor.raw, "componentSpecs")) > 1:
        yield from _check_predictor(predictor)


def _check_predictor(predictor: Predictor) -> Iterator[Finding]:
    entries = list(iter_mappings(predictor.raw, "componentSpecs"))
    list_path = _component_items(predictor)
    # Where a server runs every node, Seldon may find a container for the pod that has none.
    certain = any(not node.has_builtin_implementation for node in predictor.nodes)
    split = find_split_components(entries)
    if certain:
        yield from _check_ambiguous(entries, split.keys(), list_path)
    for part, target in split.items():
        fields = list(predictor.raw["componentSpecs"][part])
        moves = [
            move_operation(list_path / part / name, list_path / target / name) for name in fields
        ]
        remaining: Operation = {"op": "remove", "path": (list_path / part).pointer}
        yield Finding(
            list_path / part / fields[0],
            f"{join_words(fields)} without a pod, which is at {list_path / target / 'spec'}",
            'remove the "-" so that both become one item',
            (*moves, remaining),
            certain=certain,
            fix_safety="safe",
        )


def _check_ambiguous(
    entries: Iterable[Entry], split: Container[int], path: Path
) -> Iterator[Finding]:
    """Yield each such item that may belong to either neighbour, or to neither."""
    for index, item in entries:
        if item and index not in split and item.keys() <= set(COMPONENT_FIELDS):
            yield Finding(
                path / index / next(iter(item)),
                f"{join_words(item)} without a pod: nothing is created",
                "move it into the item with the pod",
                certain=False,
            )


def _component_items(predictor: Predictor) -> Path:
    """Return the path of the predictor's componentSpecs."""
    return predictor.components[0].path.parent if predictor.components else predictor.path
