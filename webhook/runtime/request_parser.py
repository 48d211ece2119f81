"""Requests out of bytes: httptools' parser, and the limits of what it finds.

No transport, no loop, no clock but the one that requests are stamped with: bytes in, requests out.
When bytes come, and how long their sender may take, is `http_protocol`'s.
"""

from collections import deque
from time import perf_counter
from typing import Literal

import httptools

from webhook.runtime.http_message import HttpRejection, HttpRequest
from webhook.runtime.limits import Limits

Part = Literal["header", "body"]

_NOT_HTTP = HttpRejection(400, "this is not a valid HTTP/1.1 request")
_TOO_SHORT_CHUNKS = HttpRejection(400, "the chunks of the body are too short")


class _RejectedStreamError(Exception):
    """Raised inside the parser, which then stops: nothing more of this connection is read."""


class RequestParser:
    """The requests of one connection, in their order.

    part                what is arriving; None: nothing has begun
    requests_begun      how many requests have begun to arrive
    missing_body_bytes  what its head still announces; 0 for chunks
    silent_bytes        read without finding anything: of a field without an end, or empty lines
    expects_continue    the head expects 100 (Continue), which is not written yet
    is_finished         the last request is complete: nothing that follows is read
    is_broken           it is a rejection of the stream, of which nothing more can be understood
    """

    def __init__(self, limits: Limits, requests: deque[HttpRequest]) -> None:
        """Append complete requests, and invalid ones with their rejection, to `requests`."""
        self.part: Part | None = None
        self.requests_begun = 0
        self.missing_body_bytes = 0
        self.silent_bytes = 0
        self.expects_continue = False
        self.is_finished = self.is_broken = False
        self._limits = limits
        self._requests = requests
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._has_progressed = False
        self._rejection: HttpRejection | None = None
        self._request = HttpRequest()
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = self._header_count = self._chunk_count = 0
        self._body: bytes | bytearray = b""
        self._read_body_bytes = 0

    @property
    def body_bytes(self) -> int:
        """What is kept of the body that is arriving."""
        return len(self._body)

    def feed(self, piece: bytes) -> None:
        """Read on; after `is_finished`, what follows is thrown away."""
        assert self._parser is not None  # noqa: S101 — until `close`
        self._has_progressed = False
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            return  # nothing that follows is HTTP, and this request is the last
        except httptools.HttpParserError:
            self._break_off(self._rejection or _NOT_HTTP)
            return
        # The parser buffers a header or a trailer without an end, without a callback.
        self.silent_bytes = 0 if self._has_progressed else self.silent_bytes + len(piece)
        if self.silent_bytes > self._limits.max_header_bytes:
            self._break_off(self._header_too_large())

    def reject_body(self, rejection: HttpRejection) -> None:
        """Read on to the end of the body and throw it away; then its request has this rejection.

        A peer that is still sending when its connection closes never sees the answer.
        """
        if self._request.rejection is None:
            self._request.rejection = rejection
        self._body = b""

    def close(self) -> None:
        """Drop what is arriving, and httptools' parser, which refers to this one."""
        self._parser = None
        self._body = b""

    def _break_off(self, rejection: HttpRejection) -> None:
        if self.is_finished:
            return  # bytes behind the last request
        self.part, self._body = None, b""
        self.is_finished = self.is_broken = True
        self._requests.append(HttpRequest(began_at=perf_counter(), rejection=rejection))

    def _reject_stream(self, rejection: HttpRejection) -> None:
        self._rejection = rejection
        raise _RejectedStreamError

    def _header_too_large(self) -> HttpRejection:
        limits = self._limits
        text = (
            f"the head has more than {limits.max_header_bytes} bytes or {limits.max_headers} fields"
        )
        return HttpRejection(431, text)

    def _body_too_large(self) -> HttpRejection:
        text = f"the body is larger than {self._limits.max_body_bytes} bytes"
        return HttpRejection(413, text)

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Start a head."""
        self._has_progressed = True
        self.part = "header"
        self.requests_begun += 1
        self._url = b""
        self._headers = {}
        self._header_bytes = self._header_count = self._chunk_count = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        self._has_progressed = True
        self._count_header_bytes(len(url))
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; a trailer field is only counted."""
        self._has_progressed = True
        self._header_count += 1
        self._count_header_bytes(len(name) + len(value) + 4)
        if self.part == "header":
            self._headers[name.lower()] = value

    def _count_header_bytes(self, size: int) -> None:
        self._header_bytes += size
        limits = self._limits
        if self._header_bytes > limits.max_header_bytes or self._header_count > limits.max_headers:
            self._reject_stream(self._header_too_large())

    def on_headers_complete(self) -> None:
        """Start the body, and check whether this request is the connection's last."""
        parser, headers = self._parser, self._headers
        assert parser is not None  # noqa: S101 — it is parsing
        self.part = "body"
        self._body = b""
        self._read_body_bytes = 0
        self.missing_body_bytes = int(headers.get(b"content-length", 0))
        self._request = HttpRequest(
            method=parser.get_method().decode(),
            target=self._url.decode(errors="replace"),
            headers=headers,
            # After an upgrade we do not speak, the parser understands nothing that follows.
            keep_alive=parser.should_keep_alive()
            and not parser.should_upgrade()
            and parser.get_http_version() != "1.0",
            began_at=perf_counter(),
        )
        if self.missing_body_bytes > self._limits.max_body_bytes:
            self.reject_body(self._body_too_large())
        self.expects_continue = headers.get(b"expect", b"").lower() == b"100-continue"

    def on_chunk_header(self) -> None:
        """Count a chunk."""
        self._has_progressed = True
        self._chunk_count += 1
        limits = self._limits
        allowed = limits.max_short_chunks + self._read_body_bytes // limits.min_chunk_bytes
        if self._chunk_count > allowed:
            self._reject_stream(_TOO_SHORT_CHUNKS)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._has_progressed = True
        self._read_body_bytes += len(body)
        self.missing_body_bytes = max(0, self.missing_body_bytes - len(body))
        if self._request.rejection is not None:
            return
        if not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body)
            self._body += body
        if len(self._body) > self._limits.max_body_bytes:
            self.reject_body(self._body_too_large())

    def on_message_complete(self) -> None:
        """Hand the request on."""
        self._has_progressed = True
        self._request.body = bytes(self._body)
        self.is_finished = not self._request.keep_alive
        self.expects_continue = False
        self._requests.append(self._request)
        self.part, self._body = None, b""
