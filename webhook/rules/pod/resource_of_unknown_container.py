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
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, Predictor, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.rendering.layout import INJECTED_CONTAINERS, TENSORFLOW_CONTAINER
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"items.resourceFieldRef", "valueFrom.resourceFieldRef"})


def check(pod: ComponentSpec, predictor: Predictor) -> Iterator[Finding]:
    """Yield each such reference (source: the kubelet's ExtractResourceValueByContainerName)."""
    references = list(_references(pod))
    if not references:
        return
    own = [container.name for container in pod.all_containers]
    injected = [
        f"{name}-model-initializer" for name in (*predictor.node_names, TENSORFLOW_CONTAINER)
    ]
    known = {*own, *predictor.node_names, *INJECTED_CONTAINERS, *injected}
    for path, reference in references:
        name = get_str(reference, "containerName")
        if name and name not in known:
            nearest = nearest_word(name, own)
            yield Finding(
                path / "resourceFieldRef" / "containerName",
                f"no container named {quote_value(name)} in this pod; it has {join_words(own)}",
                f"use {nearest}" if nearest else "",
            )


def _references(pod: ComponentSpec) -> Iterator[tuple[Path, Any]]:
    for container, _, index, variable in pod.env_sources:
        source = get_mapping(variable, "valueFrom")
        if "resourceFieldRef" in source:
            path = container.path.join(("env", index, "valueFrom"))
            yield path, get_mapping(source, "resourceFieldRef")
    for index, volume in iter_mappings(pod.pod, "volumes"):
        path = pod.path.join(("spec", "volumes", index))
        if "downwardAPI" in volume:
            yield from _files(path / "downwardAPI", get_mapping(volume, "downwardAPI"))
        if "projected" not in volume:
            continue
        for number, source in iter_mappings(get_mapping(volume, "projected"), "sources"):
            below = path.join(("projected", "sources", number, "downwardAPI"))
            yield from _files(below, get_mapping(source, "downwardAPI"))


def _files(path: Path, downward: Any) -> Iterator[tuple[Path, Any]]:
    for index, item in iter_mappings(downward, "items"):
        if "resourceFieldRef" in item:
            yield path.join(("items", index)), get_mapping(item, "resourceFieldRef")
