"""The graph is no part of its predictor

Why: the graph is a field of the predictor, beside componentSpecs. With a dash in front it is an
item of its own, and the predictor has none; indented too far it belongs to a pod template, where
nothing reads it.

Fix: Put graph beside name and componentSpecs, without a dash.

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
from webhook.graph.model import Deployment, Predictor, mappings
from webhook.graph.path import ROOT, Path
from webhook.graph.signs import FAULT
from webhook.graph.slips import torn_predictors
from webhook.graph.words import enumerate_words
from webhook.rules._structure import graphs_astray, is_only, move, move_into, value_at

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({FAULT})

_SPEC = ("spec",)
_LISTED = ROOT / "spec" / "predictors"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each graph outside of its predictor."""
    if not deployment.faults:
        return
    entries = list(mappings(deployment.spec, "predictors"))
    for second, first in torn_predictors(entries).items():
        yield _torn(deployment, first, second)
    told: set[Path] = set()
    for predictor in deployment.predictors:
        if predictor.raw.get("graph") is None:
            for path in graphs_astray(deployment, predictor):
                if path not in told:
                    told.add(path)
                    yield _astray(deployment, predictor, path)
    if type(deployment.raw.get("predictors")) is list and not deployment.predictors:
        path, home = ROOT / "predictors", ROOT / "spec" / "predictors"
        mend = move_into(deployment, path, home)
        yield Finding(
            path, "predictors stands beside spec, not in it", "indent it under spec", mend
        )


def _torn(deployment: Deployment, first: int, second: int) -> Finding:
    """Return the finding for a predictor in two items; the second one is moved into the first."""
    part = value_at(deployment, _LISTED / second)
    moves = [move(_LISTED / second / name, _LISTED / first / name) for name in part]
    rest: Operation = {"op": "remove", "path": (_LISTED / second).pointer}
    where = second if part.get("graph") is not None else first
    fields = enumerate_words(list(part)[:4])
    return Finding(
        _LISTED / where / "graph",
        f"the graph stands in an item of its own: {_LISTED / first} has none, and "
        f"{_LISTED / second} has {fields} only",
        f"take the dash before {next(iter(part))} away, so that both items are one predictor",
        (*moves, rest),
    )


def _astray(deployment: Deployment, predictor: Predictor, graph: Path) -> Finding:
    """Return the finding for a graph at another level; it is moved to where it belongs."""
    item = graph.parent
    raw = value_at(deployment, item)
    lone = graph.parent != _SPEC or len(deployment.predictors) == 1
    operations = [move(graph, predictor.path / "graph")]
    if type(item[-1]) is int and is_only(raw, "graph"):
        operations.append({"op": "remove", "path": item.pointer})
    return Finding(
        graph,
        f"the graph stands at {item}, and {predictor.path} has none",
        "indent it like componentSpecs, without a dash",
        tuple(operations) if lone else (),
    )
