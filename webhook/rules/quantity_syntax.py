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
from webhook.graph.model import Deployment, mapping, mappings
from webhook.graph.path import Path
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"

_SLIP = re.compile(r" *([0-9]+(?:\.[0-9]+)?) *([kKmMgGtTpP])[iI]?[bB]? *\Z")
_CPU_SLIP = re.compile(r" *([0-9]+) *[mM] *\Z")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each amount that is no quantity, or negative (ParseQuantity, …NonnegativeQuantity)."""
    for container in deployment.in_need("resources"):
        resources = container.raw.get("resources")
        if type(resources) is dict:
            for field in ("requests", "limits"):
                for name, value in mapping(resources, field).items():
                    if not _is_amount(value):
                        yield _finding(container.path.join(("resources", field, name)), value)
    for predictor in deployment.predictors:
        if "svcOrchSpec" in predictor.raw:
            resources = mapping(mapping(predictor.raw, "svcOrchSpec"), "resources")
            path = predictor.path.join(("svcOrchSpec", "resources"))
            yield from _in_lists(path, resources)
    for component in deployment.components:
        if "volumes" in component.pod:
            for path, value in _of_volumes(component.pod, component.path / "spec"):
                if not _is_amount(value):
                    yield _finding(path, value)


def _in_lists(path: Path, resources: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("requests", "limits"):
        for name, value in mapping(resources, field).items():
            if not _is_amount(value):
                yield _finding(path.join((field, name)), value)


def _of_volumes(pod: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for index, volume in mappings(pod, "volumes"):
        if "emptyDir" in volume and "sizeLimit" in mapping(volume, "emptyDir"):
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
