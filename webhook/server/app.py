"""The two routes of the webhook: bytes in, judge, bytes out.

What an object must be is `webhook.admission`'s; it comes in as one callable, `handler.Judge`. No
Request and Response objects on the way: they cost as much as reading the review.
"""

import logging
from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webhook.errors import MalformedReviewError
from webhook.runtime.http_protocol import HttpResponse
from webhook.runtime.limits import Limits
from webhook.runtime.log import AdmissionLogRecord
from webhook.runtime.metrics import ServerMetrics
from webhook.server.handler import Endpoint, ReviewHandler, ReviewResult

logger = logging.getLogger("graphgate")


class RejectedRequestError(Exception):
    """A call that is answered without judging."""

    def __init__(self, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


class InFlight:
    """What is going on at this moment.

    calls   in flight
    bodies  bytes of request bodies that have arrived in part
    """

    __slots__ = ("body_bytes", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.body_bytes = 0


class AdmissionEndpoint:
    """One of the two routes, as an ASGI application."""

    def __init__(
        self,
        endpoint: Endpoint,
        handle_review: ReviewHandler,
        limits: Limits,
        in_flight: InFlight,
        metrics: ServerMetrics,
    ) -> None:
        self._endpoint: Endpoint = endpoint
        self._handle_review = handle_review
        self._limits = limits
        self._in_flight = in_flight
        self._metrics = metrics

    def handle_sync(self, scope: Mapping[str, Any], body: bytes) -> HttpResponse:
        """Answer a call whose body is there (see `runtime.http_protocol.AtOnce`)."""
        started_at = perf_counter()
        try:
            self._check_head(scope)
            if rejection := self._check_size(len(body), 0):
                raise rejection
        except RejectedRequestError as rejection:
            return self._http_response(_rejection_response(rejection), started_at)
        return self._http_response(self._review(body), started_at)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call whose body comes in pieces."""
        started_at = perf_counter()
        self._in_flight.requests += 1
        try:
            self._check_head(scope)
            message = await receive()
            body: bytes | None = message.get("body")
            if message.get("more_body"):
                body = await self._read_body(message, receive)
            if body is None:
                return  # the peer went away
            reply = self._review(body)
        except RejectedRequestError as rejection:
            reply = _rejection_response(rejection)
        finally:
            self._in_flight.requests -= 1
        response = self._http_response(reply, started_at)
        await _send(send, response)
        response.on_sent()

    def _review(self, body: bytes) -> "_Response":
        try:
            result = self._handle_review(body, self._endpoint)
        except MalformedReviewError as error:
            logger.warning("malformed_review", extra=self._log_fields(str(error)))
            return _Response(400, f"{error}\n".encode(errors="replace"), [_TEXT_HEADER])
        except Exception:
            logger.exception("review_failed", extra=self._log_fields("a fault of graphgate"))
            return _Response(500, _INTERNAL_ERROR, [_TEXT_HEADER])
        return _Response(200, result.body, [_JSON_HEADER], result)

    def _http_response(self, reply: "_Response", started_at: float) -> HttpResponse:
        return HttpResponse(
            reply.status, reply.headers, reply.content, partial(self._record, reply, started_at)
        )

    async def _read_body(self, message: Message, receive: Receive) -> bytes | None:
        """Return a body that comes in pieces; None if the peer goes away. Raises Refusal.

        A body in one piece, as nearly all are, is in memory already and judged before anything
        else happens: it is not counted. Neither is this one once it is complete.
        """
        in_flight, received = self._in_flight, 0
        chunks: list[bytes] = []
        rejection: RejectedRequestError | None = None
        try:
            while message["type"] == "http.request":
                chunk: bytes = message["body"]
                rejection = rejection or self._check_size(
                    received + len(chunk), in_flight.body_bytes + len(chunk)
                )
                if rejection is None:
                    chunks.append(chunk)
                    received += len(chunk)
                    in_flight.body_bytes += len(chunk)
                elif received:
                    chunks.clear()
                    in_flight.body_bytes -= received
                    received = 0
                if message.get("more_body"):
                    # Also after a refusal: a peer that is still sending when its connection
                    # closes never sees the answer.
                    message = await receive()
                elif rejection is not None:
                    raise rejection
                else:
                    return b"".join(chunks)
        finally:
            in_flight.body_bytes -= received
        return None

    def _check_size(self, size: int, total: int) -> RejectedRequestError | None:
        """Refuse a body of this size so far, or all bodies of this size together.

        Counted as they arrive and not as announced: whoever announces much and sends nothing
        takes nothing away from others.
        """
        if size > self._limits.max_body_bytes:
            return self._too_large()
        if total > self._limits.max_body_bytes_in_flight:
            return RejectedRequestError(
                429, "too many bodies at once, try again", (b"retry-after", b"1")
            )
        return None

    def _check_head(self, scope: Mapping[str, Any]) -> None:
        content_type = b""
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value
            elif name == b"content-length" and int(value) > self._limits.max_body_bytes:
                raise self._too_large()
        if content_type != b"application/json" and not _is_json(content_type):
            raise RejectedRequestError(415, "the content type must be application/json")

    def _too_large(self) -> RejectedRequestError:
        return RejectedRequestError(
            413, f"the body is larger than {self._limits.max_body_bytes} bytes"
        )

    def _log_fields(self, reason: str) -> dict[str, dict[str, str]]:
        return {"fields": {"endpoint": self._endpoint, "reason": reason}}

    def _record(self, reply: "_Response", started_at: float) -> None:
        seconds = perf_counter() - started_at
        self._metrics.observe_request(self._endpoint, reply.status, seconds)
        result = reply.result
        if result is None:
            return
        self._metrics.observe_decision(
            self._endpoint, result.verdict, result.findings, len(result.rule_errors)
        )
        fields: dict[str, object] = {
            "endpoint": self._endpoint,
            "uid": result.uid,
            "namespace": result.namespace,
            "name": result.name,
            "operation": result.operation,
            "verdict": result.verdict,
            "rules": sorted({rule for rule, _ in result.findings}),
            "milliseconds": round(seconds * 1000, 3),
        }
        if result.policy_set_version:
            fields["policySetVersion"] = result.policy_set_version
        logger.handle(AdmissionLogRecord(fields))
        for failure in result.rule_errors:
            log_fields = {"rule": failure.rule_id, "uid": result.uid}
            logger.error("rule_error", exc_info=failure.error, extra={"fields": log_fields})


class _Response(NamedTuple):
    status: int
    content: bytes
    headers: list[tuple[bytes, bytes]]
    result: ReviewResult | None = None


_JSON_HEADER = (b"content-type", b"application/json")
_TEXT_HEADER = (b"content-type", b"text/plain; charset=utf-8")
_INTERNAL_ERROR = b"graphgate failed to judge this review; the fault is graphgate's, see its log\n"


def _is_json(content_type: bytes) -> bool:
    return content_type.partition(b";")[0].strip().lower() == b"application/json"


def _rejection_response(rejection: RejectedRequestError) -> _Response:
    return _Response(
        rejection.status, f"{rejection}\n".encode(), [_TEXT_HEADER, *rejection.headers]
    )


async def _send(send: Send, response: HttpResponse) -> None:
    headers = [*response.headers, (b"content-length", b"%d" % len(response.content))]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


class _Router:
    """Both routes, and Starlette for everything else.

    Starlette's middleware and router cost 9 us of 50, and do nothing for these two.
    """

    def __init__(self, routes: Mapping[str, AdmissionEndpoint], fallback: ASGIApp) -> None:
        self._routes = routes
        self._fallback = fallback

    def handle_sync(self, scope: Mapping[str, Any], body: bytes) -> HttpResponse | None:
        """Answer a review whose body is there; None: it is something else."""
        endpoint = self._routes.get(scope["path"]) if scope["method"] == "POST" else None
        return None if endpoint is None else endpoint.handle_sync(scope, body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer any call."""
        endpoint = self._routes.get(scope["path"]) if scope["method"] == "POST" else None
        await (endpoint or self._fallback)(scope, receive, send)


def build_admission_app(
    handle_review: ReviewHandler, limits: Limits, in_flight: InFlight, metrics: ServerMetrics
) -> ASGIApp:
    """Return the application of the HTTPS port."""

    async def handle_http_error(request: Request, error: Exception) -> Response:
        status, headers = 500, None
        if isinstance(error, HTTPException):  # of the router: 404 or 405
            status, headers = error.status_code, error.headers
        metrics.observe_request("other", status, 0.0)
        text = f"{request.method} {request.url.path} is not served; POST /mutate or /validate is\n"
        return PlainTextResponse(text, status_code=status, headers=headers)

    names: tuple[Endpoint, ...] = ("mutate", "validate")
    routes = {
        f"/{name}": AdmissionEndpoint(name, handle_review, limits, in_flight, metrics)
        for name in names
    }
    application = Starlette(
        routes=[Route(path, endpoint, methods=["POST"]) for path, endpoint in routes.items()],
        exception_handlers={HTTPException: handle_http_error},
    )
    application.router.redirect_slashes = False  # /mutate/ is a wrong path, not a detour
    return _Router(routes, application)
