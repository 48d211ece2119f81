"""Misplaced graph

Why: the graph is a field of the predictor, beside componentSpecs. With a dash in front it is a
separate list item, and the predictor has no graph. Indented too far it is part of a pod template,
where it is ignored. Directly in spec, it is in no predictor.

Fix: Put graph beside name and componentSpecs, without a dash, in an item of predictors.

Bad:
    predictors:
    - name: main
      componentSpecs:
      - spec:
          containers:
          - name: classifier
    - graph:
        name: classifier

Good:
    predictors:
    - name: main
      componentSpecs:
      - spec:
          containers:
          - name: classifier
      graph:
        name: classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.indentation import find_split_predictors
from webhook.graph.model import Predictor, SeldonDeployment, iter_mappings
from webhook.graph.path import PREDICTORS_PATH, ROOT, Path
from webhook.graph.text import join_words
from webhook.rules._stray_fields import (
    get_value_at,
    has_only_fields,
    is_in_place_of_predictors,
    misplaced_graphs,
    move_into_patch,
    move_operation,
)

ACTION = "deny"
SINCE = "0.1.0"

_SPEC_PATH = ("spec",)
_GRAPH_IN_SPEC = ROOT / "spec" / "graph"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each graph that is not in its predictor."""
    if not deployment.schema_errors:
        return
    entries = list(iter_mappings(deployment.spec, "predictors"))
    for second, first in find_split_predictors(entries).items():
        yield _rejoin_predictor_patch(deployment, first, second)
    if is_in_place_of_predictors(deployment, _GRAPH_IN_SPEC):
        yield _make_predictor_patch(deployment)
    reported: set[Path] = set()
    for predictor in deployment.predictors:
        if predictor.raw.get("graph") is None:
            for path in misplaced_graphs(deployment, predictor):
                if path not in reported:
                    reported.add(path)
                    yield _move_graph_patch(deployment, predictor, path)
    if type(deployment.raw.get("predictors")) is list and not deployment.predictors:
        path, expected_path = ROOT / "predictors", ROOT / "spec" / "predictors"
        fix = move_into_patch(deployment, path, expected_path)
        yield Finding(
            path,
            "predictors must be in spec, is beside it",
            "indent it under spec",
            fix,
            fix_safety="safe",
        )


def _make_predictor_patch(deployment: SeldonDeployment) -> Finding:
    """Return the finding for a graph in a spec without predictors; a predictor is made of it."""
    unknown = deployment.unknown_fields_by_parent.get(_GRAPH_IN_SPEC.parent, ())
    moved = [path for path in unknown if is_in_place_of_predictors(deployment, path)]
    made: Operation = {"op": "add", "path": PREDICTORS_PATH.pointer, "value": [{"name": "default"}]}
    return Finding(
        _GRAPH_IN_SPEC,
        "the graph must be in a predictor, is in spec",
        f"move {join_words(str(path[-1]) for path in moved)} into a named item of predictors",
        (made, *(move_operation(path, PREDICTORS_PATH / 0 / path[-1]) for path in moved)),
    )


def _rejoin_predictor_patch(deployment: SeldonDeployment, first: int, second: int) -> Finding:
    """Return the finding for a predictor in two items; the second one is moved into the first."""
    part = get_value_at(deployment, PREDICTORS_PATH / second)
    moves = [
        move_operation(PREDICTORS_PATH / second / name, PREDICTORS_PATH / first / name)
        for name in part
    ]
    remaining: Operation = {"op": "remove", "path": (PREDICTORS_PATH / second).pointer}
    has_only = f"{PREDICTORS_PATH / second} has only {join_words(list(part)[:4])}"
    if part.get("graph") is not None:
        path = PREDICTORS_PATH / second / "graph"
        message = (
            f"the graph is in a separate list item: {PREDICTORS_PATH / first} has no graph, "
            f"{has_only}"
        )
    else:
        path = PREDICTORS_PATH / second
        message = f"a part of {PREDICTORS_PATH / first} is in a separate list item: {has_only}"
    return Finding(
        path,
        message,
        f'remove the "-" before {next(iter(part))} so that both items become one predictor',
        (*moves, remaining),
        fix_safety="safe",
    )


def _move_graph_patch(deployment: SeldonDeployment, predictor: Predictor, graph: Path) -> Finding:
    """Return the finding for a graph at another level; it is moved to where it belongs."""
    item = graph.parent
    raw = get_value_at(deployment, item)
    single_predictor = graph.parent != _SPEC_PATH or len(deployment.predictors) == 1
    operations = [move_operation(graph, predictor.path / "graph")]
    if type(item[-1]) is int and has_only_fields(raw, "graph"):
        operations.append({"op": "remove", "path": item.pointer})
    return Finding(
        graph,
        f"the graph must be in {predictor.path}, is in {item}",
        "indent it like componentSpecs, without a dash",
        tuple(operations) if single_predictor else (),
        fix_safety="safe",
    )
