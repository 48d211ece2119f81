"""What the rules on metrics of autoscalers share: which are written in the form of the other list.

hpaSpec.metrics has the form of autoscaling/v2beta1, hpaSpec.metricsv2 that of autoscaling/v2.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph import schema
from webhook.graph.model import SeldonDeployment, get_mapping, iter_mappings
from webhook.graph.path import Path, Segment
from webhook.rendering.autoscaler import METRIC_SOURCES

OTHER_LIST = {"metrics": "metricsv2", "metricsv2": "metrics"}
_HPA_PATH = Path(("spec", "predictors", 0, "componentSpecs", 0, "hpaSpec"))


def find_foreign_fields(hpa: Mapping[str, Any], field: str) -> Iterator[tuple[Segment, ...]]:
    """Yield, of each metric in a list of an hpaSpec, the first field that only the other list has.

    As the steps from the list: (0, "resource", "target").
    """
    for index, metric in iter_mappings(hpa, field):
        if (steps := find_foreign_field(metric, field)) is not None:
            yield (index, *steps)


def find_foreign_field(metric: Mapping[str, Any], field: str) -> tuple[Segment, ...] | None:
    """Return where a metric has a field that only a metric in the other list has; None: nowhere."""
    for kind in METRIC_SOURCES:
        source = get_mapping(metric, kind)
        if not source:
            continue
        here, there = (
            schema.known_fields(_HPA_PATH.join((each, 0, kind)))
            for each in (field, OTHER_LIST[field])
        )
        for name in source:
            if name in there and name not in here:
                return kind, name
    return None


def is_below_foreign_metric(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether a place is in such a metric, which metric-of-other-version reports."""
    parent, inner = path[: len(_HPA_PATH)], path[len(_HPA_PATH) :]
    if len(inner) < 2 or parent[-1] != "hpaSpec" or inner[0] not in OTHER_LIST:
        return False
    metric = deployment.submitted.value_at(Path((*parent, *inner[:2])))
    return type(metric) is dict and find_foreign_field(metric, str(inner[0])) is not None
