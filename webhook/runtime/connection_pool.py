"""What the connections of one port share: their number, the bytes they hold, and which are closed.

There is no limit per address: a proxy, with all API servers behind it, may share one. There is
only an order in which connections are closed.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from email.utils import formatdate
from operator import attrgetter
from typing import Literal, Protocol

from webhook.runtime.limits import Limits
from webhook.runtime.request_batch import RequestBatch

AbortReason = Literal[
    "handshake_limit",
    "tls_message_limit",
    "header_timeout",
    "header_too_large",
    "body_timeout",
    "write_timeout",
    "connection_limit",
    "buffer_limit",
]

_MIN_HOLD_SECONDS = 0.001
"""So that of several bodies that arrived at the same moment the largest is superseded."""


class PooledConnection(Protocol):
    """What the pool knows of a connection. Times are those of the loop.

    address        of the peer
    is_used        whether a whole request has come
    idle_since     when it was opened, or answered for the last time
    request_since  when the request that is arriving began
    held_bytes     of a body that has arrived in part, and of requests that wait unread
    """

    address: str
    is_used: bool
    idle_since: float
    request_since: float
    held_bytes: int

    @property
    def in_flight(self) -> bool:
        """Whether a request has begun to arrive or is not fully answered."""

    def has_unread_bytes(self) -> bool:
        """Return whether the kernel has bytes that the event loop has not delivered yet."""

    def give_way(self, reason: AbortReason) -> None:
        """End now."""

    def release_bytes(self) -> None:
        """Hold no bytes any more."""

    def shutdown(self) -> None:
        """End now if nothing is in flight, else after the answer."""

    def abort(self) -> None:
        """End now, whatever is in flight."""


class ConnectionPool:
    """The connections of one port.

    draining      set once; from then on each answer says `Connection: close`
    opened        how many connections there have been; with TLS, completed handshakes
    held_bytes    what all of them hold together
    date_header   of this second, as a line
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        on_abort: Callable[[AbortReason], None],
    ) -> None:
        self.loop = loop
        self.limits = limits
        self.on_abort = on_abort
        self.batch = RequestBatch(loop)
        self.draining = False
        self.opened = 0
        self.held_bytes = 0
        self.date_header = b""
        self.connections: set[PooledConnection] = set()
        self._date_timer: asyncio.TimerHandle | None = None

    @property
    def closes_after_answer(self) -> bool:
        """Whether each answer is to end its connection, and to say so.

        Also while connections exceed their number: a connection that is announced to end loses no
        request, and its peer opens another one, for which an idle one is superseded.
        """
        return self.draining or len(self.connections) > self.limits.max_connections

    def add(self, connection: PooledConnection) -> None:
        """Take a connection in; if there are too many, another one is superseded for it."""
        self.opened += 1
        self.connections.add(connection)
        excess = len(self.connections) - self.limits.max_connections
        if excess <= 0:
            return
        others = [c for c in self.connections if c is not connection]
        now = self.loop.time()
        victim = choose_victim(others, now, self.limits.min_idle_before_eviction)
        if victim is None and excess > self.limits.reserved_connections:
            victim = _choose_last_resort(others, now, self.limits.min_idle_before_eviction)
            victim = victim or connection
        if victim is not None:
            victim.give_way("connection_limit")

    def remove(self, connection: PooledConnection) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        self.hold(connection, 0)

    def hold(self, connection: PooledConnection, size: int) -> None:
        """Note how many bytes a connection holds; if all hold too much, some hold none any more.

        They are counted as they arrive and not as announced: a client that announces much and
        sends nothing takes nothing from others.
        """
        self.held_bytes += size - connection.held_bytes
        connection.held_bytes = size
        if self.held_bytes > self.limits.max_body_bytes_in_flight:
            for victim in by_occupancy(self.connections, self.loop.time()):
                victim.release_bytes()
                if self.held_bytes <= self.limits.max_body_bytes_in_flight:
                    return

    def refresh_date(self) -> None:
        """Keep the date of the answers, from now on."""
        # The Date header (RFC 9110, 6.6.1), written once a second instead of once an answer.
        self.date_header = b"date: %b\r\n" % formatdate(time.time(), usegmt=True).encode()
        self._date_timer = self.loop.call_later(1.0, self.refresh_date)

    def stop(self) -> None:
        """End every connection."""
        if self._date_timer is not None:
            self._date_timer.cancel()
        for connection in list(self.connections):
            connection.abort()


def choose_victim(
    connections: Iterable[PooledConnection], now: float, min_idle: float
) -> PooledConnection | None:
    """Return the connection that is superseded to a newcomer; None: none can be spared.

    First one that never carried a request, the oldest; then, of the address that holds most, the
    one that has been idle longest. None of them with a request in flight, and none that was idle
    for less than `min_idle` seconds: a request may be on its way, and the API server does not
    repeat one that met a closed connection.
    """
    known = list(connections)
    idle = [c for c in known if not c.in_flight and now - c.idle_since >= min_idle]
    idle.sort(key=attrgetter("idle_since"))
    for connection in idle:
        if not connection.is_used and not connection.has_unread_bytes():
            return connection
    per_address = Counter(connection.address for connection in known)
    idle.sort(key=lambda connection: -per_address[connection.address])  # stable: idle longest first
    return next((c for c in idle if not c.has_unread_bytes()), None)


def _choose_last_resort(
    connections: Iterable[PooledConnection], now: float, min_idle: float
) -> PooledConnection | None:
    """Return what is superseded when the reserve is used up too; None: the newcomer itself.

    An idle connection, however short; or, if every one is in the middle of a request, the request
    that has been arriving longest, if that is longer than a request ever takes.
    """
    known = list(connections)
    if victim := choose_victim(known, now, 0.0):
        return victim
    slow = [c for c in known if c.in_flight and now - c.request_since >= min_idle]
    per_address = Counter(connection.address for connection in known)
    return min(slow, key=lambda c: (-per_address[c.address], c.request_since), default=None)


def by_occupancy(connections: Iterable[PooledConnection], now: float) -> list[PooledConnection]:
    """Return those that hold bytes, first what has held most for longest (bytes times seconds).

    A body of the API server's is complete within milliseconds. An attacker has to hold the memory
    for seconds, in few bodies or in many.
    """
    return sorted(
        (c for c in connections if c.held_bytes),
        key=lambda c: c.held_bytes * max(now - c.request_since, _MIN_HOLD_SECONDS),
        reverse=True,
    )
