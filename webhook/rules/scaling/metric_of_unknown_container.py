"""Autoscaling metric for an unknown container

Why: a ContainerResource metric measures one container of the pods. If none has this name, the
autoscaler has nothing to measure and never scales.

Fix: Use the name of a container of the same componentSpec.

Bad:
    hpaSpec:
      maxReplicas: 3
      metricsv2:
      - type: ContainerResource
        containerResource:
          name: cpu
          container: clasifier
          target:
            type: AverageValue
            averageValue: 500m

Good:
    hpaSpec:
      maxReplicas: 3
      metricsv2:
      - type: ContainerResource
        containerResource:
          name: cpu
          container: classifier
          target:
            type: AverageValue
            averageValue: 500m
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, Predictor
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.rendering.layout import INJECTED_CONTAINERS
from webhook.rules._container_references import scaled_containers
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"hpaSpec", "kedaSpec"})


def check(component: ComponentSpec, predictor: Predictor) -> Iterator[Finding]:
    """Yield each such metric (source: the autoscaler's calculateUtilization per container)."""
    own = [container.name for container in component.all_containers]
    known = {*own, *INJECTED_CONTAINERS, *(node.name for node in predictor.nodes)}
    for name, path in scaled_containers(component):
        if not name or name in known:
            continue
        nearest = nearest_word(name, own)
        yield Finding(
            path,
            f"no container named {quote_value(name)} in this component; it has {join_words(own)}",
            f"use {nearest}" if nearest else "",
        )
