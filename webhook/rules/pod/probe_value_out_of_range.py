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

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_int
from webhook.graph.path import Path
from webhook.rules.pod._pods import iter_handlers

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("probes")})

_MINIMUMS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)
_GRACE_PERIOD_FIELD = "terminationGracePeriodSeconds"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such number (sources: validateProbe, validateLivenessProbe and others)."""
    for container in deployment.containers_with("probes"):
        for field_path, raw in iter_handlers(container):
            if field_path[0] == "lifecycle":
                continue
            for field in raw:
                if field in _MINIMUMS or field == _GRACE_PERIOD_FIELD:
                    path = container.path.join((*field_path, field))
                    yield from _check_number(path, get_int(raw, field), str(field_path[0]))


def _check_number(path: Path, value: int | None, probe: str) -> Iterator[Finding]:
    if value is None:
        return
    field = path[-1]
    if field == _GRACE_PERIOD_FIELD and probe == "readinessProbe":
        yield Finding(
            path, "a readinessProbe ends nothing, and has no grace period", "leave it out"
        )
    elif field == _GRACE_PERIOD_FIELD and value < 1:
        yield Finding(path, f"the grace period is {value} s, less than 1")
    elif value < 0:
        yield Finding(path, f"{field} is {value}, less than 0")
    elif field == "successThreshold" and value > 1 and probe != "readinessProbe":
        yield Finding(path, f"the successThreshold of a {probe} is 1, not {value}", "leave it out")
