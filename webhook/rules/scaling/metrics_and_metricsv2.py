"""Both metrics and metricsv2

Why: metrics has the format of autoscaling/v2beta1, metricsv2 that of autoscaling/v2. If both are
set, Seldon uses metrics and silently ignores metricsv2.

Fix: Keep only metricsv2 and move the entries of metrics there.

Bad:
    hpaSpec:
      maxReplicas: 3
      metrics: []
      metricsv2:
      - type: Resource

Good:
    hpaSpec:
      maxReplicas: 3
      metricsv2:
      - type: Resource
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, get_list, get_mapping

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"hpaSpec"})


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield each metricsv2 beside metrics (source: controller of v1.17; seldon-checks G26)."""
    raw = get_mapping(component.raw, "hpaSpec")
    if get_list(raw, "metricsv2") and type(raw.get("metrics")) is list:
        yield Finding(
            component.path / "hpaSpec" / "metricsv2",
            "metricsv2 is ignored: metrics is set, too",
        )
