"""New connections, up to the end of their TLS handshake.

The event loop's own server starts a handshake for every connection: 10,000 silent clients hold 500
MB. Here the number of handshakes in progress is limited, and the oldest is closed.
"""

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger("graphgate")

_MAX_ACCEPTS_AT_ONCE = 64
"""Connections that are accepted in one turn of the loop: a burst of one API server."""

_RETRY_SECONDS = 0.1
"""Until the next attempt when the process has no descriptor left for a connection."""

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Acceptor:
    """Accepts on one socket. `connect` takes a connected socket and ends with its handshake."""

    def __init__(
        self,
        listening_socket: socket.socket,
        connect: Callable[[socket.socket], Coroutine[Any, Any, object]],
        max_handshakes: int,
        on_abort: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = listening_socket
        self._connect = connect
        self._max_handshakes = max_handshakes
        self._on_abort = on_abort
        self._handshakes: dict[asyncio.Task[object], tuple[str, socket.socket]] = {}
        self._retry: asyncio.TimerHandle | None = None
        self._socket.settimeout(0.0)
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Stop accepting: the kernel refuses further connections."""
        if self._retry is not None:
            self._retry.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def abort(self) -> None:
        """Accept no more, and end the handshakes in progress."""
        self.close()
        for _, connected in list(self._handshakes.values()):
            _shut_down(connected)

    def _accept(self) -> None:
        for _ in range(_MAX_ACCEPTS_AT_ONCE):
            try:
                connected, address = self._socket.accept()
            except OSError as error:  # no client waits any more, or it left at once
                if error.errno in _EXHAUSTED:
                    self._pause(error)
                return
            self._start(connected, str(address[0]))

    def _pause(self, error: OSError) -> None:
        logger.error("accept_failed", extra={"fields": {"reason": error.strerror}})
        descriptor = self._socket.fileno()
        self._loop.remove_reader(descriptor)
        self._retry = self._loop.call_later(
            _RETRY_SECONDS, self._loop.add_reader, descriptor, self._accept
        )

    def _start(self, connected: socket.socket, address: str) -> None:
        connected.settimeout(0.0)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._connect(connected))
        self._handshakes[task] = address, connected
        task.add_done_callback(self._finish)
        if len(self._handshakes) > self._max_handshakes:
            self._evict()

    def _evict(self) -> None:
        """End the oldest handshake of the address that has most."""
        per_address = Counter(address for address, _ in self._handshakes.values())
        most = max(per_address.values())
        victim = next(
            t for t, (address, _) in self._handshakes.items() if per_address[address] == most
        )
        _, connected = self._handshakes.pop(victim)
        self._on_abort()
        _shut_down(connected)

    def _finish(self, task: "asyncio.Task[object]") -> None:
        self._handshakes.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The peer left, was too slow, or does not trust the certificate; counters show how
            # many.
            logger.debug("handshake_failed", exc_info=error)


def _shut_down(connected: socket.socket) -> None:
    # Seen by the handshake as the end of the stream, so that the loop frees what it has for it.
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        connected.close()
