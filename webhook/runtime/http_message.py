"""A request and its answer, as the two listeners hand them to what answers.

Both are plain values: what answers needs no server to be tested.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}

TEXT = (b"content-type", b"text/plain; charset=utf-8")


def _do_nothing() -> None:
    pass


class HttpResponse(NamedTuple):
    """A whole answer: its head without content-length, its content, what to do once it is sent."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    content: bytes
    on_sent: Callable[[], None] = _do_nothing


class HttpRejection(NamedTuple):
    """Why the listener read no request out of the bytes, or kept no body."""

    status: int
    text: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def response(self, on_sent: Callable[[], None] = _do_nothing) -> HttpResponse:
        """Return the answer that says so."""
        return HttpResponse(
            self.status, (TEXT, *self.headers), f"{self.text}\n".encode(errors="replace"), on_sent
        )


def encode_response(
    response: HttpResponse, date_header: bytes, *, closes: bool, is_head: bool
) -> bytes:
    """Return the bytes of an answer in HTTP/1.1.

    date_header  a whole line, as the pool keeps it
    closes       whether it is the connection's last, and says so
    is_head      whether the method is HEAD, which has no content
    """
    parts = [_STATUS_LINES[response.status], date_header]
    for name, value in response.headers:
        parts += (name, b": ", value, b"\r\n")
    if closes:
        parts.append(b"connection: close\r\n")
    parts.append(b"content-length: %d\r\n\r\n" % len(response.content))
    if not is_head:
        parts.append(response.content)
    return b"".join(parts)


@dataclass(slots=True, eq=False)
class HttpRequest:
    """One complete request.

    target       path and query, as they were sent
    headers      names in lower case; of several with one name, the last
    body         b"" if there is a rejection
    keep_alive   whether the peer lets the connection live on
    began_at     when the head was complete, by time.perf_counter
    rejection    why the listener rejects it; whatever answers only counts it and says so
    """

    method: str = ""
    target: str = ""
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    keep_alive: bool = False
    began_at: float = 0.0
    rejection: HttpRejection | None = None


RequestHandler = Callable[[HttpRequest], HttpResponse]
"""Answers a request without waiting for anything: it is called in the event loop."""
