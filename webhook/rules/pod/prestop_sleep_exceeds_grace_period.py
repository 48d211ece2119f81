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
from webhook.graph.model import ComponentSpec, Container, get_int, get_mapping
from webhook.rendering.probes import GRACE_PERIOD_SECONDS
from webhook.rules.pod._pods import HOOKS, is_run_to_completion

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"lifecycle"})


def check(container: Container, component: ComponentSpec | None) -> Iterator[Finding]:
    """Yield each such hook (source: validateSleepAction)."""
    if not _has_sleep_hook(container):
        return
    grace_period = _grace_period(component)
    lifecycle = get_mapping(container.raw, "lifecycle")
    for hook in HOOKS:
        seconds = get_int(get_mapping(get_mapping(lifecycle, hook), "sleep"), "seconds")
        if seconds is not None and not 0 <= seconds <= grace_period:
            bound = f"more than the {grace_period} that it has" if seconds > 0 else "less than 0"
            path = ("lifecycle", hook, "sleep", "seconds")
            message = f"the container sleeps for {seconds} seconds, {bound} to stop"
            if seconds < 0:
                message = f"the container sleeps for {seconds} seconds, {bound}"
            yield Finding(container.path.join(path), message)


def _has_sleep_hook(container: Container) -> bool:
    if "lifecycle" not in container.raw or is_run_to_completion(container):
        return False
    lifecycle = get_mapping(container.raw, "lifecycle")
    return any("sleep" in get_mapping(lifecycle, hook) for hook in HOOKS)


def _grace_period(component: ComponentSpec | None) -> int:
    """Return the seconds that a container of the component has to stop, at least 0."""
    if component is None:
        return GRACE_PERIOD_SECONDS
    written = get_int(component.pod, "terminationGracePeriodSeconds")
    # A pod with less than none gets one second (defaulting), its template is judged before.
    return GRACE_PERIOD_SECONDS if written is None else written
