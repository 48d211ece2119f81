"""resourceFieldRef to an unknown container

Why: a resourceFieldRef exposes requests and limits of a container as a variable or a file. The API
server accepts any containerName; without such a container the kubelet does not start the pod.

Fix: Use the name of a container of the same pod, or remove containerName from a variable.

Bad:
    containers:
    - name: classifier
      env:
      - name: LIMIT
        valueFrom:
          resourceFieldRef:
            containerName: clasifier
            resource: limits.cpu

Good:
    containers:
    - name: classifier
      env:
      - name: LIMIT
        valueFrom:
          resourceFieldRef:
            resource: limits.cpu
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, as_mapping, get_mapping, get_str
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.rendering.layout import INJECTED_CONTAINERS, TENSORFLOW_CONTAINER
from webhook.rules._container_references import resource_fields, resource_fields_beside
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"items.resourceFieldRef", "valueFrom.resourceFieldRef"})

_EXPLAINER = ("explainer", "containerSpec")


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each such reference (source: the kubelet's ExtractResourceValueByContainerName)."""
    injected = {
        *predictor.node_names,
        *INJECTED_CONTAINERS,
        *(_initializer(name) for name in (*predictor.node_names, TENSORFLOW_CONTAINER)),
    }
    everywhere: list[str] = []
    for component in predictor.components:
        own = [container.name for container in component.all_containers]
        everywhere += own
        known = injected.union(own)
        for name, path in resource_fields(component):
            if name and name not in known:
                yield _build_finding(path, name, own)
    # The orchestrator is in one of these pods, or has one of its own.
    beside = [*everywhere, *INJECTED_CONTAINERS[:1]]
    known = injected.union(everywhere)
    for name, path in resource_fields_beside(predictor, "svcOrchSpec"):
        if name and name not in known:
            yield _build_finding(path, name, beside)
    explainer = get_mapping(as_mapping(predictor.raw.get(_EXPLAINER[0])), _EXPLAINER[1])
    explainers = get_str(explainer, "name")
    for name, path in resource_fields_beside(predictor, *_EXPLAINER):
        if name and explainers and name not in (explainers, _initializer(explainers)):
            yield _build_finding(path, name, [explainers])


def _initializer(container: str) -> str:
    return f"{container}-model-initializer"


def _build_finding(path: Path, name: str, known: list[str]) -> Finding:
    nearest = nearest_word(name, known)
    return Finding(
        path,
        f"no container named {quote_value(name)} in this pod; it has {join_words(known)}",
        f"use {nearest}" if nearest else "",
    )
