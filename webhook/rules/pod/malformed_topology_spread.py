"""A spread constraint cannot be used

Why: pods are spread with a maxSkew of at least 1 over a topologyKey, once for each key and answer;
minDomains is for DoNotSchedule only. The API server refuses a Deployment with anything else.

Fix: Write maxSkew, topologyKey and whenUnsatisfiable, each pair of the latter once.

Bad:
    topologySpreadConstraints:
    - maxSkew: 0
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: DoNotSchedule

Good:
    topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: DoNotSchedule
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_qualified_name
from webhook.graph.model import (
    SeldonDeployment,
    get_int,
    get_list,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.path import Path
from webhook.rules._format import quote_value
from webhook.rules.pod._selectors import check_selector

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"topologySpreadConstraints"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such constraint (source: validateTopologySpreadConstraints)."""
    for component in deployment.components:
        if "topologySpreadConstraints" not in component.pod:
            continue
        path = component.path.join(("spec", "topologySpreadConstraints"))
        seen: dict[tuple[str, str], int] = {}
        for index, constraint in iter_mappings(component.pod, "topologySpreadConstraints"):
            yield from _check_constraint(path / index, constraint)
            pair = get_str(constraint, "topologyKey"), get_str(constraint, "whenUnsatisfiable")
            if all(pair) and seen.setdefault(pair, index) != index:
                message = f"{pair[0]} with {pair[1]} is constrained at {path / seen[pair]} already"
                yield Finding(path / index, message)


def _check_constraint(path: Path, constraint: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("maxSkew", "minDomains"):
        value = get_int(constraint, field)
        if value is not None and value < 1:
            yield Finding(path / field, f"{field} is {value}, less than 1")
    if constraint.get("topologyKey") == "":
        yield Finding(path / "topologyKey", "the topologyKey is empty")
    if constraint.get("matchLabelKeys") and constraint.get("labelSelector") is None:
        message = "there are matchLabelKeys and no labelSelector that they add to"
        yield Finding(path / "matchLabelKeys", message, "add a labelSelector")
    for index, key in enumerate(get_list(constraint, "matchLabelKeys")):
        if type(key) is str and not is_qualified_name(key):
            yield Finding(
                path.join(("matchLabelKeys", index)), f"{quote_value(key)} is no key of a label"
            )
    honored_values = get_str(constraint, "whenUnsatisfiable")
    if constraint.get("minDomains") is not None and honored_values == "ScheduleAnyway":
        yield Finding(path / "minDomains", "minDomains is for DoNotSchedule, not ScheduleAnyway")
    yield from check_selector(path / "labelSelector", get_mapping(constraint, "labelSelector"))
