"""A component has two autoscalers

Why: hpaSpec and kedaSpec both want to say how many pods there are. Seldon takes kedaSpec and
ignores hpaSpec in silence.

Fix: Remove one of the two.

Bad:
    hpaSpec:
      maxReplicas: 3
    kedaSpec:
      triggers:
      - type: cpu

Good:
    kedaSpec:
      triggers:
      - type: cpu
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"kedaSpec"})


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield each hpaSpec beside a kedaSpec (source: seldon-checks G26)."""
    raw = component.raw
    if "hpaSpec" in raw and type(raw["hpaSpec"]) is type(raw.get("kedaSpec")) is dict:
        yield Finding(
            component.path / "hpaSpec", "kedaSpec stands beside hpaSpec, which is ignored"
        )
