"""One port and the connections on it. When a port opens and ends is decided in `lifecycle`."""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from webhook.errors import SettingsError
from webhook.runtime.http_protocol import AbortReason, ListenerState, TimeoutHttpProtocol
from webhook.runtime.limits import Limits

# Connections that the kernel holds while the loop judges: a burst of one API server is 60.
_BACKLOG = 1024


def bind_socket(host: str, port: int, flag: str) -> socket.socket:
    """Return a listening socket; an empty `host` is every address, IPv6 and IPv4.

    Raises InvalidSettings, which names `flag`, when the port cannot be had.
    """
    if not 0 <= port <= 65_535:
        raise SettingsError(f"{flag} {port}: a port is a number from 0 to 65535")
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
        return "the port is taken by another process; stop it, or choose another port"
    if error.errno == errno.EACCES:
        return "ports below 1024 need privileges that this process does not have"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine"
    return error.strerror or str(error)


class Listener:
    """uvicorn's HTTP engine on one bound socket.

    Not `uvicorn.Server`: that one closes idle connections the moment it is told to stop, takes
    the signals for itself and knows no limit for the handshake.
    """

    def __init__(
        self,
        listening_socket: socket.socket,
        application: ASGIApp,
        limits: Limits,
        on_abort: Callable[[AbortReason], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.port: int = listening_socket.getsockname()[1]
        self._socket = listening_socket
        self._tls_context = context
        self._limits = limits
        self._state = ListenerState(limits, on_abort)
        self._config = uvicorn.Config(
            application,
            http=TimeoutHttpProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=limits.idle_timeout,  # type: ignore[arg-type]  # only given to call_later
        )
        self._config.load()
        self._server: asyncio.Server | None = None
        self._date_timer: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._state.connections)

    @property
    def connections_opened(self) -> int:
        """How many connections there have been."""
        return self._state.connections_opened

    async def open(self) -> None:
        """Start to accept."""
        loop = asyncio.get_running_loop()
        tls = self._tls_context is not None  # the loop takes these two limits only with a context
        self._server = await loop.create_server(
            partial(TimeoutHttpProtocol, self._config, self._state, {}, loop),
            sock=self._socket,
            backlog=_BACKLOG,
            ssl=self._tls_context,
            ssl_handshake_timeout=self._limits.tls_handshake_timeout if tls else None,
            ssl_shutdown_timeout=self._limits.tls_shutdown_timeout if tls else None,
        )
        self._refresh_date(loop)

    def _refresh_date(self, loop: asyncio.AbstractEventLoop) -> None:
        # The Date header (RFC 9110, 6.6.1), written once a second instead of once an answer.
        self._state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]
        self._date_timer = loop.call_later(1.0, self._refresh_date, loop)

    def drain(self) -> None:
        """Go on accepting and answering, but let each answer end its connection.

        Idle connections stay open: the peer may be sending on one at this moment.
        """
        self._state.draining = True
        for connection in self._state.open_connections():
            connection.close_when_answered()

    async def close(self, grace: float) -> bool:
        """Stop accepting, answer what is in flight within `finish` seconds, cut the rest.

        Returns whether nothing that was in flight had to be cut.
        """
        self._state.draining = True
        if self._server is not None:
            self._server.close()
        for connection in self._state.open_connections():
            connection.shutdown()
        drained = await self._wait_until(self._is_idle, grace)
        for connection in self._state.open_connections():
            connection.shutdown()
        await self._wait_until(
            lambda: not self._state.connections, self._limits.tls_shutdown_timeout
        )
        self.abort()
        return drained

    def abort(self) -> None:
        """End everything now."""
        if self._date_timer is not None:
            self._date_timer.cancel()
        if self._server is not None:
            self._server.close()
        for connection in self._state.open_connections():
            connection.transport.abort()

    def _is_idle(self) -> bool:
        return not any(connection.in_flight for connection in self._state.open_connections())

    async def _wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            if loop.time() >= deadline:
                return False
            # uvicorn tells nobody when a connection ends; 10 ms are nothing beside a drain.
            await asyncio.sleep(0.01)
        return True
