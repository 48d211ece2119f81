"""Metric in the form of another version

Why: hpaSpec.metrics has the form of autoscaling/v2beta1 (targetAverageUtilization), metricsv2 that
of autoscaling/v2 (target). The fields of one are unknown in the other. They are dropped, and the
API server refuses the autoscaler without them.

Fix: Rename metrics to metricsv2, or write the metric in the form of its list.

Bad:
    hpaSpec:
      maxReplicas: 3
      metrics:
      - type: Resource
        resource:
          name: cpu
          target:
            type: Utilization
            averageUtilization: 70

Good:
    hpaSpec:
      maxReplicas: 3
      metricsv2:
      - type: Resource
        resource:
          name: cpu
          target:
            type: Utilization
            averageUtilization: 70
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import ComponentSpec, get_list, get_mapping
from webhook.graph.well_known import AUTOSCALING_API_VERSION
from webhook.rules._metrics import OTHER_LIST, find_foreign_fields

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"hpaSpec"})

_VERSIONS = {"metrics": "autoscaling/v2beta1", "metricsv2": AUTOSCALING_API_VERSION}


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield the first such field of each list (source: HpaSpec and conversion.go, Seldon v1.17)."""
    hpa = get_mapping(component.raw, "hpaSpec")
    for field, other in OTHER_LIST.items():
        foreign = list(find_foreign_fields(hpa, field))
        if not foreign:
            continue
        path = component.path / "hpaSpec"
        can_rename = len(foreign) == len(get_list(hpa, field)) and hpa.get(other) is None
        rename: Operation = {
            "op": "move",
            "from": (path / field).pointer,
            "path": (path / other).pointer,
        }
        yield Finding(
            path.join((field, *foreign[0])),
            f'"{foreign[0][-1]}" is a field of {other} ({_VERSIONS[other]}), not of {field}',
            f"rename {field} to {other}" if can_rename else "write all metrics in metricsv2",
            (rename,) if can_rename else (),
            fix_safety="safe",
            at_key=True,
        )
