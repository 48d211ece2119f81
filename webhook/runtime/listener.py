"""One port and the connections on it. When a port opens and ends is decided in `lifecycle`."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable

from webhook.errors import SettingsError
from webhook.runtime.acceptor import Acceptor
from webhook.runtime.connection_pool import AbortReason, ConnectionPool, PooledConnection
from webhook.runtime.http_message import RequestHandler
from webhook.runtime.http_protocol import HttpConnection
from webhook.runtime.limits import Limits

# Connections that the kernel holds while the loop evaluates: a burst of one API server is 60.
_BACKLOG = 1024


def bind_socket(host: str, port: int, flag: str) -> socket.socket:
    """Return a listening socket; an empty `host` is every address, IPv6 and IPv4.

    Raises SettingsError, which names `flag`, when the port cannot be had.
    """
    if not 0 <= port <= 65_535:
        raise SettingsError(f"{flag} {port}: a port must be a number from 0 to 65535")
    try:
        if host or not socket.has_dualstack_ipv6():
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening_socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        else:
            listening_socket = socket.create_server(
                ("::", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
            )
    except OSError as error:
        raise SettingsError(f"{flag} {port}: {_explain_bind_error(error, host)}") from error
    listening_socket.settimeout(0.0)
    return listening_socket


def _explain_bind_error(error: OSError, host: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is used by another process; stop it, or choose another port"
    if error.errno == errno.EACCES:
        return "ports below 1024 require privileges that this process does not have"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine"
    return error.strerror or str(error)


class Listener:
    """HTTP/1.1 on one bound socket.

    Not `uvicorn.Server`: it closes idle connections as soon as it stops, handles signals itself
    and has no limit for handshakes.
    """

    def __init__(
        self,
        listening_socket: socket.socket,
        handler: RequestHandler,
        limits: Limits,
        on_abort: Callable[[AbortReason], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.port: int = listening_socket.getsockname()[1]
        self._socket = listening_socket
        self._handler = handler
        self._tls_context = context
        self._limits = limits
        self._on_abort = on_abort
        self._pool: ConnectionPool | None = None
        self._acceptor: Acceptor | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open_connections())

    @property
    def connections_opened(self) -> int:
        """How many connections there have been."""
        return self._pool.opened if self._pool else 0

    @property
    def requests_in_flight(self) -> int:
        """How many connections have a request that is arriving or being answered."""
        return sum(connection.in_flight for connection in self._open_connections())

    @property
    def held_bytes(self) -> int:
        """How many bytes of bodies have arrived in part."""
        return self._pool.held_bytes if self._pool else 0

    def _open_connections(self) -> list[PooledConnection]:
        return list(self._pool.connections) if self._pool else []

    async def open(self) -> None:
        """Start to accept."""
        loop = asyncio.get_running_loop()
        self._pool = pool = ConnectionPool(loop, self._limits, self._on_abort)
        pool.refresh_date()
        tls = self._tls_context is not None  # the loop takes these two limits only with a context

        async def connect(connected: socket.socket) -> None:
            await loop.connect_accepted_socket(
                lambda: HttpConnection(pool, self._handler),
                connected,
                ssl=self._tls_context,
                ssl_handshake_timeout=self._limits.tls_handshake_timeout if tls else None,
                ssl_shutdown_timeout=self._limits.tls_shutdown_timeout if tls else None,
            )

        self._acceptor = Acceptor(
            self._socket,
            connect,
            self._limits.max_handshakes,
            lambda: self._on_abort("handshake_limit"),
        )

    def drain(self) -> None:
        """Go on accepting and answering, but let each answer end its connection.

        Idle connections stay open: the peer may be sending on one at this moment.
        """
        if self._pool is not None:
            self._pool.draining = True

    async def close(self, grace: float) -> bool:
        """Stop accepting, answer what is in flight within `grace` seconds, cut the rest.

        Returns whether nothing that was in flight had to be cut.
        """
        self.drain()
        if self._acceptor is not None:
            self._acceptor.close()
        for connection in self._open_connections():
            connection.shutdown()
        drained = await self._wait_until(lambda: not self.requests_in_flight, grace)
        for connection in self._open_connections():
            connection.shutdown()
        await self._wait_until(lambda: not self.connections, self._limits.tls_shutdown_timeout)
        self.abort()
        return drained

    def abort(self) -> None:
        """End everything now."""
        if self._acceptor is not None:
            self._acceptor.abort()
        if self._pool is not None:
            self._pool.stop()

    async def _wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            if loop.time() >= deadline:
                return False
            # Polling: 10 ms do not matter in a drain.
            await asyncio.sleep(0.01)
        return True
