"""The official client as a transport: only its credentials and connections are used.

Belongs here: sending, and the translation of whatever urllib3 raises. Does not belong here: where
credentials come from (`config`), and the requests (`requests`, `list_watch`).

Its typed models are never used: they drop fields that are newer than the client and reject valid
objects. Its own retries are off: the caller knows better whether and when to retry.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlencode

from webhook.errors import KubeApiUnavailableError
from webhook.kube.transport import REQUEST_TIMEOUT_SECONDS, Response

_CONNECT_TIMEOUT_SECONDS = 10.0
"""Within 75 s of silence (see `reflector`) there is room for one connection that does not come."""

_CHUNK_BYTES = 64 * 2**10


class _ReadTimeoutError(KubeApiUnavailableError):
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
        timeout: float = REQUEST_TIMEOUT_SECONDS,
    ) -> Response:
        """Return the answer, whatever its status (see `Transport`)."""
        with self._translate_errors(f"{method} {path}", timeout):
            content_type = {} if body is None else {"Content-Type": "application/json"}
            response = self._send(
                method,
                path,
                query or {},
                body=body,
                headers={**content_type, **(headers or {})},
                timeout=timeout,
            )
            try:
                content = response.read()
            finally:
                response.release_conn()
            return Response(response.status, content, _lower_keys(response.headers))

    def stream(self, path: str, *, query: Mapping[str, str], read_timeout: float) -> "ClientStream":
        """Stream a response, whatever its status (see `Transport`)."""
        with self._translate_errors(f"GET {path}", read_timeout):
            response = self._send("GET", path, query, headers={}, timeout=read_timeout)
        return ClientStream(response, partial(self._translate_errors, f"GET {path}", read_timeout))

    def headers(self) -> dict[str, str]:
        """Return what every request says, the bearer token among it, read again if need be."""
        headers = {"Accept": "application/json", **self._client.default_headers}
        try:
            self._client.update_params_for_auth(headers, [], ["BearerToken"], "", "", None)
        except OSError as error:
            raise KubeApiUnavailableError(
                f"cannot renew the credentials for {self.server}: {error_text(error)}"
            ) from error
        return headers

    @contextmanager
    def _translate_errors(self, action: str, timeout: float) -> Iterator[None]:
        """Make one sentence of whatever goes wrong, and forget idle connections after a silence.

        Whatever swallowed this connection (a firewall that was restarted, a node that is gone) has
        swallowed those of its age as well, and each would be silent for as long again.
        """
        try:
            with _translate_errors(self.server, action, timeout):
                yield
        except _ReadTimeoutError:
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
            timeout=urllib3.Timeout(connect=min(_CONNECT_TIMEOUT_SECONDS, timeout), read=timeout),
            retries=False,
            redirect=False,
            preload_content=False,
        )


class ClientStream:
    """A `Stream` on a response of urllib3."""

    def __init__(
        self, response: Any, translate_errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Take over an answer of which only the head was read; `translated` is the client's."""
        self._response = response
        self._translate_errors = translate_errors
        self.status: int = response.status
        self.headers: Mapping[str, str] = _lower_keys(response.headers)

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces as they come."""
        with self._translate_errors():
            yield from self._response.stream(_CHUNK_BYTES)

    def interrupt(self) -> None:
        """Wake the reader: its next read finds the end."""
        # RuntimeError, ValueError: the connection is closed already.
        with suppress(OSError, RuntimeError, ValueError):
            self._response.shutdown()

    def close(self) -> None:
        """Close the connection, unless the answer was read to its end and it can be used again."""
        self._response.close()


@contextmanager
def _translate_errors(server: str, action: str, timeout: float) -> Iterator[None]:
    """Make one sentence of whatever urllib3, or the fetching of a token, raises."""
    import urllib3.exceptions as wire
    from kubernetes.config import ConfigException

    try:
        yield
    # Before the timeouts, of which urllib3 calls a refused connection one.
    except (wire.NewConnectionError, wire.ProxyError, wire.LocationValueError) as error:
        raise KubeApiUnavailableError(
            f"cannot reach the API server at {server}: {_root_cause_text(error)}"
        ) from error
    except wire.SSLError as error:
        raise KubeApiUnavailableError(
            f"the API server at {server} is not trusted: {error_text(error)}; the kubeconfig's "
            "certificate-authority must be the one of this cluster"
        ) from error
    except (wire.ConnectTimeoutError, wire.ReadTimeoutError) as error:
        raise _ReadTimeoutError(
            f"the API server at {server} did not respond to {action} within {timeout:g} s"
        ) from error
    except (wire.HTTPError, OSError) as error:
        raise KubeApiUnavailableError(
            f"the connection to the API server at {server} broke during {action}: "
            f"{_root_cause_text(error)}"
        ) from error
    except (ConfigException, json.JSONDecodeError) as error:
        raise KubeApiUnavailableError(
            f"cannot renew the credentials for {server}: {error_text(error)}"
        ) from error


def _root_cause_text(error: BaseException) -> str:
    """Return the innermost reason: urllib3 wraps the system's word two or three times."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    strerror = getattr(error, "strerror", None)
    return strerror.lower() if isinstance(strerror, str) else error_text(error)


def error_text(error: BaseException) -> str:
    """Return what an exception says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _lower_keys(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}
