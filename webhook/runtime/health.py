"""/livez, /readyz and /metrics: what the kubelet and Prometheus ask, on a plain port of its own.

A check is a value that somebody else computes; here it is only asked and shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from webhook.runtime.tls import ReloadingTlsContext

CheckState = Literal["ok", "degraded", "failed"]

_STATE_MARKS = {"ok": "+", "degraded": "!", "failed": "-"}
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found. Only "failed" makes the server unready; the detail says why."""

    state: CheckState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A named question, asked anew by every /readyz; it must not block."""

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
    """Ask all checks; return the HTTP status and the text.

    [+] certificate: valid until 2027-02-20T08:00:00Z, 89.9 days left
    [!] settings-reload: rules.no-such-rule is no rule; the last good settings is still in effect
    [-] lifecycle: draining, another pod answers
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


def build_health_app(checks: Sequence[Check], render_metrics: Callable[[], bytes]) -> Starlette:
    """Return the application of the health port; `exposition` yields Prometheus' text format."""

    async def livez(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(request: Request) -> Response:
        status, text = readiness_report(checks, verbose="verbose" in request.query_params)
        return PlainTextResponse(text, status_code=status)

    async def metrics(_request: Request) -> Response:
        return Response(render_metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    application = Starlette(
        routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
    )
    application.router.redirect_slashes = False
    return application
