"""A componentSpec is split into two

Why: every dash in componentSpecs begins a pod of its own. Autoscaler, metadata and replicas under
another dash than `spec` belong to a pod without containers, which Kubernetes refuses, and the pod
that was meant has none of them.

Fix: Take the second dash away, so that spec and what goes with it are one item.

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
    """Yield each item of componentSpecs that is a part of its neighbour."""
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
            f"{join_words(fields)} without a pod; the pod is at {list_path / target / 'spec'}",
            "take the second dash away, so that both are one item",
            (*moves, remaining),
            certain=certain,
            fix_safety="safe",
        )


def _check_ambiguous(
    entries: Iterable[Entry], split: Container[int], path: Path
) -> Iterator[Finding]:
    """Yield each such item that may belong to either neighbour, or to none."""
    for index, item in entries:
        if item and index not in split and item.keys() <= set(COMPONENT_FIELDS):
            yield Finding(
                path / index / next(iter(item)),
                f"{join_words(item)} without a pod: nothing is made of it",
                "write it into the item that has the pod",
                certain=False,
            )


def _component_items(predictor: Predictor) -> Path:
    """Return where the predictor's componentSpecs stand."""
    return predictor.components[0].path.parent if predictor.components else predictor.path
