"""Both hpaSpec and kedaSpec

Why: hpaSpec and kedaSpec both set the number of pods. Seldon uses kedaSpec and silently ignores
hpaSpec.

Fix: Keep only one.

Bad:
    hpaSpec:
      maxReplicas: 3
    kedaSpec:
      triggers:
      - type: kafka

Good:
    kedaSpec:
      triggers:
      - type: kafka
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
        yield Finding(component.path / "hpaSpec", "hpaSpec is ignored: kedaSpec is set, too")
