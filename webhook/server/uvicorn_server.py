"""uvicorn with the connections of `graphgate serve`, and with their limits.

uvicorn takes a protocol class through its public setting `http`:

    uvicorn --factory webhook.server.asgi:create_default_app \
        --http webhook.server.uvicorn_server:UvicornConnection

Such a connection answers by itself what `asgi.create_app` answers, and no ASGI message is made.
Accepting, the handshake and the end of the process stay uvicorn's: the bounds of handshakes and the
drain of `serve` do not apply.
"""

import asyncio
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette

from webhook.runtime.http_message import HttpRequest
from webhook.runtime.http_protocol import HttpConnection
from webhook.server.asgi import AppState


class UvicornConnection(HttpConnection):
    """A connection that uvicorn creates, tracks and closes.

    The parameters are those with which uvicorn calls what its setting `http` names.
    """

    def __init__(
        self,
        config: uvicorn.Config,  # noqa: ARG002 — uvicorn's
        server_state: Any,
        app_state: dict[str, Any],
        _loop: object = None,
    ) -> None:
        """Take handler and pool from the state of the running application.

        Raise RuntimeError for an application that `asgi.create_app` did not make.
        """
        if "pool" not in app_state:
            raise RuntimeError("UvicornConnection serves an application of webhook.server.asgi")
        state = cast("AppState", app_state)
        super().__init__(state["pool"], state["handler"])
        self._server_state = server_state
        self._end_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start; uvicorn tracks it and waits for it at shutdown."""
        self._server_state.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        if self._end_timer is not None:
            self._end_timer.cancel()
        self._server_state.connections.discard(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End now if nothing is in flight, else after the answer.

        uvicorn leaves a TLS peer that says no goodbye the loop's 30 s, and waits for it; here it
        has `Limits.tls_shutdown_timeout`.
        """
        super().shutdown()
        seconds = self._pool.limits.tls_shutdown_timeout
        self._end_timer = self._pool.loop.call_later(seconds, self._abort_or_wait)

    def _abort_or_wait(self) -> None:
        if self.in_flight:
            self.shutdown()
        else:
            self.abort()

    def take_request(self) -> HttpRequest | None:
        """Return the request whose turn it is, counted for uvicorn's `limit_max_requests`."""
        self._server_state.total_requests += 1
        return super().take_request()


def run_uvicorn(app: Starlette, **options: Any) -> None:
    """Serve an application of `asgi.create_app` with uvicorn until a signal.

    The options are those of `uvicorn.Config`: host, port, ssl_certfile, ssl_keyfile and others.
    """
    uvicorn.Server(uvicorn_config(app, **options)).run()


def uvicorn_config(app: Starlette, **options: Any) -> uvicorn.Config:
    """Return uvicorn's configuration with our connections; `options` go before."""
    # Without the lifespan there is no pool; "on" makes its failure the server's.
    return uvicorn.Config(app, **{"http": UvicornConnection, "lifespan": "on", **options})
