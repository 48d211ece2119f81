"""A hook sleeps longer than a container has to stop

Why: a container that is to stop has the pod's terminationGracePeriodSeconds for it, 20 where none
is written, and a sleep in a hook is a part of them. The API server refuses a longer sleep.

Fix: Sleep for less, or write a longer terminationGracePeriodSeconds.

Bad:
    containers:
    - name: classifier
      lifecycle:
        preStop:
          sleep:
            seconds: 40

Good:
    terminationGracePeriodSeconds: 60
    containers:
    - name: classifier
      lifecycle:
        preStop:
          sleep:
            seconds: 40
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Container, Deployment, mapping, number
from webhook.graph.signs import unusual
from webhook.rules._pods import HOOKS, runs_once
from webhook.workloads.probes import GRACE

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("probes")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such hook (source: validateSleepAction)."""
    sleeping = [c for c in deployment.in_need("probes") if _sleeps(c)]
    for container in sleeping:
        grace = _grace(deployment, container)
        lifecycle = mapping(container.raw, "lifecycle")
        for hook in HOOKS:
            seconds = number(mapping(mapping(lifecycle, hook), "sleep"), "seconds")
            if seconds is not None and not 0 <= seconds <= grace:
                bound = f"more than the {grace} that it has" if seconds > 0 else "less than 0"
                place = ("lifecycle", hook, "sleep", "seconds")
                fact = f"the container sleeps for {seconds} seconds, {bound} to stop"
                if seconds < 0:
                    fact = f"the container sleeps for {seconds} seconds, {bound}"
                yield Finding(container.path.join(place), fact)


def _sleeps(container: Container) -> bool:
    if "lifecycle" not in container.raw or runs_once(container):
        return False
    lifecycle = mapping(container.raw, "lifecycle")
    return any("sleep" in mapping(lifecycle, hook) for hook in HOOKS)


def _grace(deployment: Deployment, container: Container) -> int:
    """Return the seconds that the container's pod has to stop, at least 0."""
    for component in deployment.components:
        if container.path[: len(component.path)] == component.path:
            written = number(component.pod, "terminationGracePeriodSeconds")
            # A pod with less than none gets one second (defaulting), its template is judged before.
            return GRACE if written is None else written
    return GRACE
