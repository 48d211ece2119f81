"""What the worst objects cost the engine, one review in one process.

Each family (`families`) is built as large as one object may be, and sent through the whole line of
the webhook, bytes to bytes, as a CREATE at both endpoints and as an UPDATE, with Pod Security
*restricted* enforced, which renders all pods. Every review has a process of its own, forked from
one that is warm as a server is, with an end to its CPU time; its peak of resident memory (VmHWM) is
compared with that before.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from tools.attack.families import Family, all_families
from tools.attack.result import Result
from webhook.admission import Endpoint, handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.server.lifecycle import tune_gc
from webhook.settings.model import Settings, read_settings

CPU_LIMIT_SECONDS = 20
"""Time after which a review is aborted and reported: far above the goal."""

GOAL_MS, GOAL_MIB = 250, 64
"""What no review is to exceed: so long may one delay another client, and so many fit beside an idle
server into the chart's memory limit of 512 MiB."""

SETTINGS = {
    "apiVersion": "graphgate.io/v1alpha1",
    "kind": "Settings",
    "podSecurity": {"mode": "enforce", "level": "restricted"},
}


class Cost(NamedTuple):
    """What the dearest review of a family took; cpu_ms is None where it did not end."""

    name: str
    kib: int
    cpu_ms: float | None
    mib: float

    @property
    def exceeds(self) -> bool:
        """Whether it is more than the goal."""
        return self.cpu_ms is None or self.cpu_ms > GOAL_MS or self.mib > GOAL_MIB


def attack(only: str, size: int, rows: int) -> tuple[list[Result], list[str]]:
    """Measure families of this size; return the lines, and the names, the worst first."""
    families = {name: build for name, build in all_families().items() if only in name}
    settings = read_settings(SETTINGS)
    settings.rule_set.preload()
    for build in families.values():
        handle_review(review(build(2)), "mutate", settings, NO_FACTS)
    tune_gc()
    costs = [_measure(name, build, size, settings) for name, build in families.items()]
    costs.sort(key=lambda cost: (cost.cpu_ms is not None, -(cost.cpu_ms or 0)))
    print("| worst families | KiB sent | CPU ms | MiB over idle |")
    print("| --- | ---: | ---: | ---: |")
    for cost in costs[:rows]:
        cpu = "did not end" if cost.cpu_ms is None else f"{cost.cpu_ms:.0f}"
        print(f"| {cost.name} | {cost.kib} | {cpu} | {cost.mib:.1f} |")
    print(flush=True)
    return _results(costs, size), [cost.name for cost in costs]


def _results(costs: list[Cost], size: int) -> list[Result]:
    slowest = costs[0]
    largest = max(costs, key=lambda cost: cost.mib)
    over = sum(cost.exceeds for cost in costs)
    cpu = "did not end" if slowest.cpu_ms is None else f"{slowest.cpu_ms:.0f} ms of CPU"
    return [
        Result(
            f"one object, {len(costs)} families of {size} things",
            f"{cpu} ({slowest.name}), {largest.mib:.0f} MiB ({largest.name}); {over} over the goal",
            f"{GOAL_MS} ms, {GOAL_MIB} MiB over idle",
            not over,
        )
    ]


def review(document: Any, old_document: Any = None) -> bytes:
    """Return the body of a CREATE, or of an UPDATE."""
    request: dict[str, Any] = {
        "uid": "a",
        "operation": "CREATE" if old_document is None else "UPDATE",
        "namespace": "b",
        "resource": {
            "group": "machinelearning.seldon.io",
            "version": "v1",
            "resource": "seldondeployments",
        },
        "object": document,
    }
    if old_document is not None:
        request["oldObject"] = old_document
    return orjson.dumps(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    )


def reviews(document: dict[str, Any]) -> Iterator[tuple[Endpoint, bytes]]:
    """Yield what an author can have asked of a document, with the endpoint."""
    created = review(document)
    yield "mutate", created
    yield "validate", created
    yield "validate", review(document, {**document, "spec": {**document["spec"], "name": "other"}})


def _measure(name: str, build: Family, size: int, settings: Settings) -> Cost:
    worst = Cost(name, 0, 0.0, 0.0)
    for endpoint, body in reviews(build(size)):
        answer = _in_child(
            lambda body=body, endpoint=endpoint: _cost(body, endpoint, settings)  # type: ignore[misc]
        )
        kib = max(worst.kib, len(body) >> 10)
        if answer is None:
            return worst._replace(cpu_ms=None, kib=kib)
        worst = Cost(name, kib, max(worst.cpu_ms or 0, answer[0]), max(worst.mib, answer[1]))
    return worst


def _cost(body: bytes, endpoint: Endpoint, settings: Settings) -> tuple[float, float]:
    before, started = _status_kib("VmRSS"), time.process_time()
    handle_review(body, endpoint, settings, NO_FACTS)
    return (time.process_time() - started) * 1000, (_status_kib("VmHWM") - before) / 1024


def _status_kib(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise LookupError(field)


def _in_child(measure: Callable[[], tuple[float, float]]) -> tuple[float, float] | None:
    """Return what a forked process measures; None if it does not live to tell."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_SECONDS, CPU_LIMIT_SECONDS))
            os.write(writer, orjson.dumps(measure()))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    if not answer:
        return None
    cpu_ms, mib = orjson.loads(answer)
    return cpu_ms, mib
