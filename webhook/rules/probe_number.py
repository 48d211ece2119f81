"""A probe has a number that it cannot have

Why: the API server refuses a Deployment in which a probe counts or waits below zero, in which a
liveness or startup probe must succeed more than once, or in which a readiness probe sets a grace
period, although it ends nothing.

Fix: Leave the number out, or write one that is allowed.

Bad:
    livenessProbe:
      tcpSocket:
        port: 9000
      successThreshold: 3

Good:
    livenessProbe:
      tcpSocket:
        port: 9000
      failureThreshold: 3
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, number
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.rules._pods import handlers

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("probes")})

_COUNTS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)
_GRACE = "terminationGracePeriodSeconds"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such number (sources: validateProbe, validateLivenessProbe and others)."""
    for container in deployment.in_need("probes"):
        for place, raw in handlers(container):
            if place[0] == "lifecycle":
                continue
            for field in raw:
                if field in _COUNTS or field == _GRACE:
                    path = container.path.join((*place, field))
                    yield from _number(path, number(raw, field), str(place[0]))


def _number(path: Path, value: int | None, probe: str) -> Iterator[Finding]:
    if value is None:
        return
    field = path[-1]
    if field == _GRACE and probe == "readinessProbe":
        yield Finding(
            path, "a readinessProbe ends nothing, and has no grace period", "leave it out"
        )
    elif field == _GRACE and value < 1:
        yield Finding(path, f"the grace period is {value} s, less than 1")
    elif value < 0:
        yield Finding(path, f"{field} is {value}, less than 0")
    elif field == "successThreshold" and value > 1 and probe != "readinessProbe":
        yield Finding(path, f"the successThreshold of a {probe} is 1, not {value}", "leave it out")
