"""A quantity is none

Why: amounts of CPU and memory are written as a number with a suffix: m for thousandths, k, M, G, T,
P, E, or Ki, Mi, Gi, Ti, Pi, Ei, in just this case, without a blank or a B. They are not negative.
The API server refuses a Deployment with any other.

Fix: Write a number and one of these suffixes, as in 500m, 0.5 or 2Gi.

Bad:
    resources:
      requests:
        memory: 2GB

Good:
    resources:
      requests:
        memory: 2Gi
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.features import POD_RESOURCES, non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_quantity, parse_quantity
from webhook.graph.model import SeldonDeployment, get_list, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

_MISTYPED_UNIT = re.compile(r" *([0-9]+(?:\.[0-9]+)?) *([kKmMgGtTpP])[iI]?[bB]? *\Z")
_MISTYPED_CPU_UNIT = re.compile(r" *([0-9]+) *[mM] *\Z")

TRIGGERS = frozenset(
    {
        "overhead",
        "sizeLimit",
        POD_RESOURCES,
        non_trivial_feature("env"),
        non_trivial_feature("resources"),
    }
)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each amount that is no quantity, or negative (ParseQuantity, …NonnegativeQuantity)."""
    for container in deployment.containers_with("resources"):
        yield from _check_resources(
            container.path / "resources", get_mapping(container.raw, "resources")
        )
    for container in deployment.containers_with("env"):
        for index, variable in iter_mappings(container.raw, "env"):
            divisor = get_mapping(get_mapping(variable, "valueFrom"), "resourceFieldRef").get(
                "divisor"
            )
            if type(divisor) is str and divisor and not is_quantity(divisor):
                field_path = ("env", index, "valueFrom", "resourceFieldRef", "divisor")
                yield _build_finding(container.path.join(field_path), divisor)
    for component in deployment.components:
        pod = component.pod
        if "resources" in pod:
            path = component.path.join(("spec", "resources"))
            yield from _check_resources(path, get_mapping(pod, "resources"))
        if "overhead" in pod:
            for name, value in get_mapping(pod, "overhead").items():
                if not _is_valid_quantity(value):
                    yield _build_finding(component.path.join(("spec", "overhead", name)), value)
        if "volumes" in pod:
            for path, value in _check_volumes(pod, component.path / "spec"):
                if not _is_valid_quantity(value):
                    yield _build_finding(path, value)


def _check_resources(path: Path, resources: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("requests", "limits"):
        for name, value in get_mapping(resources, field).items():
            if not _is_valid_quantity(value):
                yield _build_finding(path.join((field, name)), value)


def _check_volumes(pod: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for index, volume in enumerate(get_list(pod, "volumes")):
        if type(volume) is dict and "sizeLimit" in get_mapping(volume, "emptyDir"):
            yield (
                path.join(("volumes", index, "emptyDir", "sizeLimit")),
                volume["emptyDir"]["sizeLimit"],
            )


def _is_valid_quantity(value: Any) -> bool:
    if not is_quantity(value):
        return type(value) is not str  # null is absent, other types are reported as such
    return (parse_quantity(value) or 0) >= 0


def _build_finding(path: Path, value: Any) -> Finding:
    if is_quantity(value):
        return Finding(path, f"{value} is negative", "write a quantity of 0 or more")
    message = f"{quote_value(value)} is no quantity"
    if path[-1] == "cpu" and (mistyped := _MISTYPED_CPU_UNIT.match(value)):
        return Finding(path, message, f"write {mistyped[1]}m")
    if mistyped := _MISTYPED_UNIT.match(value):
        lower_case = "K" if mistyped[2] in "kK" else mistyped[2].upper()
        return Finding(path, message, f"write {mistyped[1]}{lower_case}i")
    return Finding(path, message)
