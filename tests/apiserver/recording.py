"""A transport that notes what it is asked, in the words of a Role."""

import re
from collections.abc import Mapping
from typing import Any

from webhook.kube import Response, Stream, Transport

Right = tuple[str, str, str]
"""API group, resource (with its subresource), verb."""

_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/[^/]+)?"
    r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+)(?P<below>/[a-z]+)?)?"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class RecordingTransport:
    """Passes everything on. `used` is every right that was needed, `refused` what was forbidden."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.used: set[Right] = set()
        self.refused: list[str] = []

    @property
    def server(self) -> str:
        """As the other's."""
        return self._transport.server

    @property
    def namespace(self) -> str:
        """As the other's."""
        return self._transport.namespace

    def request(self, method: str, path: str, **rest: Any) -> Response:
        """Ask and note."""
        response = self._transport.request(method, path, **rest)
        self._note(method, path, response.status)
        return response

    def stream(self, path: str, *, query: Mapping[str, str], read_timeout: float) -> Stream:
        """Ask and note."""
        stream = self._transport.stream(path, query=query, read_timeout=read_timeout)
        self._note("WATCH", path, stream.status)
        return stream

    def _note(self, method: str, path: str, status: int) -> None:
        found = _PATH.fullmatch(path.partition("?")[0])
        if found is None:
            return  # of no resource: the version, the API groups
        if status == 403:
            self.refused.append(f"{method} {path}")
        one = found["name"] is not None
        verb = _VERBS.get(method, "watch" if method == "WATCH" else "get" if one else "list")
        verbs = [verb, "create"] if (method, status) == ("PATCH", 201) else [verb]
        resource = found["resource"] + (found["below"] or "")
        self.used.update((found["group"] or "", resource, verb) for verb in verbs)
