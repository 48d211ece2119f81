"""The transport to the Kubernetes API, as an interface.

Belongs here: the two calls and what they return. Does not belong here: implementations
(`client`, or a fake in a test), and the meaning of responses (`requests`, `reflector`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from webhook.errors import KubeApiUnavailableError

REQUEST_TIMEOUT_SECONDS = 30.0
"""How long an answer may take. The API server itself gives up after 60 s, admission webhooks after
30 s at most."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the body as JSON data; raise KubeApiUnavailableError if it is not one."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise KubeApiUnavailableError(
                f"the response is not JSON, so it is not from the Kubernetes API: {error}"
            ) from error


class Stream(Protocol):
    """An answer that comes in pieces, as a watch's does."""

    @property
    def status(self) -> int: ...  # noqa: D102 — of HTTP
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102 — names in lower case

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces as they come.

        Raise KubeApiUnavailableError when the connection breaks, or is silent for too long.
        """

    def interrupt(self) -> None:
        """Make a reader in any other thread stop at once; what it then meets is of no matter."""

    def close(self) -> None:
        """Give the connection up. Only for the thread that reads."""


class Transport(Protocol):
    """Carries requests to one API server. Used by several threads at once.

    server     its URL, for sentences
    namespace  where the caller's context is: "default" unless kubeconfig or pod say otherwise
    """

    @property
    def server(self) -> str: ...  # noqa: D102 — above
    @property
    def namespace(self) -> str: ...  # noqa: D102 — above

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
        """Return the response, whatever its status; raise KubeApiUnavailableError if there is none.

        path     "/api/v1/namespaces", percent-encoded where a name needs it
        headers  Content-Type is application/json unless given
        timeout  seconds, for the connection and again for each piece of the answer
        """

    def stream(self, path: str, *, query: Mapping[str, str], read_timeout: float) -> Stream:
        """Stream a response, whatever its status.

        read_timeout  seconds without data after which the connection counts as broken
        """
