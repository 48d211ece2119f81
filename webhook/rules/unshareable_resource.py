"""A device is asked for in parts

Why: devices and huge pages are handed out whole, and to one container only. Their limit must be
given, a request must equal it, devices are counted in whole numbers and huge pages in whole pages.
The API server refuses a Deployment with anything else.

Fix: Write the limit alone, as a whole number.

Bad:
    resources:
      requests:
        nvidia.com/gpu: 1

Good:
    resources:
      limits:
        nvidia.com/gpu: 1
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.kubernetes import NANO, amount
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.rules.request_over_limit import is_device

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("resources")})

_HUGE = "hugepages-"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each device that is not asked for as a whole (validateResourceRequirements)."""
    for container in deployment.in_need("resources"):
        resources = container.raw.get("resources")
        if type(resources) is not dict:
            continue
        for field in ("limits", "requests"):
            for name, value in mapping(resources, field).items():
                # Most are called cpu or memory; the cheap question first.
                if ("/" in name or "-" in name) and is_device(name):
                    yield from _device(container.path / "resources", resources, field, name, value)


def _device(
    path: Path, resources: Mapping[str, Any], field: str, name: str, value: Any
) -> Iterator[Finding]:
    asked = amount(value)
    place = path.join((field, name))
    if asked is None or asked < 0:
        return  # no quantity: that is said
    if name.startswith(_HUGE):
        page = amount(name.removeprefix(_HUGE))
        if not page or asked % page:
            yield Finding(place, f"{value} is no whole number of pages of {name}")
            return
        all_names = {*mapping(resources, "limits"), *mapping(resources, "requests")}
        if not all_names & {"cpu", "memory"}:
            yield Finding(place, f"{name} are given only with cpu or memory", "add a limit of cpu")
    elif asked % NANO:
        yield Finding(place, f"{value} {name} is no whole number")
        return
    if field == "requests":
        yield from _request(path, resources, name)


def _request(path: Path, resources: Mapping[str, Any], name: str) -> Iterator[Finding]:
    request = mapping(resources, "requests")[name]
    limit = mapping(resources, "limits").get(name)
    place = path.join(("requests", name))
    if limit is None and amount(request):
        to = path.join(("limits", name)).pointer
        missing = not mapping(resources, "limits")
        limits: Operation = {
            "op": "add",
            "path": (path / "limits").pointer,
            "value": {name: request},
        }
        one: Operation = {"op": "add", "path": to, "value": request}
        fact = f"{name} is requested, and has no limit: it cannot be shared"
        yield Finding(place, fact, f"add a limit of {request}", (limits if missing else one,))
    elif (most := amount(limit)) is not None and most != amount(request) and not most % NANO:
        fact = f"the request of {request} {name} is not its limit of {limit}: it cannot be shared"
        yield Finding(place, fact, f"write {limit}")
