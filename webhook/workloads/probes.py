"""Probes and the farewell of a container: what Seldon adds where the author wrote none."""

from typing import Any

from webhook.graph.model import number
from webhook.workloads.placement import Placement, Pod

LIVENESS_DELAY = 60
READINESS_DELAY = 20
"""Seconds before the first probe: models take their time to load. Seldon's numbers."""

FAREWELL = 10
"""Seconds that a stopping container goes on serving, until no endpoint list names it. Seldon's."""

GRACE = 20
"""terminationGracePeriodSeconds where the author wrote none. Seldon's; Kubernetes' own is 30."""


def tcp(port: int, delay: int, failures: int = 3) -> dict[str, Any]:
    """Return a probe that connects to `port` every five seconds after `delay` seconds."""
    return _probe({"tcpSocket": {"port": port}}, delay, period=5, failures=failures)


def http(path: str, port: int, delay: int) -> dict[str, Any]:
    """Return a probe that gets `path` from `port` every ten seconds after `delay` seconds."""
    return _probe({"httpGet": {"path": path, "port": port}}, delay, period=10)


def _probe(
    action: dict[str, Any], delay: int, *, period: int, failures: int = 3, timeout: int = 1
) -> dict[str, Any]:
    return {
        **action,
        "initialDelaySeconds": delay,
        "timeoutSeconds": timeout,
        "periodSeconds": period,
        "successThreshold": 1,
        "failureThreshold": failures,
    }


def engine(port: int, path: str, *, tls: bool) -> dict[str, Any]:
    """Return a probe of the orchestrator; it asks every node, so it may take a minute."""
    action = {"httpGet": {"path": path, "port": port, "scheme": "HTTPS" if tls else "HTTP"}}
    return _probe(action, READINESS_DELAY, period=5, timeout=60)


def lifecycle(placement: Placement, pod: Pod | None) -> dict[str, Any] | None:
    """Return the pause before a container is stopped; None where the grace period has no room.

    Seldon runs `/bin/sh -c "/bin/sleep 10"`, which fails in an image without a shell. Kubernetes
    sleeps by itself since 1.30 (beta, on by default; stable in 1.34); older clusters get Seldon's
    command. The API server refuses a sleep longer than the grace period, and the model needs some
    of it to finish: it sleeps for half of it at most.
    """
    grace = number(pod.spec, "terminationGracePeriodSeconds") if pod else None
    seconds = min(FAREWELL, (GRACE if grace is None else grace) // 2)
    if seconds < 1:
        return None
    if placement.facts.minor is not None and placement.facts.minor < 30:
        return {"preStop": {"exec": {"command": ["/bin/sh", "-c", f"/bin/sleep {seconds}"]}}}
    return {"preStop": {"sleep": {"seconds": seconds}}}
