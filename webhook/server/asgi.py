"""The webhook as an ASGI application (Starlette), to mount in a gateway or to run elsewhere.

    Request -> HttpRequest -> AdmissionApp -> HttpResponse -> Response

`graphgate serve` uses AdmissionApp too, so verdicts, status codes and texts are the
same. TLS, connections and time limits are the ASGI server's; `uvicorn_server` brings those of
`serve` to uvicorn.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import TypedDict
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from webhook.errors import SettingsError
from webhook.runtime.connection_pool import ConnectionPool
from webhook.runtime.health import Check, CheckResult, build_health_app
from webhook.runtime.hot_reload import Reloadable, ReloadLoop
from webhook.runtime.http_message import HttpRejection, HttpRequest, HttpResponse, RequestHandler
from webhook.runtime.limits import Limits
from webhook.runtime.log import json_logging
from webhook.runtime.metrics import ServerMetrics
from webhook.runtime.single_document import read_single_document
from webhook.server.app import AdmissionApp
from webhook.server.handler import AdmissionReviewHandler, ReviewHandler, warm_up
from webhook.server.policy_files import ResolvedPolicySources
from webhook.server.policy_store import PolicyStore
from webhook.server.settings_store import SettingsStore
from webhook.settings.model import Settings, read_settings

SETTINGS_VARIABLE = "GRAPHGATE_SETTINGS"
"""Names the settings file of `create_default_app`, which no command line can."""

_HEALTH_PATHS = frozenset({"/livez", "/readyz"})
_PATH_CHARACTERS = "/:@!$&'()*+,;=~-._"
"""Characters of a path that are not escaped (RFC 3986, 3.3)."""


class AppState(TypedDict):
    """What the application's life hands to the connections of its server.

    handler  answers a request, whichever door it came through
    pool     for `uvicorn_server`'s connections; without them it stays empty
    """

    handler: RequestHandler
    pool: ConnectionPool


def create_app(
    handle_review: ReviewHandler,
    *,
    limits: Limits | None = None,
    metrics: ServerMetrics | None = None,
    checks: Sequence[Check] = (),
    sources: Sequence[Reloadable] = (),
    reload_interval: float = 10.0,
    background: Sequence[AbstractContextManager[object]] = (),
) -> Starlette:
    """Return the application: POST /mutate and /validate, GET /livez and /readyz.

    handle_review    answers one review; called in the event loop, so it must not block
    limits           only `max_body_bytes` applies, unless `uvicorn_server` runs the application
    metrics          counts; None: not collected
    checks           the checks of /readyz
    sources          what is read again every `reload_interval` seconds, while the application's
                     lifespan runs. A server runs it; Starlette does not for an application that is
                     mounted in another: whoever mounts enters `app.router.lifespan_context(app)`
    background       runs while the lifespan does

    For asyncio's event loops.
    """
    limits, metrics = limits or Limits(), metrics or ServerMetrics()
    reload_loop = ReloadLoop(sources, metrics.count_reload_failure)
    is_running = False

    def check_lifespan() -> CheckResult:
        if is_running or not sources:
            return CheckResult("ok")
        return CheckResult("degraded", "the lifespan is not running: changed files are not read")

    all_checks = [Check("lifespan", check_lifespan), *reload_loop.checks(), *checks]
    admission = AdmissionApp(handle_review, metrics)
    health = build_health_app(all_checks, metrics.render_metrics)

    def handle(request: HttpRequest) -> HttpResponse:
        path = request.target.partition("?")[0]
        # Other methods on these paths get the same response as on `serve`'s 8443.
        is_health = path in _HEALTH_PATHS and request.method in {"GET", "HEAD"}
        return health(request) if is_health else admission(request)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[AppState]:
        nonlocal is_running
        pool = ConnectionPool(asyncio.get_running_loop(), limits, metrics.count_aborted_connection)
        pool.refresh_date()
        reload_task = asyncio.create_task(reload_loop.run(reload_interval))
        is_running = True
        try:
            with ExitStack() as stack:
                for manager in background:
                    stack.enter_context(manager)
                yield {"handler": handle, "pool": pool}
        finally:
            is_running = False
            reload_task.cancel()
            with suppress(asyncio.CancelledError):
                await reload_task
            pool.stop()

    endpoint = _Endpoint(handle, limits.max_body_bytes)
    # One route for all: AdmissionApp says what is wrong with a path or a method.
    return Starlette(routes=[Route("/{path:path}", endpoint)], lifespan=lifespan)


class _Endpoint:
    """Translates an ASGI call into a call of a RequestHandler."""

    def __init__(self, handler: RequestHandler, max_body_bytes: int) -> None:
        self._handler = handler
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; a caller that is gone gets no answer."""
        try:
            request = await self._read(Request(scope, receive))
        except ClientDisconnect:
            return
        answer = self._handler(request)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers
        }
        response = Response(answer.content, answer.status, headers)
        await response(scope, receive, send)
        answer.on_sent()

    async def _read(self, request: Request) -> HttpRequest:
        """Return the request, with no more of its body in memory than the limit.

        The path is the one below the place where the application is mounted.
        """
        path = quote(f"/{request.path_params['path']}", safe=_PATH_CHARACTERS)
        query = request.scope["query_string"].decode(errors="replace")
        read = HttpRequest(
            method=request.method,
            target=f"{path}?{query}" if query else path,
            headers=dict(request.scope["headers"]),
            began_at=perf_counter(),
        )
        body = bytearray()
        async for piece in request.stream():
            if len(body) + len(piece) > self._max_body_bytes:
                text = f"the body is larger than {self._max_body_bytes} bytes"
                read.rejection = HttpRejection(413, text)
                return read
            body += piece
        read.body = bytes(body)
        return read


def create_default_app() -> Starlette:
    """Return the application with the settings that the environment names.

    uvicorn --factory webhook.server.asgi:create_default_app

    GRAPHGATE_SETTINGS names the settings file (see policies/default.yaml), without it there are
    none; DEFAULT_USER_ID is read as `serve` does. Policies are those of `policies.files`. While the
    application runs, the process logs JSON lines to standard output. One review takes 2 s at most,
    for which SIGALRM is taken over: call it in the main thread.

    Raises SettingsError or PolicyError if settings or policies cannot be used, and SettingsError
    for policies of the cluster (`policies.selector`), which only `graphgate serve` follows.
    """
    file = Path(os.environ[SETTINGS_VARIABLE]) if os.environ.get(SETTINGS_VARIABLE) else None

    def load_settings() -> Settings:
        if file is None:
            settings = read_settings(None, os.environ)
        else:
            document = read_single_document(file)
            settings = read_settings(document.value, os.environ, source=document.source)
        if settings.policies.selector is not None:
            raise SettingsError(
                "policies.selector: policies of the cluster require graphgate serve; "
                "use kubectl get -o yaml to write them into a file for policies.files"
            )
        return settings

    settings_store = SettingsStore(load_settings, file, warm_up)
    folder = Path() if file is None else file.parent
    policies = PolicyStore(
        lambda: ResolvedPolicySources(
            tuple(folder / name for name in settings_store.settings.policies.files)
        )
    )
    metrics = ServerMetrics()
    policies.register_metrics(metrics)
    return create_app(
        AdmissionReviewHandler(settings_store, policies),
        metrics=metrics,
        checks=[policies.readiness_check()],
        sources=[settings_store, policies] if file else [policies],
        background=[json_logging(sys.stdout.fileno(), metrics.count_dropped_log_lines)],
    )
