"""The two routes of the webhook: bytes in, judge, bytes out.

What an object must be is `webhook.admission`'s; it comes in as one callable, `judge.Judge`. No
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

from webhook.errors import MalformedReview
from webhook.server.config import Limits
from webhook.server.judge import Answer, Endpoint, Judge
from webhook.server.log import Decided
from webhook.server.metrics import Metrics
from webhook.server.protocol import Said

logger = logging.getLogger("graphgate")


class Refusal(Exception):  # noqa: N818 — an answer, not an error; never leaves this module
    """A call that is answered without judging."""

    def __init__(self, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


class Load:
    """What is going on at this moment.

    calls   in flight
    bodies  bytes of request bodies that have arrived in part
    """

    __slots__ = ("bodies", "calls")

    def __init__(self) -> None:
        self.calls = 0
        self.bodies = 0


class ReviewEndpoint:
    """One of the two routes, as an ASGI application."""

    def __init__(
        self, endpoint: Endpoint, judge: Judge, limits: Limits, load: Load, metrics: Metrics
    ) -> None:
        self._endpoint: Endpoint = endpoint
        self._judge = judge
        self._limits = limits
        self._load = load
        self._metrics = metrics

    def at_once(self, scope: Mapping[str, Any], body: bytes) -> Said:
        """Answer a call whose body is there (see `protocol.AtOnce`)."""
        started = perf_counter()
        try:
            self._check_head(scope)
            if refusal := self._refuse(len(body), 0):
                raise refusal
        except Refusal as refusal:
            return self._said(_refused(refusal), started)
        return self._said(self._answer(body), started)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call whose body comes in pieces."""
        started = perf_counter()
        self._load.calls += 1
        try:
            self._check_head(scope)
            message = await receive()
            body: bytes | None = message.get("body")
            if message.get("more_body"):
                body = await self._read_on(message, receive)
            if body is None:
                return  # the peer went away
            reply = self._answer(body)
        except Refusal as refusal:
            reply = _refused(refusal)
        finally:
            self._load.calls -= 1
        said = self._said(reply, started)
        await _send(send, said)
        said.after()

    def _answer(self, body: bytes) -> "_Reply":
        try:
            answer = self._judge(body, self._endpoint)
        except MalformedReview as error:
            logger.warning("malformed review", extra=self._refused(str(error)))
            return _Reply(400, f"{error}\n".encode(errors="replace"), [_TEXT])
        except Exception:
            logger.exception("not judged", extra=self._refused("a fault of graphgate"))
            return _Reply(500, _OUR_FAULT, [_TEXT])
        return _Reply(200, answer.body, [_JSON], answer)

    def _said(self, reply: "_Reply", started: float) -> Said:
        return Said(
            reply.status, reply.headers, reply.content, partial(self._report, reply, started)
        )

    async def _read_on(self, message: Message, receive: Receive) -> bytes | None:
        """Return a body that comes in pieces; None if the peer goes away. Raises Refusal.

        A body in one piece, as nearly all are, is in memory already and judged before anything
        else happens: it is not counted. Neither is this one once it is complete.
        """
        load, held = self._load, 0
        chunks: list[bytes] = []
        refusal: Refusal | None = None
        try:
            while message["type"] == "http.request":
                chunk: bytes = message["body"]
                refusal = refusal or self._refuse(held + len(chunk), load.bodies + len(chunk))
                if refusal is None:
                    chunks.append(chunk)
                    held += len(chunk)
                    load.bodies += len(chunk)
                elif held:
                    chunks.clear()
                    load.bodies -= held
                    held = 0
                if message.get("more_body"):
                    # Also after a refusal: a peer that is still sending when its connection
                    # closes never sees the answer.
                    message = await receive()
                elif refusal is not None:
                    raise refusal
                else:
                    return b"".join(chunks)
        finally:
            load.bodies -= held
        return None

    def _refuse(self, size: int, together: int) -> Refusal | None:
        """Refuse a body of this size so far, or all bodies of this size together.

        Counted as they arrive and not as announced: whoever announces much and sends nothing
        takes nothing away from others.
        """
        if size > self._limits.body_bytes:
            return self._too_large()
        if together > self._limits.bodies_in_flight:
            return Refusal(429, "too many bodies at once, try again", (b"retry-after", b"1"))
        return None

    def _check_head(self, scope: Mapping[str, Any]) -> None:
        kind = b""
        for name, value in scope["headers"]:
            if name == b"content-type":
                kind = value
            elif name == b"content-length" and int(value) > self._limits.body_bytes:
                raise self._too_large()
        if kind != b"application/json" and not _is_json(kind):
            raise Refusal(415, "the content type must be application/json")

    def _too_large(self) -> Refusal:
        return Refusal(413, f"the body is larger than {self._limits.body_bytes} bytes")

    def _refused(self, reason: str) -> dict[str, dict[str, str]]:
        return {"fields": {"endpoint": self._endpoint, "reason": reason}}

    def _report(self, reply: "_Reply", started: float) -> None:
        seconds = perf_counter() - started
        self._metrics.answered(self._endpoint, reply.status, seconds)
        answer = reply.answer
        if answer is None:
            return
        self._metrics.decided(self._endpoint, answer.verdict, answer.findings, len(answer.failures))
        fields: dict[str, object] = {
            "endpoint": self._endpoint,
            "uid": answer.uid,
            "namespace": answer.namespace,
            "name": answer.name,
            "operation": answer.operation,
            "verdict": answer.verdict,
            "rules": sorted({rule for rule, _ in answer.findings}),
            "milliseconds": round(seconds * 1000, 3),
        }
        if answer.policies:
            fields["policies"] = answer.policies
        logger.handle(Decided(fields))
        for failure in answer.failures:
            about = {"rule": failure.rule, "uid": answer.uid}
            logger.error("rule failed", exc_info=failure.error, extra={"fields": about})


class _Reply(NamedTuple):
    status: int
    content: bytes
    headers: list[tuple[bytes, bytes]]
    answer: Answer | None = None


_JSON = (b"content-type", b"application/json")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_OUR_FAULT = b"graphgate failed to judge this review; the fault is graphgate's, see its log\n"


def _is_json(kind: bytes) -> bool:
    return kind.partition(b";")[0].strip().lower() == b"application/json"


def _refused(refusal: Refusal) -> _Reply:
    return _Reply(refusal.status, f"{refusal}\n".encode(), [_TEXT, *refusal.headers])


async def _send(send: Send, said: Said) -> None:
    headers = [*said.headers, (b"content-length", b"%d" % len(said.content))]
    await send({"type": "http.response.start", "status": said.status, "headers": headers})
    await send({"type": "http.response.body", "body": said.content})


class _Dispatch:
    """Both routes, and Starlette for everything else.

    Starlette's middleware and router cost 9 us of 50, and do nothing for these two.
    """

    def __init__(self, routes: Mapping[str, ReviewEndpoint], others: ASGIApp) -> None:
        self._routes = routes
        self._others = others

    def at_once(self, scope: Mapping[str, Any], body: bytes) -> Said | None:
        """Answer a review whose body is there; None: it is something else."""
        endpoint = self._routes.get(scope["path"]) if scope["method"] == "POST" else None
        return None if endpoint is None else endpoint.at_once(scope, body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer any call."""
        endpoint = self._routes.get(scope["path"]) if scope["method"] == "POST" else None
        await (endpoint or self._others)(scope, receive, send)


def review_application(judge: Judge, limits: Limits, load: Load, metrics: Metrics) -> ASGIApp:
    """Return the application of the HTTPS port."""

    async def not_served(request: Request, error: Exception) -> Response:
        status, headers = 500, None
        if isinstance(error, HTTPException):  # of the router: 404 or 405
            status, headers = error.status_code, error.headers
        metrics.answered("other", status, 0.0)
        text = f"{request.method} {request.url.path} is not served; POST /mutate or /validate is\n"
        return PlainTextResponse(text, status_code=status, headers=headers)

    names: tuple[Endpoint, ...] = ("mutate", "validate")
    routes = {f"/{name}": ReviewEndpoint(name, judge, limits, load, metrics) for name in names}
    application = Starlette(
        routes=[Route(path, endpoint, methods=["POST"]) for path, endpoint in routes.items()],
        exception_handlers={HTTPException: not_served},
    )
    application.router.redirect_slashes = False  # /mutate/ is a wrong path, not a detour
    return _Dispatch(routes, application)
