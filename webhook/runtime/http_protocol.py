"""One connection: uvicorn's HTTP engine, and a deadline for everything a peer can delay.

uvicorn (0.54) has no read timeout: a silent client, half a head, half a body stay for ever, and a
byte now and then stops its keep-alive timer. What happens inside the handshake is not here
(`listener` hands those limits to the loop); what a request means is not here either.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence, Sized
from time import monotonic
from typing import Any, Literal, NamedTuple

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from webhook.runtime.limits import Limits

AbortReason = Literal[
    "header_timeout", "header_too_large", "body_timeout", "write_timeout", "connection_limit"
]


class HttpResponse(NamedTuple):
    """A whole answer: its head but for content-length, its content, what to do when it is sent."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    content: bytes
    on_sent: Callable[[], None]


SyncHandler = Callable[[Mapping[str, Any], bytes], HttpResponse | None]
"""An attribute `handle_sync` of an ASGI application: answers a whole request (the scope, the body)
without waiting for anything; None: the request is to go the usual way."""

_MAX_BATCH_SECONDS = 0.002
"""Answers wait for each other no longer than this. Eight small reviews take less."""

_MAX_BATCH_BYTES = 128 << 10
"""Bodies that wait for their turn hold no more than this, and one read (256 KiB at most) on top."""


class ListenerState(ServerState):
    """What the connections of one port share: uvicorn's state, the limits, and the end of it.

    draining  set once; from then on each answer says `Connection: close`
    opened    how many connections there have been; with TLS, completed handshakes
    """

    def __init__(self, limits: Limits, on_abort: Callable[[AbortReason], None]) -> None:
        super().__init__()
        self.limits = limits
        self.on_abort = on_abort
        self.draining = False
        self.connections_opened = 0
        self.request_batch = RequestBatch()

    def open_connections(self) -> list["TimeoutHttpProtocol"]:
        """Return the open connections."""
        return [c for c in self.connections if isinstance(c, TimeoutHttpProtocol)]


class RequestBatch:
    """Whole requests that were read in one turn of the loop, and are answered together.

    All are judged, then all answers are written. One by one, reading, judging and writing push
    each other out of the processor's caches: judging took half as long again.
    """

    def __init__(self) -> None:
        self._pending: deque[tuple[TimeoutHttpProtocol, RequestResponseCycle, ASGI3Application]] = (
            deque()
        )
        self._pending_bytes = 0

    def add(
        self, connection: "TimeoutHttpProtocol", cycle: RequestResponseCycle, app: ASGI3Application
    ) -> None:
        """Have a request answered before the loop's next turn ends."""
        if not self._pending:
            connection.loop.call_soon(self.flush)
        self._pending.append((connection, cycle, app))
        self._pending_bytes += len(cycle.body)

    def flush_if_full(self) -> None:
        """Answer now if too much waits."""
        if self._pending_bytes > _MAX_BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Answer those that wait; after a while, the rest in the next turn of the loop."""
        responses: list[tuple[TimeoutHttpProtocol, RequestResponseCycle, HttpResponse]] = []
        deadline = monotonic() + _MAX_BATCH_SECONDS
        while self._pending and (not responses or monotonic() < deadline):
            connection, cycle, app = self._pending.popleft()
            self._pending_bytes -= len(cycle.body)
            try:
                response = connection.handle_request(cycle, app)
            except Exception:  # noqa: BLE001 — it is one connection's, and the others go on
                connection.abort_after_error()
                continue
            if response is not None:
                responses.append((connection, cycle, response))
        if self._pending:
            self._pending[0][0].loop.call_soon(self.flush)
        for connection, cycle, response in responses:
            try:
                connection.write_response(cycle, response)
            except Exception:  # noqa: BLE001 — likewise
                connection.abort_after_error()
            else:
                connection.loop.call_soon(response.on_sent)


class PipelineFlowControl(FlowControl):
    """Reads no more while requests that arrived together (HTTP pipelining) wait their turn.

    uvicorn's own reads on after each answer: a client that sends and never reads made it queue a
    million requests, 3 GB.
    """

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read on, unless there is enough to do."""
        if not self._pipeline:
            super().resume_reading()


class TimeoutHttpProtocol(HttpToolsProtocol):
    """A connection that ends when its peer keeps it waiting.

    A request that arrives in one piece, as the API server's do, arms no timer: the deadlines are
    only looked at when `data_received` leaves a request unfinished.
    """

    server_state: ListenerState

    def __init__(
        self,
        config: Config,
        server_state: ListenerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._receiving: Literal["header", "body"] | None = None
        self._timed_part: Literal["header", "body"] | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._opened_at = self.loop.time()
        self._is_parsing = False
        self._pending_request: tuple[RequestResponseCycle, ASGI3Application] | None = None

    @property
    def in_flight(self) -> bool:
        """Whether a request has begun to arrive or is not fully answered."""
        return self._receiving is not None or self._is_responding

    @property
    def _is_responding(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # The connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the limit of an idle connection applies until the first byte.

        Not the limit of a head: Go's client opens connections that it then puts unused into its
        pool, and closing one of those early is the race that loses calls.
        """
        super().connection_made(transport)
        self.server_state.connections_opened += 1
        self.flow = PipelineFlowControl(transport, self.pipeline)
        self._start_idle_timer()
        if len(self.server_state.connections) > self.server_state.limits.max_connections:
            self._evict_idle()

    def _evict_idle(self) -> None:
        # Of those that never asked anything, the oldest; this one at least is such a one.
        idle = [c for c in self.server_state.open_connections() if c.cycle is None]
        min(idle, key=lambda connection: connection._opened_at)._abort("connection_limit")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget every timer, and the last request."""
        self._stop_read_timer()
        self._unset_keepalive_if_required()
        if self._write_timer is not None:
            self._write_timer.cancel()
        super().connection_lost(exc)
        # They know each other, and only the collector, which is called seldom, would part them:
        # meanwhile each lost connection kept the 300 KB of its TLS.
        self.cycle = None  # type: ignore[assignment]

    def close_when_answered(self) -> None:
        """Let what is in flight be the last request of this connection."""
        if self._is_responding:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close now if nothing is in flight, else after the answer.

        uvicorn's own closes on a peer that is in the middle of sending its head.
        """
        if not self.in_flight:
            self.transport.close()
        self.close_when_answered()

    # Reading.

    def data_received(self, data: bytes) -> None:
        """Parse, then see what the peer still owes."""
        self._is_parsing = True
        super().data_received(data)
        self._is_parsing = False
        self.server_state.request_batch.flush_if_full()
        if self._pending_request is not None:  # its body goes on
            pending, self._pending_request = self._pending_request, None
            super()._start_asgi_task(*pending)
        expected = self._receiving
        if expected is None and not self._is_responding and self.timeout_keep_alive_task is None:
            expected = "header"  # stray bytes between two requests have stopped the idle timer
        if expected is not self._timed_part:
            self._start_read_timer(expected)
        if expected == "header":
            self._header_bytes += len(data)
            if self._header_bytes > self.server_state.limits.max_header_bytes:
                self._abort("header_too_large")

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        super().on_message_begin()
        self._receiving = "header"

    def on_headers_complete(self) -> None:
        """Note that the body follows, and whether this request is the connection's last."""
        super().on_headers_complete()
        self._receiving = "body"
        # After an upgrade we do not speak, the parser understands nothing that follows.
        if self.server_state.draining or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        super().on_message_complete()
        self._receiving = None
        if self._pending_request is not None:
            pending, self._pending_request = self._pending_request, None
            self.server_state.request_batch.add(self, *pending)
        elif self.cycle.response_complete:  # refused before it was read: the rest was discarded
            self._unset_keepalive_if_required()
            self._start_idle_timer()

    # Answering.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Start when the request is complete, if it comes in one piece, as nearly all do."""
        if self._is_parsing:
            self._pending_request = cycle, app
        else:  # its turn came after another one that it arrived with
            super()._start_asgi_task(cycle, app)

    def handle_request(
        self, cycle: RequestResponseCycle, app: ASGI3Application
    ) -> HttpResponse | None:
        """Return the answer that is to be written; None: there is none, or not yet.

        Only what cannot be answered at once needs a task. A task, and the messages of ASGI, cost
        as much as finding out that a review is known.
        """
        if self.transport.is_closing():
            return None
        sync_handler: SyncHandler | None = getattr(app, "handle_sync", None)
        response = None
        if sync_handler is not None and not self.flow.write_paused:
            response = sync_handler(cycle.scope, bytes(cycle.body))
        if response is None:
            super()._start_asgi_task(cycle, app)
        return response

    def write_response(self, cycle: RequestResponseCycle, response: HttpResponse) -> None:
        """Write an answer."""
        chunks = [STATUS_LINE[response.status]]
        for name, value in (*self.server_state.default_headers, *response.headers):
            chunks += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            chunks.append(b"connection: close\r\n")
        chunks += (b"content-length: %d\r\n\r\n" % len(response.content), response.content)
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(chunks))
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

    def abort_after_error(self) -> None:
        """End after a fault of ours, which is logged: its peer is not to wait for nothing."""
        self.logger.exception("response_failed")
        self.transport.abort()

    def _start_idle_timer(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _start_read_timer(self, expected: Literal["header", "body"] | None) -> None:
        self._stop_read_timer()
        if expected is None or self.transport.is_closing():
            return
        limits = self.server_state.limits
        self._timed_part = expected
        if expected == "header":
            self._read_timer = self.loop.call_later(
                limits.header_timeout, self._abort, "header_timeout"
            )
        else:
            self._read_timer = self.loop.call_later(
                limits.body_timeout, self._abort, "body_timeout"
            )

    def _stop_read_timer(self) -> None:
        self._timed_part = None
        self._header_bytes = 0
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _abort(self, reason: AbortReason) -> None:
        self._stop_read_timer()
        self.server_state.on_abort(reason)
        self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        self.logger.warning("upgrade_not_supported")

    # Writing.

    def pause_writing(self) -> None:
        """Give a peer that does not read its answers a deadline."""
        super().pause_writing()
        limit = self.server_state.limits.write_timeout
        self._write_timer = self.loop.call_later(limit, self._abort, "write_timeout")

    def resume_writing(self) -> None:
        """Forget that deadline."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
