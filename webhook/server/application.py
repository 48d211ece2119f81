"""The two routes of the webhook: bytes in, judge, bytes out.

What an object must be is `webhook.admission`'s; it comes in as one callable, `judge.Judge`. No
Request and Response objects on the way: they cost as much as reading the review.
"""

import logging
from time import perf_counter

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        started = perf_counter()
        self._load.calls += 1
        answer: Answer | None = None
        try:
            self._check_head(scope)
            message = await receive()
            body: bytes | None = message.get("body")
            if message.get("more_body"):
                body = await self._read_on(message, receive)
            if body is None:
                return  # the peer went away
            answer = self._judge(body, self._endpoint)
            status, content, headers = 200, answer.body, [_JSON]
        except Refusal as refusal:
            status, content = refusal.status, f"{refusal}\n".encode()
            headers = [_TEXT, *refusal.headers]
        except MalformedReview as error:
            logger.warning("malformed review", extra=self._refused(str(error)))
            status, content, headers = 400, f"{error}\n".encode(errors="replace"), [_TEXT]
        except Exception:
            logger.exception("not judged", extra=self._refused("a fault of graphgate"))
            status, content, headers = 500, _OUR_FAULT, [_TEXT]
        finally:
            self._load.calls -= 1
        await _send(send, status, content, headers)
        seconds = perf_counter() - started
        self._metrics.answered(self._endpoint, status, seconds)
        if answer is not None:
            self._report(answer, seconds)

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

    def _check_head(self, scope: Scope) -> None:
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

    def _report(self, answer: Answer, seconds: float) -> None:
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


_JSON = (b"content-type", b"application/json")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_OUR_FAULT = b"graphgate failed to judge this review; the fault is graphgate's, see its log\n"


def _is_json(kind: bytes) -> bool:
    return kind.partition(b";")[0].strip().lower() == b"application/json"


async def _send(
    send: Send, status: int, content: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


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

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's middleware and router cost 9 us of 50, and do nothing for these two.
        endpoint = routes.get(scope["path"]) if scope["method"] == "POST" else None
        await (endpoint or application)(scope, receive, send)

    return dispatch
