"""The official client as a wire: it has credentials and connections, and no more is asked of it.

Belongs here: sending, and the translation of whatever urllib3 raises. Does not belong here: where
credentials come from (`credentials`), and what is asked (`verbs`, `watching`).

Its typed models are never used: they drop fields that are newer than the client and refuse valid
objects. Its own retries are off: whoever asks knows better whether and when to ask again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlencode

from webhook.cluster.transport import REQUEST_SECONDS, Response
from webhook.errors import ClusterUnavailable

_CONNECT_SECONDS = 10.0
"""Within 75 s of silence (see `reflector`) there is room for one connection that does not come."""

_PIECE = 64 * 2**10


class _Silent(ClusterUnavailable):
    """Nothing came for too long."""


class Client:
    """A `Transport` on an ApiClient of the official client."""

    def __init__(self, client: Any, namespace: str) -> None:
        """Take over an ApiClient; `namespace` is where its context is."""
        self._client = client
        self.namespace = namespace

    @property
    def server(self) -> str:
        """The API server's URL."""
        host: str = self._client.configuration.host
        return host

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = REQUEST_SECONDS,
    ) -> Response:
        """Return the answer, whatever its status (see `Transport`)."""
        with self._translated(f"{method} {path}", timeout):
            typed = {} if body is None else {"Content-Type": "application/json"}
            answer = self._send(
                method,
                path,
                query or {},
                body=body,
                headers={**typed, **(headers or {})},
                timeout=timeout,
            )
            try:
                content = answer.read()
            finally:
                answer.release_conn()
            return Response(answer.status, content, _lower(answer.headers))

    def stream(self, path: str, *, query: Mapping[str, str], silence: float) -> "ClientStream":
        """Return an answer as it comes, whatever its status (see `Transport`)."""
        with self._translated(f"GET {path}", silence):
            answer = self._send("GET", path, query, headers={}, timeout=silence)
        return ClientStream(answer, partial(self._translated, f"GET {path}", silence))

    def headers(self) -> dict[str, str]:
        """Return what every request says, the bearer token among it, read anew if need be."""
        headers = {"Accept": "application/json", **self._client.default_headers}
        try:
            self._client.update_params_for_auth(headers, [], ["BearerToken"], "", "", None)
        except OSError as error:
            raise ClusterUnavailable(
                f"the credentials for {self.server} cannot be renewed: {one_line(error)}"
            ) from error
        return headers

    @contextmanager
    def _translated(self, what: str, seconds: float) -> Iterator[None]:
        """Make one sentence of whatever goes wrong, and forget idle connections after a silence.

        Whatever swallowed this connection (a firewall that was restarted, a node that is gone) has
        swallowed those of its age as well, and each would be silent for as long again.
        """
        try:
            with _translated(self.server, what, seconds):
                yield
        except _Silent:
            self._client.rest_client.pool_manager.clear()
            raise

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> Any:
        import urllib3

        # `rest_client.request` would parse and print bodies again; the pool below it is what has
        # the certificates and the proxy.
        return self._client.rest_client.pool_manager.request(
            method,
            self.server + path + (f"?{urlencode(query)}" if query else ""),
            body=body,
            headers={**self.headers(), **headers},
            timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, timeout), read=timeout),
            retries=False,
            redirect=False,
            preload_content=False,
        )


class ClientStream:
    """A `Stream` on a response of urllib3."""

    def __init__(self, answer: Any, translated: Callable[[], AbstractContextManager[None]]) -> None:
        """Take over an answer of which only the head was read; `translated` is the client's."""
        self._answer = answer
        self._translated = translated
        self.status: int = answer.status
        self.headers: Mapping[str, str] = _lower(answer.headers)

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces as they come."""
        with self._translated():
            yield from self._answer.stream(_PIECE)

    def end(self) -> None:
        """Wake the reader: its next read finds the end."""
        # RuntimeError, ValueError: there is no connection any more, so nobody reads.
        with suppress(OSError, RuntimeError, ValueError):
            self._answer.shutdown()

    def close(self) -> None:
        """Close the connection, unless the answer was read to its end and it can be used again."""
        self._answer.close()


@contextmanager
def _translated(server: str, what: str, seconds: float) -> Iterator[None]:
    """Make one sentence of whatever urllib3, or the fetching of a token, raises."""
    import urllib3.exceptions as wire
    from kubernetes.config import ConfigException

    try:
        yield
    # Before the timeouts, of which urllib3 calls a refused connection one.
    except (wire.NewConnectionError, wire.ProxyError, wire.LocationValueError) as error:
        raise ClusterUnavailable(
            f"the API server at {server} cannot be reached: {_cause(error)}"
        ) from error
    except wire.SSLError as error:
        raise ClusterUnavailable(
            f"the API server at {server} is not trusted: {one_line(error)}; the kubeconfig's "
            "certificate-authority must be the one of this cluster"
        ) from error
    except (wire.ConnectTimeoutError, wire.ReadTimeoutError) as error:
        raise _Silent(
            f"the API server at {server} was silent on {what} for {seconds:g} s"
        ) from error
    except (wire.HTTPError, OSError) as error:
        raise ClusterUnavailable(
            f"the connection to the API server at {server} broke during {what}: {_cause(error)}"
        ) from error
    except (ConfigException, json.JSONDecodeError) as error:
        raise ClusterUnavailable(
            f"the credentials for {server} cannot be renewed: {one_line(error)}"
        ) from error


def _cause(error: BaseException) -> str:
    """Return the innermost reason: urllib3 wraps the system's word two or three times."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    strerror = getattr(error, "strerror", None)
    return strerror.lower() if isinstance(strerror, str) else one_line(error)


def one_line(error: BaseException) -> str:
    """Return what an exception says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _lower(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}
