"""One connection: HTTP/1.1, and a limit for everything a peer can delay.

A request goes from here to the batch (`request_batch`), which calls whatever answers it. There is
no ASGI in between, since no handler waits for anything.

How requests are read out of bytes is `request_parser`; which connections are closed under load
is `connection_pool`; what a request means is the handler's. What happens inside the handshake is
not here: `listener` hands those limits to the loop.
"""

import asyncio
import logging
import select
from collections import deque
from http import HTTPStatus
from typing import Literal, cast

from webhook.runtime.connection_pool import AbortReason, ConnectionPool
from webhook.runtime.http_message import (
    HttpRejection,
    HttpRequest,
    HttpResponse,
    RequestHandler,
    encode_response,
)
from webhook.runtime.request_parser import Part, RequestParser
from webhook.runtime.tls_messages import watch_messages

logger = logging.getLogger("graphgate")

_SLICE_BYTES = 8192
"""What the parser is given at once while it may find several requests in it. A common review is
smaller; the rest of a body whose length is known comes on top."""

_PIPELINED_SLICE_BYTES = 1024
"""The same for a connection that has sent several requests at once: 50 of the smallest."""

_TOO_MANY_BODIES = HttpRejection(
    429, "too many requests at once, try again", ((b"retry-after", b"1"),)
)


class HttpConnection(asyncio.Protocol):
    """A connection that ends when its peer keeps it waiting.

    A request that arrives in one piece, as the API server's do, arms no timer: there is one timer,
    and it is only moved when `data_received` leaves a request unfinished.
    """

    transport: asyncio.Transport

    def __init__(self, pool: ConnectionPool, handler: RequestHandler) -> None:
        self.handler = handler
        self.requests: deque[HttpRequest] = deque()
        self.is_queued = False
        self.address = ""
        self.is_used = False
        self.idle_since = self.request_since = pool.loop.time()
        self.held_bytes = 0
        self._pool = pool
        self._parser = RequestParser(pool.limits, self.requests)
        # What waits, and what ends.
        self._unparsed = b""
        self._slice_bytes = _SLICE_BYTES
        self._is_reading = True
        self._is_ending = False
        self._closes_after_answer = False
        # What the peer owes.
        self._requests_begun = 0
        self._timed_part: Part | Literal["idle"] | None = None
        self._deadline = 0.0
        self._tls_messages = 0
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> bool:
        """Whether a request has begun to arrive or is not fully answered."""
        return self._parser.part is not None or bool(self.requests)

    # The connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start; the idle limit applies until the first byte.

        Not the limit of a head: Go's client opens connections that it then puts unused into its
        pool, and closing one of those early is the race that loses calls.
        """
        self.transport = cast("asyncio.Transport", transport)  # of a stream; uvloop has its own
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        watch_messages(transport.get_extra_info("ssl_object"), self._count_tls_message)
        self._start_idle()
        self._pool.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's
        """Forget every timer and whatever has not been answered."""
        for timer in (self._timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._pool.remove(self)
        watch_messages(self.transport.get_extra_info("ssl_object"), None)
        # In the parser is a reference cycle: broken here, everything is freed now and not when the
        # collector runs, which is seldom.
        self._parser.close()
        self._unparsed = b""

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
        """Close after an internal error, which is logged: the peer must not wait in vain."""
        logger.exception("response_failed")
        self.transport.abort()

    def give_way(self, reason: AbortReason) -> None:
        """End now, since the peer has had more than its time, or another needs the place."""
        self._pool.on_abort(reason)
        self.transport.abort()

    def _count_tls_message(self) -> None:
        self._tls_messages += 1
        if self._tls_messages == self._pool.limits.max_tls_messages + 1:
            # Not at once: the loop is reading.
            self._pool.loop.call_soon(self.give_way, "tls_message_limit")

    def has_unread_bytes(self) -> bool:
        """Return whether the kernel has bytes that the event loop has not delivered yet."""
        connected = self.transport.get_extra_info("socket")
        if connected is None:
            return False
        poll = select.poll()
        poll.register(connected.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def release_bytes(self) -> None:
        """Hold no bytes any more: the body that is arriving is refused, and thrown away."""
        self._pool.hold(self, 0)
        if self._parser.part == "body" and not self._unparsed:
            self._parser.reject_body(_TOO_MANY_BODIES)
            return
        self._unparsed = b""
        self.give_way("buffer_limit")

    # Reading.

    def data_received(self, data: bytes) -> None:
        """Parse, then see what the peer still owes."""
        self._parse(self._unparsed + data if self._unparsed else data)
        self._pool.batch.flush_if_full()

    def _parse(self, data: bytes) -> None:
        """Parse as far as the first request that is complete; the rest waits for its answer."""
        parser = self._parser
        position = 0
        while position < len(data) and self._may_parse():
            end = position + max(self._slice_bytes, parser.missing_body_bytes)
            parser.feed(data[position:end])
            position = end
        self._unparsed = b"" if parser.is_finished else data[position:]
        if self._unparsed:
            self._slice_bytes = _PIPELINED_SLICE_BYTES
        if parser.requests_begun != self._requests_begun:
            self._requests_begun = parser.requests_begun
            self.request_since = self._pool.loop.time()
            self._timed_part = None
        if self.requests and self._write_timer is None:
            self._pool.batch.add(self)
        self._ask_for_body()
        self._update_reading()
        self._update_deadline()
        held = len(self._unparsed) + parser.body_bytes
        if held != self.held_bytes:
            self._pool.hold(self, held)

    def _may_parse(self) -> bool:
        return not (
            self.requests
            or self._parser.is_finished
            or self._write_timer is not None
            or self.transport.is_closing()
        )

    def _ask_for_body(self) -> None:
        """Write 100 (Continue) if a peer waits for it, behind the answers that it has to get."""
        if self._parser.expects_continue and not self.requests:
            self._parser.expects_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Answering.

    def take_request(self) -> HttpRequest | None:
        """Return the request whose turn it is; None: the peer is gone."""
        request = self.requests.popleft()
        if self.transport.is_closing():
            self.requests.clear()
            return None
        rejection = request.rejection
        if rejection and rejection.status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            self._pool.on_abort("header_too_large")
        return request

    def write_response(self, request: HttpRequest, response: HttpResponse) -> bool:
        """Write the answer; return whether the next request is to be answered too."""
        keeps = request.keep_alive and not (
            self._closes_after_answer or self._pool.closes_after_answer
        )
        self.transport.write(
            encode_response(
                response,
                self._pool.date_header,
                closes=not keeps,
                is_head=request.method == "HEAD",
            )
        )
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
        self._is_ending = self._parser.is_finished = True
        self._unparsed = b""
        self._update_reading()
        self._pool.loop.call_later(self._pool.limits.linger_timeout, self._finish)

    def _finish(self) -> None:
        if self.transport.is_closing():
            return
        if self._parser.is_broken or self.has_unread_bytes():
            self.transport.abort()
        else:
            self.transport.close()

    def _go_on(self) -> None:
        """Read the next request, or wait for it."""
        self.idle_since = self._pool.loop.time()
        if self._unparsed:
            self._pool.loop.call_soon(self._parse_waiting)
        else:
            self._ask_for_body()
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
        """Set a deadline for the peer, starting when it has to send."""
        part: Part | Literal["idle"] | None = self._parser.part
        if part is None and not self.requests:
            # Bytes between two requests that start no request count as an incomplete head.
            part = "header" if self._parser.silent_bytes else "idle"
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
