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

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment, Predictor, items, mappings
from webhook.graph.path import Path
from webhook.graph.signs import SEVERAL_COMPONENTS
from webhook.graph.slips import torn_components
from webhook.graph.words import enumerate_words
from webhook.rules._structure import move

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({SEVERAL_COMPONENTS})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each item of componentSpecs that is a part of its neighbour."""
    for predictor in deployment.predictors:
        listed = items(predictor.raw, "componentSpecs")
        if len(listed) > 1 and len(predictor.components) < len(listed):
            yield from _in_predictor(predictor)


def _in_predictor(predictor: Predictor) -> Iterator[Finding]:
    entries = list(mappings(predictor.raw, "componentSpecs"))
    listed = _listed(predictor)
    # Where a server runs every node, Seldon may find a container for the pod that has none.
    sure = any(not node.has_server for node in predictor.nodes)
    for part, whole in torn_components(entries).items():
        fields = list(predictor.raw["componentSpecs"][part])
        moves = [move(listed / part / name, listed / whole / name) for name in fields]
        rest: Operation = {"op": "remove", "path": (listed / part).pointer}
        yield Finding(
            listed / part / fields[0],
            f"{enumerate_words(fields)} without a pod; the pod is at {listed / whole / 'spec'}",
            "take the second dash away, so that both are one item",
            (*moves, rest),
            sure=sure,
        )


def _listed(predictor: Predictor) -> Path:
    """Return where the predictor's componentSpecs stand."""
    return predictor.components[0].path.parent if predictor.components else predictor.path
