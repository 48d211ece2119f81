"""Hook sleeps longer than the grace period

Why: a container must stop within the pod's terminationGracePeriodSeconds (Seldon's default is 20),
and the sleep of a hook is a part of it. The API server refuses a longer sleep.

Fix: Reduce seconds, or raise terminationGracePeriodSeconds.

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
from webhook.graph.model import ComponentSpec, Container, Handler, get_int, get_mapping
from webhook.rendering.probes import GRACE_PERIOD_SECONDS

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"lifecycle"})


def check(container: Container, component: ComponentSpec | None) -> Iterator[Finding]:
    """Yield each such hook (source: validateSleepAction)."""
    for handler in container.handlers():
        if handler.kind == "hook":
            yield from _check_hook(handler, component)


def _check_hook(handler: Handler, component: ComponentSpec | None) -> Iterator[Finding]:
    seconds = get_int(get_mapping(handler.raw, "sleep"), "seconds")
    if seconds is None:
        return
    grace_period = _grace_period(component)
    if 0 <= seconds <= grace_period:
        return
    bound = f"at most the grace period of {grace_period} s" if seconds > 0 else "at least 0"
    path = handler.path.join(("sleep", "seconds"))
    yield Finding(path, f"sleep must be {bound}, got {seconds} s")


def _grace_period(component: ComponentSpec | None) -> int:
    """Return the grace period of the component in seconds, as its author wrote it."""
    if component is None:
        return GRACE_PERIOD_SECONDS
    written = get_int(component.pod, "terminationGracePeriodSeconds")
    # A pod with less than none gets one second (defaulting), its template is evaluated before.
    return GRACE_PERIOD_SECONDS if written is None else written
