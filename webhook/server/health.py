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

from webhook.server.tls import RotatingTls

State = Literal["ok", "degraded", "failed"]

_MARKS = {"ok": "+", "degraded": "!", "failed": "-"}
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Status:
    """What a check found. Only "failed" makes the server unready; the detail says why."""

    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A named question, asked anew by every /readyz; it must not block."""

    name: str
    probe: Callable[[], Status]


def certificate_check(tls: RotatingTls, clock: Callable[[], float] = time.time) -> Check:
    """Return the check that the certificate in use is valid now."""

    def probe() -> Status:
        now, serving = clock(), tls.serving
        if now < serving.not_before:
            return Status("failed", f"it becomes valid at {_date(serving.not_before)}")
        if now >= serving.not_after:
            return Status("failed", f"it expired at {_date(serving.not_after)}")
        days = (serving.not_after - now) / _DAY
        return Status("ok", f"valid until {_date(serving.not_after)}, {days:.1f} days left")

    return Check("certificate", probe)


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def readiness(checks: Sequence[Check], *, verbose: bool = False) -> tuple[int, str]:
    """Ask all checks; return the HTTP status and the text.

    [+] certificate: valid until 2027-02-20T08:00:00Z, 89.9 days left
    [!] settings-reload: rules.no-such-rule is no rule; the last good settings is still in effect
    [-] lifecycle: draining, another pod answers
    not ready

    Without `verbose`, only the lines of failed checks are shown.
    """
    found = [(check.name, check.probe()) for check in checks]
    ready = all(status.state != "failed" for _, status in found)
    lines = [
        f"[{_MARKS[status.state]}] {name}: {status.detail or status.state}\n"
        for name, status in found
        if verbose or status.state == "failed"
    ]
    return 200 if ready else 503, "".join(lines) + ("ready\n" if ready else "not ready\n")


def health_application(checks: Sequence[Check], exposition: Callable[[], bytes]) -> Starlette:
    """Return the application of the health port; `exposition` yields Prometheus' text format."""

    async def livez(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(request: Request) -> Response:
        status, text = readiness(checks, verbose="verbose" in request.query_params)
        return PlainTextResponse(text, status_code=status)

    async def metrics(_request: Request) -> Response:
        return Response(exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    application = Starlette(
        routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
    )
    application.router.redirect_slashes = False
    return application
