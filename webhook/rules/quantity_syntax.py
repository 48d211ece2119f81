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

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import amount, is_quantity
from webhook.graph.model import Deployment, items, mapping, mappings
from webhook.graph.path import Path
from webhook.graph.signs import POD_RESOURCES, unusual
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"

_SLIP = re.compile(r" *([0-9]+(?:\.[0-9]+)?) *([kKmMgGtTpP])[iI]?[bB]? *\Z")
_CPU_SLIP = re.compile(r" *([0-9]+) *[mM] *\Z")

NEEDS = frozenset({"overhead", "sizeLimit", POD_RESOURCES, unusual("env"), unusual("resources")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each amount that is no quantity, or negative (ParseQuantity, …NonnegativeQuantity)."""
    for container in deployment.in_need("resources"):
        yield from _in_lists(container.path / "resources", mapping(container.raw, "resources"))
    for container in deployment.in_need("env"):
        for index, variable in mappings(container.raw, "env"):
            divisor = mapping(mapping(variable, "valueFrom"), "resourceFieldRef").get("divisor")
            if type(divisor) is str and divisor and not is_quantity(divisor):
                place = ("env", index, "valueFrom", "resourceFieldRef", "divisor")
                yield _finding(container.path.join(place), divisor)
    for component in deployment.components:
        pod = component.pod
        if "resources" in pod:
            path = component.path.join(("spec", "resources"))
            yield from _in_lists(path, mapping(pod, "resources"))
        if "overhead" in pod:
            for name, value in mapping(pod, "overhead").items():
                if not _is_amount(value):
                    yield _finding(component.path.join(("spec", "overhead", name)), value)
        if "volumes" in pod:
            for path, value in _of_volumes(pod, component.path / "spec"):
                if not _is_amount(value):
                    yield _finding(path, value)


def _in_lists(path: Path, resources: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("requests", "limits"):
        for name, value in mapping(resources, field).items():
            if not _is_amount(value):
                yield _finding(path.join((field, name)), value)


def _of_volumes(pod: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for index, volume in enumerate(items(pod, "volumes")):
        if type(volume) is dict and "sizeLimit" in mapping(volume, "emptyDir"):
            yield (
                path.join(("volumes", index, "emptyDir", "sizeLimit")),
                volume["emptyDir"]["sizeLimit"],
            )


def _is_amount(value: Any) -> bool:
    if not is_quantity(value):
        return type(value) is not str  # null is absent, other types are reported as such
    return (amount(value) or 0) >= 0


def _finding(path: Path, value: Any) -> Finding:
    if is_quantity(value):
        return Finding(path, f"{value} is negative", "write a quantity of 0 or more")
    fact = f"{quoted(value)} is no quantity"
    if path[-1] == "cpu" and (slip := _CPU_SLIP.match(value)):
        return Finding(path, fact, f"write {slip[1]}m")
    if slip := _SLIP.match(value):
        small = "K" if slip[2] in "kK" else slip[2].upper()
        return Finding(path, fact, f"write {slip[1]}{small}i")
    return Finding(path, fact)
