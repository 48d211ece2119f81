"""One port and the connections on it. When a port opens and ends is decided in `run`."""

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

from webhook.errors import InvalidSettings
from webhook.server.config import Limits
from webhook.server.protocol import Cut, GuardedProtocol, ListenerState

# Connections that the kernel holds while the loop judges: a burst of one API server is 60.
_BACKLOG = 1024


def bind(host: str, port: int, flag: str) -> socket.socket:
    """Return a listening socket; an empty `host` is every address, IPv6 and IPv4.

    Raises InvalidSettings, which names `flag`, when the port cannot be had.
    """
    if not 0 <= port <= 65_535:
        raise InvalidSettings(f"{flag} {port}: a port is a number from 0 to 65535")
    try:
        if host or not socket.has_dualstack_ipv6():
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            bound = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        else:
            bound = socket.create_server(
                ("::", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
            )
    except OSError as error:
        raise InvalidSettings(f"{flag} {port}: {_reason(error, host)}") from error
    bound.settimeout(0.0)
    return bound


def _reason(error: OSError, host: str) -> str:
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
        bound: socket.socket,
        application: ASGIApp,
        limits: Limits,
        on_cut: Callable[[Cut], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.port: int = bound.getsockname()[1]
        self._bound = bound
        self._context = context
        self._limits = limits
        self._state = ListenerState(limits, on_cut)
        self._config = uvicorn.Config(
            application,
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=limits.idle,  # type: ignore[arg-type]  # only given to call_later
        )
        self._config.load()
        self._server: asyncio.Server | None = None
        self._clock: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._state.connections)

    @property
    def opened(self) -> int:
        """How many connections there have been."""
        return self._state.opened

    async def open(self) -> None:
        """Start to accept."""
        loop = asyncio.get_running_loop()
        tls = self._context is not None  # the loop takes these two limits only with a context
        self._server = await loop.create_server(
            partial(GuardedProtocol, self._config, self._state, {}, loop),
            sock=self._bound,
            backlog=_BACKLOG,
            ssl=self._context,
            ssl_handshake_timeout=self._limits.handshake if tls else None,
            ssl_shutdown_timeout=self._limits.goodbye if tls else None,
        )
        self._tick(loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        # The Date header (RFC 9110, 6.6.1), written once a second instead of once an answer.
        self._state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]
        self._clock = loop.call_later(1.0, self._tick, loop)

    def drain(self) -> None:
        """Go on accepting and answering, but let each answer end its connection.

        Idle connections stay open: the peer may be sending on one at this moment.
        """
        self._state.draining = True
        for connection in self._state.guarded():
            connection.close_when_answered()

    async def close(self, finish: float) -> bool:
        """Stop accepting, answer what is in flight within `finish` seconds, cut the rest.

        Returns whether nothing that was in flight had to be cut.
        """
        self._state.draining = True
        if self._server is not None:
            self._server.close()
        for connection in self._state.guarded():
            connection.shutdown()
        answered = await self._until(self._is_answered, finish)
        for connection in self._state.guarded():
            connection.shutdown()
        await self._until(lambda: not self._state.connections, self._limits.goodbye)
        self.abort()
        return answered

    def abort(self) -> None:
        """End everything now."""
        if self._clock is not None:
            self._clock.cancel()
        if self._server is not None:
            self._server.close()
        for connection in self._state.guarded():
            connection.transport.abort()

    def _is_answered(self) -> bool:
        return not any(connection.in_flight for connection in self._state.guarded())

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            if loop.time() >= end:
                return False
            # uvicorn tells nobody when a connection ends; 10 ms are nothing beside a drain.
            await asyncio.sleep(0.01)
        return True
