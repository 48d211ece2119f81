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

from webhook.server.config import Limits

Cut = Literal["slow-header", "large-header", "slow-body", "unread-answer", "crowded-out"]


class Said(NamedTuple):
    """A whole answer: its head but for content-length, its content, what to do when it is sent."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    content: bytes
    after: Callable[[], None]


AtOnce = Callable[[Mapping[str, Any], bytes], Said | None]
"""An attribute `at_once` of an ASGI application: answers a whole request (the scope, the body)
without waiting for anything; None: the request is to go the usual way."""

_TOGETHER_SECONDS = 0.002
"""Answers wait for each other no longer than this. Eight small reviews take less."""

_TOGETHER_BYTES = 128 << 10
"""Bodies that wait for their turn hold no more than this, and one read (256 KiB at most) on top."""


class ListenerState(ServerState):
    """What the connections of one port share: uvicorn's state, the limits, and the end of it.

    draining  set once; from then on each answer says `Connection: close`
    opened    how many connections there have been; with TLS, completed handshakes
    """

    def __init__(self, limits: Limits, on_cut: Callable[[Cut], None]) -> None:
        super().__init__()
        self.limits = limits
        self.on_cut = on_cut
        self.draining = False
        self.opened = 0
        self.arrived = Arrived()

    def guarded(self) -> list["GuardedProtocol"]:
        """Return the open connections."""
        return [c for c in self.connections if isinstance(c, GuardedProtocol)]


class Arrived:
    """Whole requests that were read in one turn of the loop, and are answered together.

    All are judged, then all answers are written. One by one, reading, judging and writing push
    each other out of the processor's caches: judging took half as long again.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[GuardedProtocol, RequestResponseCycle, ASGI3Application]] = (
            deque()
        )
        self._bytes = 0

    def add(
        self, connection: "GuardedProtocol", cycle: RequestResponseCycle, app: ASGI3Application
    ) -> None:
        """Have a request answered before the loop's next turn ends."""
        if not self._waiting:
            connection.loop.call_soon(self.answer)
        self._waiting.append((connection, cycle, app))
        self._bytes += len(cycle.body)

    def make_room(self) -> None:
        """Answer now if too much waits."""
        if self._bytes > _TOGETHER_BYTES:
            self.answer()

    def answer(self) -> None:
        """Answer those that wait; after a while, the rest in the next turn of the loop."""
        told: list[tuple[GuardedProtocol, RequestResponseCycle, Said]] = []
        until = monotonic() + _TOGETHER_SECONDS
        while self._waiting and (not told or monotonic() < until):
            connection, cycle, app = self._waiting.popleft()
            self._bytes -= len(cycle.body)
            try:
                said = connection.judge(cycle, app)
            except Exception:  # noqa: BLE001 — it is one connection's, and the others go on
                connection.give_up()
                continue
            if said is not None:
                told.append((connection, cycle, said))
        if self._waiting:
            self._waiting[0][0].loop.call_soon(self.answer)
        for connection, cycle, said in told:
            try:
                connection.say(cycle, said)
            except Exception:  # noqa: BLE001 — likewise
                connection.give_up()
            else:
                connection.loop.call_soon(said.after)


class OneAtATime(FlowControl):
    """Reads no more while requests that arrived together (HTTP pipelining) wait their turn.

    uvicorn's own reads on after each answer: a client that sends and never reads made it queue a
    million requests, 3 GB.
    """

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless there is enough to do."""
        if not self._waiting:
            super().resume_reading()


class GuardedProtocol(HttpToolsProtocol):
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
        self._reading: Literal["header", "body"] | None = None
        self._watched: Literal["header", "body"] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._since = self.loop.time()
        self._parsing = False
        self._unstarted: tuple[RequestResponseCycle, ASGI3Application] | None = None

    @property
    def in_flight(self) -> bool:
        """Whether a request has begun to arrive or is not fully answered."""
        return self._reading is not None or self._answering

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # The connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the limit of an idle connection applies until the first byte.

        Not the limit of a head: Go's client opens connections that it then puts unused into its
        pool, and closing one of those early is the race that loses calls.
        """
        super().connection_made(transport)
        self.server_state.opened += 1
        self.flow = OneAtATime(transport, self.pipeline)
        self._await_request()
        if len(self.server_state.connections) > self.server_state.limits.connections:
            self._make_room()

    def _make_room(self) -> None:
        # Of those that never asked anything, the oldest; this one at least is such a one.
        unused = [c for c in self.server_state.guarded() if c.cycle is None]
        min(unused, key=lambda connection: connection._since)._cut("crowded-out")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget every timer, and the last request."""
        self._unwatch()
        self._unset_keepalive_if_required()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)
        # They know each other, and only the collector, which is called seldom, would part them:
        # meanwhile each lost connection kept the 300 KB of its TLS.
        self.cycle = None  # type: ignore[assignment]

    def close_when_answered(self) -> None:
        """Let what is in flight be the last request of this connection."""
        if self._answering:
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
        self._parsing = True
        super().data_received(data)
        self._parsing = False
        self.server_state.arrived.make_room()
        if self._unstarted is not None:  # its body goes on
            unstarted, self._unstarted = self._unstarted, None
            super()._start_asgi_task(*unstarted)
        owed = self._reading
        if owed is None and not self._answering and self.timeout_keep_alive_task is None:
            owed = "header"  # stray bytes between two requests have stopped the idle timer
        if owed is not self._watched:
            self._watch(owed)
        if owed == "header":
            self._header_bytes += len(data)
            if self._header_bytes > self.server_state.limits.header_bytes:
                self._cut("large-header")

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        super().on_message_begin()
        self._reading = "header"

    def on_headers_complete(self) -> None:
        """Note that the body follows, and whether this request is the connection's last."""
        super().on_headers_complete()
        self._reading = "body"
        # After an upgrade we do not speak, the parser understands nothing that follows.
        if self.server_state.draining or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        super().on_message_complete()
        self._reading = None
        if self._unstarted is not None:
            unstarted, self._unstarted = self._unstarted, None
            self.server_state.arrived.add(self, *unstarted)
        elif self.cycle.response_complete:  # refused before it was read: the rest was discarded
            self._unset_keepalive_if_required()
            self._await_request()

    # Answering.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Start when the request is complete, if it comes in one piece, as nearly all do."""
        if self._parsing:
            self._unstarted = cycle, app
        else:  # its turn came after another one that it arrived with
            super()._start_asgi_task(cycle, app)

    def judge(self, cycle: RequestResponseCycle, app: ASGI3Application) -> Said | None:
        """Return the answer that is to be written; None: there is none, or not yet.

        Only what cannot be answered at once needs a task. A task, and the messages of ASGI, cost
        as much as finding out that a review is known.
        """
        if self.transport.is_closing():
            return None
        at_once: AtOnce | None = getattr(app, "at_once", None)
        said = None
        if at_once is not None and not self.flow.write_paused:
            said = at_once(cycle.scope, bytes(cycle.body))
        if said is None:
            super()._start_asgi_task(cycle, app)
        return said

    def say(self, cycle: RequestResponseCycle, said: Said) -> None:
        """Write an answer."""
        written = [STATUS_LINE[said.status]]
        for name, value in (*self.server_state.default_headers, *said.headers):
            written += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            written.append(b"connection: close\r\n")
        written += (b"content-length: %d\r\n\r\n" % len(said.content), said.content)
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(written))
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

    def give_up(self) -> None:
        """End after a fault of ours, which is logged: its peer is not to wait for nothing."""
        self.logger.exception("not answered")
        self.transport.abort()

    def _await_request(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _watch(self, owed: Literal["header", "body"] | None) -> None:
        self._unwatch()
        if owed is None or self.transport.is_closing():
            return
        limits = self.server_state.limits
        self._watched = owed
        if owed == "header":
            self._deadline = self.loop.call_later(limits.header, self._cut, "slow-header")
        else:
            self._deadline = self.loop.call_later(limits.body, self._cut, "slow-body")

    def _unwatch(self) -> None:
        self._watched = None
        self._header_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self, why: Cut) -> None:
        self._unwatch()
        self.server_state.on_cut(why)
        self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        self.logger.warning("a client asked for an upgrade; this server speaks HTTP/1.1 only")

    # Writing.

    def pause_writing(self) -> None:
        """Give a peer that does not read its answers a deadline."""
        super().pause_writing()
        limit = self.server_state.limits.answer
        self._unread = self.loop.call_later(limit, self._cut, "unread-answer")

    def resume_writing(self) -> None:
        """Forget that deadline."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
