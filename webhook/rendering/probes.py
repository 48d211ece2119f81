"""Probes and the farewell of a container: what Seldon adds where the author wrote none."""

from typing import Any

from webhook.graph.model import get_int
from webhook.rendering.layout import PodLayout, PredictorLayout

LIVENESS_DELAY_SECONDS = 60
READINESS_DELAY_SECONDS = 20
"""Seconds before the first probe: models take their time to load. Seldon's numbers."""

PRE_STOP_SECONDS = 10
"""Seconds that a stopping container goes on serving, until no endpoint list names it. Seldon's."""

GRACE_PERIOD_SECONDS = 20
"""terminationGracePeriodSeconds where the author wrote none. Seldon's; Kubernetes' own is 30."""


def tcp_probe(port: int | str, delay: int, failures: int = 3) -> dict[str, Any]:
    """Return a probe that connects to `port` every five seconds after `delay` seconds."""
    return _build_probe({"tcpSocket": {"port": port}}, delay, period=5, failures=failures)


def http_probe(path: str, port: int | str, delay: int, period: int) -> dict[str, Any]:
    """Return a probe that gets `path` from `port` every `period` seconds after `delay` seconds."""
    return _build_probe({"httpGet": {"path": path, "port": port}}, delay, period=period)


def _build_probe(
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


def orchestrator_probe(port: int, path: str, *, tls: bool) -> dict[str, Any]:
    """Return a probe of the orchestrator; it checks every node, so it may take a minute."""
    action = {"httpGet": {"path": path, "port": port, "scheme": "HTTPS" if tls else "HTTP"}}
    return _build_probe(action, READINESS_DELAY_SECONDS, period=5, timeout=60)


def pre_stop_lifecycle(layout: PredictorLayout, pod: PodLayout | None) -> dict[str, Any] | None:
    """Return the pause before a container is stopped; None where the grace period has no room.

    Seldon runs `/bin/sh -c "/bin/sleep 10"`, which fails in an image without a shell. Kubernetes
    sleeps by itself since 1.30 (beta, on by default; stable in 1.34); older clusters get Seldon's
    command. The API server refuses a sleep longer than the grace period, and the model needs some
    of it to finish: it sleeps for half of it at most.
    """
    grace = get_int(pod.spec, "terminationGracePeriodSeconds") if pod else None
    if layout.is_seldon:
        grace = None
    seconds = min(PRE_STOP_SECONDS, (GRACE_PERIOD_SECONDS if grace is None else grace) // 2)
    if seconds < 1:
        return None
    minor = layout.facts.kubernetes_minor
    if layout.is_seldon or (minor is not None and minor < 30):
        return {"preStop": {"exec": {"command": ["/bin/sh", "-c", f"/bin/sleep {seconds}"]}}}
    return {"preStop": {"sleep": {"seconds": seconds}}}
