"""/livez, /readyz and /metrics: for the kubelet and Prometheus, on a separate plain port.

A check is computed elsewhere; here it is only called and shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from webhook.kube.health import CheckResult, CheckState
from webhook.runtime.http_message import (
    TEXT,
    HttpRejection,
    HttpRequest,
    HttpResponse,
    RequestHandler,
)
from webhook.runtime.tls import ReloadingTlsContext

__all__ = [
    "Check",
    "CheckResult",
    "CheckState",
    "build_health_app",
    "certificate_check",
    "readiness_report",
]

_STATE_MARKS = {"ok": "+", "degraded": "!", "failed": "-"}
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Check:
    """A named check, called by every /readyz; it must not block."""

    name: str
    probe: Callable[[], CheckResult]


def certificate_check(tls: ReloadingTlsContext, clock: Callable[[], float] = time.time) -> Check:
    """Return the check that the certificate in use is valid now."""

    def probe() -> CheckResult:
        now, identity = clock(), tls.identity
        if now < identity.not_before:
            return CheckResult("failed", f"it becomes valid at {_format_time(identity.not_before)}")
        if now >= identity.not_after:
            return CheckResult("failed", f"it expired at {_format_time(identity.not_after)}")
        days = (identity.not_after - now) / _DAY_SECONDS
        return CheckResult(
            "ok", f"valid until {_format_time(identity.not_after)}, {days:.1f} days left"
        )

    return Check("certificate", probe)


def _format_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def readiness_report(checks: Sequence[Check], *, verbose: bool = False) -> tuple[int, str]:
    """Run all checks; return the HTTP status and the text.

    [+] certificate: valid until 2027-02-20T08:00:00Z, 89.9 days left
    [!] settings-reload: rules.no-such-rule is not a rule; the last valid settings is still in use
    [-] lifecycle: draining, another pod takes over
    not ready

    Without `verbose`, only the lines of failed checks are shown.
    """
    results = [(check.name, check.probe()) for check in checks]
    ready = all(status.state != "failed" for _, status in results)
    lines = [
        f"[{_STATE_MARKS[status.state]}] {name}: {status.detail or status.state}\n"
        for name, status in results
        if verbose or status.state == "failed"
    ]
    return 200 if ready else 503, "".join(lines) + ("ready\n" if ready else "not ready\n")


def build_health_app(
    checks: Sequence[Check],
    render_metrics: Callable[[], bytes],
    *,
    liveness_checks: Sequence[Check] = (),
) -> RequestHandler:
    """Return what answers the health port.

    checks           the checks of /readyz
    render_metrics   yields Prometheus' text format
    liveness_checks  the checks of /livez; without any, a response is enough
    """

    def livez(query: str) -> HttpResponse:
        return report(liveness_checks, query) if liveness_checks else _text(200, "alive\n")

    def readyz(query: str) -> HttpResponse:
        return report(checks, query)

    def report(checks: Sequence[Check], query: str) -> HttpResponse:
        verbose = "verbose" in parse_qs(query, keep_blank_values=True)
        return _text(*readiness_report(checks, verbose=verbose))

    def metrics(_query: str) -> HttpResponse:
        return HttpResponse(200, [_METRICS_TYPE], render_metrics())

    routes = {"/livez": livez, "/readyz": readyz, "/metrics": metrics}

    def handle(request: HttpRequest) -> HttpResponse:
        if request.rejection is not None:
            return request.rejection.response()
        path, _, query = request.target.partition("?")
        route = routes.get(path)
        if route is None:
            return _text(404, "served are /livez, /readyz and /metrics\n")
        if request.method not in {"GET", "HEAD"}:
            return HttpRejection(405, "use GET", ((b"allow", b"GET, HEAD"),)).response()
        return route(query)

    return handle


_METRICS_TYPE = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


def _text(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, [TEXT], text.encode())
