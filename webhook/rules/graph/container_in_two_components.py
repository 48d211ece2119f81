"""Container of a node in two components

Why: a node is run by the container of the same name. If two componentSpecs have it, two Deployments
run it, requests reach one of them, and Seldon may fail to reconcile.

Fix: Rename one of the containers, or remove it.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:2

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"componentSpecs"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each node's container whose name is also in an earlier component.

    Source: seldon-checks G20.
    """
    if len(predictor.components) > 1:
        yield from _check_predictor(predictor)


def _check_predictor(predictor: Predictor) -> Iterator[Finding]:
    nodes = {node.name for node in predictor.nodes}
    first: dict[str, tuple[int, Path]] = {}
    for component_index, component in enumerate(predictor.components):
        for container in component.containers:
            if container.name not in nodes:
                continue
            other, path = first.setdefault(container.name, (component_index, container.path))
            if other != component_index:
                yield Finding(
                    container.path / "name",
                    f"duplicate container {quote_value(container.name)} (first at {path})",
                )
