"""A transport that answers from a script: no network, no thread, no time."""

import json
from collections.abc import Iterable, Iterator

from webhook.errors import KubeApiUnavailableError
from webhook.kube.transport import Response


def make_object(name, version, namespace="", **fields):
    """An object of the cluster, as much of it as anybody looks at."""
    metadata = {"name": name, "resourceVersion": str(version)}
    if namespace:
        metadata["namespace"] = namespace
    return {"metadata": metadata, **fields}


def list_response(*items, version=10, rest=""):
    """The answer to a list request."""
    metadata = {"resourceVersion": str(version), "continue": rest}
    return Response(200, json.dumps({"metadata": metadata, "items": list(items)}).encode())


def error_response(code, reason="", message="no", **headers):
    """An answer that is an error."""
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return Response(code, json.dumps(body).encode(), headers)


def event_line(kind, obj):
    """One event on the wire."""
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def bookmark_line(version):
    return event_line("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


EXPIRED_EVENT = event_line(
    "ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
)

CONNECTION_ERROR = KubeApiUnavailableError("the connection broke")


class ScriptedStream:
    """Pieces of bytes; an exception among them is raised in its turn, a callable called."""

    def __init__(self, pieces: Iterable[object], code: int = 200) -> None:
        self.status = code
        self.headers: dict[str, str] = {}
        self.closed = False
        self._pieces = list(pieces)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            if callable(piece):
                piece()
                continue
            assert isinstance(piece, bytes)
            yield piece

    def interrupt(self) -> None:
        raise AssertionError("there is no other thread")

    def close(self) -> None:
        self.closed = True


class ScriptedTransport:
    """Answers each request with the next of its list: Responses, exceptions, lists of pieces."""

    server = "https://api.example:6443"
    namespace = "default"

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[object] = []
        self.streams: list[ScriptedStream] = []

    def _next(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def request(self, method, path, *, query=None, body=None, headers=None, timeout=30.0):
        self.requests.append((method, path, dict(query or {})))
        self.bodies.append((json.loads(body) if body else None, dict(headers or {})))
        answer = self._next()
        assert isinstance(answer, Response)
        return answer

    def stream(self, path, *, query, read_timeout):
        self.requests.append(("WATCH", path, dict(query)))
        answer = self._next()
        if isinstance(answer, Response):
            answer = ScriptedStream([answer.body], answer.status)
        elif isinstance(answer, list):
            answer = ScriptedStream(answer)
        self.streams.append(answer)
        return answer
