"""Invalid extended resource amount

Why: devices and huge pages are not shared between containers. They need a limit, a request must
equal it, devices are integers, and huge pages are multiples of the page size. The API server
refuses anything else.

Fix: Set only the limit, to an integer.

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
from webhook.graph.k8s_syntax import MAX_COUNT, NANO, is_page_multiple, parse_quantity
from webhook.graph.model import Container, get_mapping
from webhook.graph.path import Path
from webhook.graph.well_known import HUGE_PAGES_PREFIX
from webhook.rules.pod.request_over_limit import is_extended_resource

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"resources"})
LOCAL = True


def check(container: Container) -> Iterator[Finding]:
    """Yield each device with an invalid amount or limit (validateResourceRequirements)."""
    resources = container.raw.get("resources")
    if type(resources) is not dict:
        return
    for field in ("limits", "requests"):
        for name, value in get_mapping(resources, field).items():
            # Most are cpu or memory; the cheap check comes first.
            if ("/" in name or "-" in name) and is_extended_resource(name):
                yield from _check_device(
                    container.path / "resources", resources, field, name, value
                )


def _check_device(
    path: Path, resources: Mapping[str, Any], field: str, name: str, value: Any
) -> Iterator[Finding]:
    field_path = path.join((field, name))
    if message := explain_invalid_count(name, value):
        yield Finding(field_path, message)
        return
    if name.startswith(HUGE_PAGES_PREFIX):
        all_names = {*get_mapping(resources, "limits"), *get_mapping(resources, "requests")}
        if not all_names & {"cpu", "memory"}:
            yield Finding(
                field_path, "hugepages require a cpu or memory setting", "add a cpu limit"
            )
    if field == "requests":
        yield from _check_request(path, resources, name)


def explain_invalid_count(name: str, value: Any) -> str:
    """Return what is wrong with an amount of what is counted in whole things; "" if nothing is."""
    amount = parse_quantity(value)
    if amount is None or amount < 0:
        return ""  # malformed-quantity reports it
    if name.startswith(HUGE_PAGES_PREFIX):
        if is_page_multiple(amount, name):
            return ""
        return f"{value} is not a multiple of the page size of {name}"
    if amount % NANO:
        return f"{name} must be an integer, got {value}"
    return "" if amount <= MAX_COUNT else f"{name} must be at most {MAX_COUNT // NANO}, got {value}"


def _check_request(path: Path, resources: Mapping[str, Any], name: str) -> Iterator[Finding]:
    request = get_mapping(resources, "requests")[name]
    limit = get_mapping(resources, "limits").get(name)
    field_path = path.join(("requests", name))
    if limit is None and parse_quantity(request):
        to = path.join(("limits", name)).pointer
        missing = not get_mapping(resources, "limits")
        limits: Operation = {
            "op": "add",
            "path": (path / "limits").pointer,
            "value": {name: request},
        }
        one: Operation = {"op": "add", "path": to, "value": request}
        message = f"{name} needs a limit equal to its request of {request}"
        fix = limits if missing else one
        yield Finding(field_path, message, f"set the limit to {request}", (fix,), fix_safety="safe")
    elif (
        (limit_amount := parse_quantity(limit)) is not None
        and limit_amount != parse_quantity(request)
        and not limit_amount % NANO
    ):
        message = f"{name} request must equal the limit {limit}, got {request}"
        yield Finding(field_path, message, f"use {limit}")
