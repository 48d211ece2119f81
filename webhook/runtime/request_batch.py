"""Complete requests that wait for their answer: one of each connection, the smaller ones first.

What a request costs is bounded by its size (work is linear in the object), so large requests wait,
and four callers with the most expensive requests delay another one only by the evaluation in
progress, not by all four. No request waits forever: it comes before all that arrived
`_MAX_HANDICAP_SECONDS` later.

Requests that were read in one turn of the loop are all evaluated, then all answers are written.
One by one, reading, evaluating and writing push each other out of the processor's caches:
evaluating took half as long again.
"""

import asyncio
import logging
from collections import deque
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Protocol

from webhook.runtime.http_message import (
    HttpRejection,
    HttpRequest,
    HttpResponse,
    RequestHandler,
)

logger = logging.getLogger("graphgate")

_MAX_BATCH_SECONDS = 0.002
"""Answers wait for each other no longer than this. Eight small reviews take less."""

_MAX_WAITING_BYTES = 16 << 20
"""Bodies that wait for their turn hold no more than this, and one request on top."""

_HANDICAP_SECONDS_PER_BYTE = 50e-6
"""How much later a request counts as having come. The worst that is known takes a quarter of it."""

_MAX_HANDICAP_SECONDS = 1.5
"""Half of the webhooks' timeoutSeconds (3): what is large is answered in time too."""

_REQUEST_BYTES = 512
"""What a request without a body holds."""

_FAULT = HttpRejection(500, "Internal Server Error")


class WaitingConnection(Protocol):
    """What the batch needs of a connection: its requests in order, and their handler.

    is_queued  whether it waits for its turn; the batch's own note
    """

    requests: deque[HttpRequest]
    is_queued: bool

    @property
    def handler(self) -> RequestHandler:
        """What answers its requests."""

    def take_request(self) -> HttpRequest | None:
        """Return the oldest request, which is not among them any more; None: the peer is gone."""

    def write_response(self, request: HttpRequest, response: HttpResponse) -> bool:
        """Write the answer; return whether the next request is to be answered too."""

    def abort_after_error(self) -> None:
        """End the connection after an error of graphgate."""


class RequestBatch:
    """Connections with a complete request. Each has one answered, then the next one has its turn.

    So a client that sends many requests at once (HTTP pipelining) delays others by one of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready: list[tuple[float, int, WaitingConnection]] = []
        self._order = count()
        self._waiting_bytes = 0
        self._is_scheduled = False

    def add(self, connection: WaitingConnection) -> None:
        """Have a connection's oldest request answered before the loop's next turn ends."""
        if connection.is_queued:
            return
        connection.is_queued = True
        size = _size(connection.requests[0])
        handicap = min(size * _HANDICAP_SECONDS_PER_BYTE, _MAX_HANDICAP_SECONDS)
        heappush(self._ready, (monotonic() + handicap, next(self._order), connection))
        self._waiting_bytes += size
        self._schedule()

    def flush_if_full(self) -> None:
        """Answer now if too much waits."""
        while self._waiting_bytes > _MAX_WAITING_BYTES:
            self._answer(is_turn=False)

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._answer)

    def _answer(self, *, is_turn: bool = True) -> None:
        """Answer those that wait; after a while, the rest in the next turn of the loop.

        is_turn  whether the loop calls this; otherwise its call is still to come, and one is enough
        """
        if is_turn:
            self._is_scheduled = False
        answered: list[tuple[WaitingConnection, HttpRequest, HttpResponse]] = []
        deadline = monotonic() + _MAX_BATCH_SECONDS
        while self._ready and (not answered or monotonic() < deadline):
            _, _, connection = heappop(self._ready)
            connection.is_queued = False
            self._waiting_bytes -= _size(connection.requests[0])
            request = connection.take_request()
            if request is None:
                continue
            try:
                response = connection.handler(request)
            except Exception:
                logger.exception("response_failed")
                response = _FAULT.response()
            answered.append((connection, request, response))
        sent: list[HttpResponse] = []
        for connection, request, response in answered:
            try:
                goes_on = connection.write_response(request, response)
            except Exception:  # noqa: BLE001 — of one connection only, and the others go on
                connection.abort_after_error()
                continue
            sent.append(response)
            if goes_on:
                self.add(connection)
        for response in sent:
            try:
                response.on_sent()
            except Exception:
                logger.exception("response_failed")
        if self._ready:
            self._schedule()


def _size(request: HttpRequest) -> int:
    return len(request.body) + _REQUEST_BYTES
