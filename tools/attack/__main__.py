"""python -m tools.attack: what the worst objects cost, in CPU and memory. Prints a table.

Each family (`families`) is built as large as one object may be, and sent through the whole line of
the webhook, bytes to bytes, as a CREATE at both endpoints, with Pod Security *restricted* enforced,
which renders all pods. Every review has a process of its own, forked from one that is warm as a
server is, with an end to its CPU time; its peak of resident memory (VmHWM) is compared with that
before. Nothing is sent over a network. Linux only.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import orjson

from tools.attack.families import Family, all_families
from webhook.admission import Endpoint, handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import Settings, read_settings

CPU_LIMIT_SECONDS = 20
"""After which a review is ended, and told as such: far above the goal."""

GOAL_MS, GOAL_MIB = 250, 64
"""What no review is to exceed: so long may four of them delay another client, one after the other,
and so many fit beside an idle server into the chart's memory limit of 512 MiB."""


class Cost(NamedTuple):
    """What one review took: None where it did not end."""

    name: str
    kib: int
    cpu_ms: float | None
    mib: float


def main() -> None:
    """Measure every family, or some; fail if one exceeds a goal."""
    parser = argparse.ArgumentParser(prog="python -m tools.attack", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="families with this in the name")
    parser.add_argument("--size", type=int, default=500, help="things of a family (default 500)")
    parser.add_argument("--rows", type=int, default=20, help="of the table (default 20)")
    given = parser.parse_args()
    families = {n: build for n, build in all_families().items() if given.only in n}
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "podSecurity": {"mode": "enforce", "level": "restricted"},
        }
    )
    settings.rule_set.preload()
    for build in families.values():
        handle_review(_review(build(2)), "mutate", settings, NO_FACTS)
    costs = [_measure(name, build, given.size, settings) for name, build in families.items()]
    costs.sort(key=lambda cost: (cost.cpu_ms is not None, -(cost.cpu_ms or 0)))
    print("| worst families | KiB sent | CPU ms | MiB over idle |")
    print("| --- | ---: | ---: | ---: |")
    for cost in costs[: given.rows]:
        cpu = "did not end" if cost.cpu_ms is None else f"{cost.cpu_ms:.0f}"
        print(f"| {cost.name} | {cost.kib} | {cpu} | {cost.mib:.1f} |")
    over = [c for c in costs if c.cpu_ms is None or c.cpu_ms > GOAL_MS or c.mib > GOAL_MIB]
    print(
        f"\n{len(costs)} families of {given.size}; {len(over)} over {GOAL_MS} ms or {GOAL_MIB} MiB"
    )
    sys.exit(bool(over))


def _review(document: object) -> bytes:
    return orjson.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "a",
                "operation": "CREATE",
                "namespace": "b",
                "resource": {"group": "machinelearning.seldon.io", "resource": "seldondeployments"},
                "object": document,
            },
        }
    )


def _measure(name: str, build: Family, size: int, settings: Settings) -> Cost:
    body = _review(build(size))
    worst = Cost(name, len(body) >> 10, 0.0, 0.0)
    endpoints: tuple[Endpoint, ...] = ("mutate", "validate")
    for endpoint in endpoints:
        answer = _in_child(lambda endpoint=endpoint: _cost(body, endpoint, settings))  # type: ignore[misc]
        if answer is None:
            return worst._replace(cpu_ms=None)
        worst = worst._replace(
            cpu_ms=max(worst.cpu_ms or 0, answer[0]), mib=max(worst.mib, answer[1])
        )
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
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_SECONDS, CPU_LIMIT_SECONDS))
        os.write(writer, orjson.dumps(measure()))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        answer = told.read()
    os.waitpid(child, 0)
    if not answer:
        return None
    cpu_ms, mib = orjson.loads(answer)
    return cpu_ms, mib


if __name__ == "__main__":
    main()
