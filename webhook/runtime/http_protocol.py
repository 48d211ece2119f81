"""One connection: HTTP/1.1 on httptools' parser, and a limit for everything a peer can delay.

A request goes from here to whatever answers it in four calls: `data_received`, the parser's
`on_message_complete`, the batch, the handler. There is no ASGI in between, since nothing that we
answer waits for anything.

What happens inside the handshake is not here (`listener` hands those limits to the loop); which
connection gives way to which is `connection_pool`; what a request means is the handler's.
"""

import asyncio
import logging
import select
from collections import deque
from http import HTTPStatus
from time import perf_counter
from typing import Literal, cast

import httptools

from webhook.runtime.connection_pool import AbortReason, ConnectionPool
from webhook.runtime.http_message import (
    HttpRejection,
    HttpRequest,
    HttpResponse,
    RequestHandler,
)

logger = logging.getLogger("graphgate")

Part = Literal["header", "body"]

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}

_SLICE_BYTES = 8192
"""What the parser is given at once while it may find several requests in it. A common review is
smaller; the rest of a body whose length is known comes on top."""

_PIPELINED_SLICE_BYTES = 1024
"""The same for a connection that has sent several requests at once: 50 of the smallest."""

_NOT_HTTP = HttpRejection(400, "this is not a valid HTTP/1.1 request")
_TOO_SHORT_CHUNKS = HttpRejection(400, "the chunks of the body are too short")
_TOO_MANY_BODIES = HttpRejection(
    429, "too many bodies at once, try again", ((b"retry-after", b"1"),)
)


class _RejectedStreamError(Exception):
    """Raised inside the parser, which then stops: nothing more of this connection is read."""


class HttpConnection(asyncio.Protocol):
    """A connection that ends when its peer keeps it waiting.

    A request that arrives in one piece, as the API server's do, arms no timer: there is one timer,
    and it is only moved when `data_received` leaves a request unfinished.
    """

    transport: asyncio.Transport

    def __init__(self, pool: ConnectionPool, handler: RequestHandler) -> None:
        self.requests: deque[HttpRequest] = deque()
        self.is_queued = False
        self.address = ""
        self.is_used = False
        self.idle_since = self.request_since = pool.loop.time()
        self.held_bytes = 0
        self._pool = pool
        self._handler = handler
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        # What is arriving.
        self._part: Part | None = None
        self._request = HttpRequest()
        self._rejection: HttpRejection | None = None
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = self._header_count = self._chunk_count = 0
        self._body: bytes | bytearray = b""
        self._body_bytes = self._missing_body_bytes = 0
        self._has_progressed = False
        self._silent_bytes = 0
        # What waits, and what ends.
        self._unparsed = b""
        self._slice_bytes = _SLICE_BYTES
        self._is_reading = True
        self._is_last_request = False
        self._is_ending = self._is_broken = False
        self._closes_after_answer = False
        self._timed_part: Part | Literal["idle"] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> bool:
        """Whether a request has begun to arrive or is not fully answered."""
        return self._part is not None or bool(self.requests)

    # The connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; the limit of an idle connection applies until the first byte.

        Not the limit of a head: Go's client opens connections that it then puts unused into its
        pool, and closing one of those early is the race that loses calls.
        """
        self.transport = cast("asyncio.Transport", transport)  # of a stream; uvloop has its own
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._start_idle()
        self._pool.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's
        """Forget every timer and whatever has not been answered."""
        for timer in (self._timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._pool.remove(self)
        # The parser and the connection refer to each other: parted here, both are freed now, with
        # the 300 KB of their TLS, and not when the collector runs, which is seldom.
        self._parser = None
        self._body = self._unparsed = b""

    def shutdown(self) -> None:
        """End now if nothing is in flight, else after the answer."""
        if self.in_flight:
            self._closes_after_answer = True
        else:
            self.transport.close()

    def abort(self) -> None:
        """End now, whatever is in flight."""
        self.transport.abort()

    def abort_after_error(self) -> None:
        """End after a fault of ours, which is logged: its peer is not to wait for nothing."""
        logger.exception("response_failed")
        self.transport.abort()

    def give_way(self, reason: AbortReason) -> None:
        """End now, since the peer has had more than its time, or another needs the place."""
        self._pool.on_abort(reason)
        self.transport.abort()

    def has_unread_bytes(self) -> bool:
        """Return whether the kernel holds bytes that the loop has not handed over yet."""
        connected = self.transport.get_extra_info("socket")
        if connected is None:
            return False
        poll = select.poll()
        poll.register(connected.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def release_bytes(self) -> None:
        """Hold no bytes any more: the body that is arriving is refused, and thrown away."""
        if self._part == "body" and not self._unparsed:
            self._reject_body(_TOO_MANY_BODIES)
            return
        self._unparsed = b""
        self._pool.hold(self, 0)
        self.give_way("buffer_limit")

    # Reading.

    def data_received(self, data: bytes) -> None:
        """Parse, then see what the peer still owes."""
        self._parse(self._unparsed + data if self._unparsed else data)
        self._pool.batch.flush_if_full()

    def _parse(self, data: bytes) -> None:
        """Parse as far as the first request that is complete; the rest waits for its answer."""
        position = 0
        while position < len(data) and self._may_parse():
            end = position + max(self._slice_bytes, self._missing_body_bytes)
            self._feed(data[position:end])
            position = end
        self._unparsed = b"" if self._is_last_request else data[position:]
        if self._unparsed:
            self._slice_bytes = _PIPELINED_SLICE_BYTES
        if self.requests and self._write_timer is None:
            self._pool.batch.add(self)
        self._update_reading()
        self._update_deadline()
        held = len(self._unparsed) + (len(self._body) if self._part == "body" else 0)
        if held != self.held_bytes:
            self._pool.hold(self, held)

    def _may_parse(self) -> bool:
        return not (
            self.requests
            or self._is_last_request
            or self._write_timer is not None
            or self.transport.is_closing()
        )

    def _feed(self, piece: bytes) -> None:
        assert self._parser is not None  # noqa: S101 — until the connection is lost
        self._has_progressed = False
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            return  # nothing that follows is HTTP, and the answer ends the connection
        except httptools.HttpParserError:
            self._end_stream(self._rejection or _NOT_HTTP)
            return
        # A header or a trailer without an end is kept by the parser, which tells us nothing.
        self._silent_bytes = 0 if self._has_progressed else self._silent_bytes + len(piece)
        if self._silent_bytes > self._pool.limits.max_header_bytes:
            self._end_stream(self._header_too_large())

    def _end_stream(self, rejection: HttpRejection) -> None:
        """Answer with a rejection, and read no more."""
        if self._is_last_request:
            return  # bytes behind the last request
        self._part, self._body, self._is_last_request = None, b"", True
        self._is_broken = True
        began_at = perf_counter()
        self.requests.append(HttpRequest(began_at=began_at, rejection=rejection))

    def _reject_stream(self, rejection: HttpRejection) -> None:
        self._rejection = rejection
        raise _RejectedStreamError

    def _reject_body(self, rejection: HttpRejection) -> None:
        """Read on to the end of the body and throw it away, then answer.

        A peer that is still sending when its connection closes never sees the answer.
        """
        if self._request.rejection is None:
            self._request.rejection = rejection
        self._body = b""
        self._pool.hold(self, 0)

    def _header_too_large(self) -> HttpRejection:
        self._pool.on_abort("header_too_large")
        limits = self._pool.limits
        return HttpRejection(
            431,
            f"the head has over {limits.max_header_bytes} bytes or {limits.max_headers} fields",
        )

    # What the parser finds.

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._has_progressed = True
        self._part = "header"
        self._timed_part = None
        self._url = b""
        self._headers = {}
        self._header_bytes = self._header_count = self._chunk_count = 0
        self.request_since = self._pool.loop.time()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        self._has_progressed = True
        self._count_header_bytes(len(url))
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; a trailer field is only counted."""
        self._has_progressed = True
        self._header_count += 1
        self._count_header_bytes(len(name) + len(value) + 4)
        if self._part == "header":
            self._headers[name.lower()] = value

    def _count_header_bytes(self, size: int) -> None:
        self._header_bytes += size
        limits = self._pool.limits
        if self._header_bytes > limits.max_header_bytes or self._header_count > limits.max_headers:
            self._reject_stream(self._header_too_large())

    def on_headers_complete(self) -> None:
        """Begin the body, and see whether this request is the connection's last."""
        parser, headers = self._parser, self._headers
        assert parser is not None  # noqa: S101 — it is parsing
        self._part = "body"
        self._body = b""
        self._body_bytes = 0
        self._missing_body_bytes = int(headers.get(b"content-length", 0))
        self._request = HttpRequest(
            method=parser.get_method().decode(),
            target=self._url.decode(errors="replace"),
            headers=headers,
            # After an upgrade we do not speak, the parser understands nothing that follows.
            keep_alive=parser.should_keep_alive()
            and not parser.should_upgrade()
            and parser.get_http_version() != "1.0",
            began_at=perf_counter(),
        )
        if self._missing_body_bytes > self._pool.limits.max_body_bytes:
            self._reject_body(self._body_too_large())
        if headers.get(b"expect", b"").lower() == b"100-continue" and not self.requests:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_chunk_header(self) -> None:
        """Count a chunk."""
        self._has_progressed = True
        self._chunk_count += 1
        limits = self._pool.limits
        if self._chunk_count > limits.max_short_chunks + self._body_bytes // limits.min_chunk_bytes:
            self._reject_stream(_TOO_SHORT_CHUNKS)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._has_progressed = True
        self._body_bytes += len(body)
        self._missing_body_bytes = max(0, self._missing_body_bytes - len(body))
        if self._request.rejection is not None:
            return
        if not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body)
            self._body += body
        if len(self._body) > self._pool.limits.max_body_bytes:
            self._reject_body(self._body_too_large())

    def _body_too_large(self) -> HttpRejection:
        limit = self._pool.limits.max_body_bytes
        return HttpRejection(413, f"the body is larger than {limit} bytes")

    def on_message_complete(self) -> None:
        """Have the request answered."""
        self._has_progressed = True
        self._request.body = bytes(self._body)
        self._is_last_request = not self._request.keep_alive
        self.requests.append(self._request)
        self._part, self._body, self._timed_part = None, b"", None

    # Answering.

    def respond(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer; None: the peer is gone."""
        if self.transport.is_closing():
            self.requests.clear()
            return None
        try:
            return self._handler(request)
        except Exception:
            logger.exception("response_failed")
            return HttpRejection(500, "Internal Server Error").response()

    def write_response(self, request: HttpRequest, response: HttpResponse) -> bool:
        """Write the answer; return whether the next request is to be answered too."""
        keeps = request.keep_alive and not (
            self._closes_after_answer or self._pool.closes_after_answer
        )
        head = [_STATUS_LINES[response.status], self._pool.date_header]
        for name, value in response.headers:
            head += (name, b": ", value, b"\r\n")
        if not keeps:
            head.append(b"connection: close\r\n")
        head.append(b"content-length: %d\r\n\r\n" % len(response.content))
        if request.method != "HEAD":
            head.append(response.content)
        self.transport.write(b"".join(head))
        self.is_used = True
        if not keeps:
            self.requests.clear()
            self._end()
            return False
        if self.requests:
            return self._write_timer is None
        self._go_on()
        return False

    def _end(self) -> None:
        """End the connection after its last answer, which the peer has a moment to read.

        The loop's own close reads whatever still comes, as fast as it comes, until the peer says
        goodbye or two seconds are over: a peer that sends without end would keep others waiting.
        So nothing more is read, and a peer that is still sending after that moment is cut.
        """
        self._is_last_request = self._is_ending = True
        self._unparsed = b""
        self._update_reading()
        self._pool.loop.call_later(self._pool.limits.linger_timeout, self._finish)

    def _finish(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_broken or self.has_unread_bytes():
            self.transport.abort()
        else:
            self.transport.close()

    def _go_on(self) -> None:
        """Read the next request, or wait for it."""
        self.idle_since = self._pool.loop.time()
        if self._unparsed:
            self._pool.loop.call_soon(self._parse_waiting)
        else:
            self._update_reading()
            self._update_deadline()

    def _parse_waiting(self) -> None:
        if not self.transport.is_closing():
            self._parse(self._unparsed)

    def pause_writing(self) -> None:
        """Give a peer that does not read its answers a deadline, and read nothing from it."""
        pool = self._pool
        self._write_timer = pool.loop.call_later(
            pool.limits.write_timeout, self.give_way, "write_timeout"
        )
        self._update_reading()

    def resume_writing(self) -> None:
        """Forget that deadline, and go on."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        if self.transport.is_closing():
            return
        if self.requests:
            self._pool.batch.add(self)
        else:
            self._go_on()

    def _update_reading(self) -> None:
        reads = not (self._unparsed or self._is_ending) and self._write_timer is None
        if reads == self._is_reading or self.transport.is_closing():
            return
        self._is_reading = reads
        if reads:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    # Deadlines.

    def _start_idle(self) -> None:
        self.idle_since = self._pool.loop.time()
        self._update_deadline()

    def _update_deadline(self) -> None:
        """Give the peer a deadline for what it owes, which begins when it begins to owe that."""
        part: Part | Literal["idle"] | None = self._part
        if part is None and not self.requests:
            # Bytes between two requests that begin none are a head that does not come.
            part = "header" if self._silent_bytes else "idle"
        if part == self._timed_part and part != "idle":
            return
        self._timed_part = part
        if part is None:
            return
        limits = self._pool.limits
        seconds = {
            "idle": limits.idle_timeout,
            "header": limits.header_timeout,
            "body": limits.body_timeout,
        }[part]
        self._deadline = self._pool.loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._pool.loop.call_at(self._deadline, self._check_deadline)

    def _check_deadline(self) -> None:
        self._timer = None
        part = self._timed_part
        if part is None or self.transport.is_closing():
            return
        if self._pool.loop.time() < self._deadline:
            self._timer = self._pool.loop.call_at(self._deadline, self._check_deadline)
        elif part == "idle":
            self.transport.close()
        elif part == "header":
            self.give_way("header_timeout")
        else:
            self.give_way("body_timeout")
