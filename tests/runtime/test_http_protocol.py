"""Requests are read within their limits, answered in their order, and end as announced."""

import asyncio
import contextlib
import gc
import socket
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests import patience
from webhook.runtime.connection_pool import AbortReason
from webhook.runtime.http_message import HttpRequest, HttpResponse
from webhook.runtime.limits import MEBIBYTE, Limits
from webhook.runtime.listener import Listener

TIMEOUT_SECONDS = patience.SECONDS


class EchoHandler:
    """Sends target and body back, or why a request was rejected; /crash raises."""

    def __init__(self) -> None:
        self.targets: list[str] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.rejection is not None:
            return request.rejection.response()
        self.targets.append(request.target)
        if request.target == "/crash":
            raise ZeroDivisionError
        on_sent = _crash if request.target == "/crash-after" else _do_nothing
        content = request.target.encode() + b" " + request.body
        return HttpResponse(200, [(b"x-echo", b"1")], content, on_sent)


def _crash() -> None:
    raise ZeroDivisionError


def _do_nothing() -> None:
    pass


class Harness:
    """A listener on a free port, and how its connections ended."""

    def __init__(self, limits: Limits) -> None:
        self.handler = EchoHandler()
        self.aborted: list[AbortReason] = []
        self._bound = socket.create_server(("127.0.0.1", 0))
        self.listener = Listener(self._bound, self.handler, limits, self.aborted.append)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Harness"]:
        await self.listener.open()
        try:
            yield self
        finally:
            self.listener.abort()
            await asyncio.sleep(0)
            self._bound.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.listener.port)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not condition():
                await asyncio.sleep(0)


def run(scenario: Callable[[Harness], Any], limits: Limits | None = None) -> Any:
    """Run a scenario against a listener; return what it returns."""

    async def main() -> Any:
        async with Harness(limits or Limits()).running() as harness:
            return await scenario(harness)

    return asyncio.run(main())


def request(target: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join((*lines, "", "")).encode() + body


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    head = b"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return head + b"".join(parts) + b"0\r\n" + trailers + b"\r\n"


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    """Return status, head and content."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_SECONDS)
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    return int(head.split()[1]), head, await reader.readexactly(length)


def exchange(
    *pieces: bytes, expected: int, limits: Limits | None = None
) -> list[tuple[int, bytes]]:
    """Send pieces on one connection, each when those before were read; return the answers."""

    async def scenario(harness: Harness) -> list[tuple[int, bytes]]:
        reader, writer = await harness.connect()
        with contextlib.closing(writer):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            found = [await read_answer(reader) for _ in range(expected)]
        return [(status, content) for status, _, content in found]

    answers: list[tuple[int, bytes]] = run(scenario, limits)
    return answers


def final_answer(sent: bytes, limits: Limits | None = None) -> tuple[int, bytes]:
    """Send everything; return status and content of the answer that ends the connection."""

    async def scenario(harness: Harness) -> tuple[int, bytes]:
        reader, writer = await harness.connect()
        with contextlib.closing(writer):
            writer.write(sent)
            status, head, content = await read_answer(reader)
            assert b"\r\nconnection: close\r\n" in head
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), TIMEOUT_SECONDS) == b""
        return status, content

    answer: tuple[int, bytes] = run(scenario, limits)
    return answer


# Order and pieces.


def test_a_body_in_pieces_is_answered_when_it_is_whole() -> None:
    whole = request("/a", b"one two")
    answers = exchange(whole[:20], whole[20:-4], whole[-4:], expected=1)
    assert answers == [(200, b"/a one two")]


@pytest.mark.parametrize("size", [8000, 8192, 100_000, 3 * MEBIBYTE])
def test_a_body_of_any_size_arrives_as_it_was_sent(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    assert exchange(request("/a", body), request("/b"), expected=2) == [
        (200, b"/a " + body),
        (200, b"/b "),
    ]


def test_chunks_are_one_body() -> None:
    answers = exchange(chunked(b"one", b" ", b"two"), request("/next"), expected=2)
    assert answers == [(200, b"/chunked one two"), (200, b"/next ")]


def test_requests_that_arrive_together_are_answered_in_their_order() -> None:
    together = b"".join(request("/a", str(n).encode()) for n in range(1000))
    expected = [(200, f"/a {n}".encode()) for n in range(1000)]
    assert exchange(together, expected=1000) == expected


def test_one_that_arrives_in_part_behind_others_is_read_on() -> None:
    pieces = request("/a", b"one") + request("/b", b"two") + request("/c", b"three")
    answers = exchange(pieces[:-2], pieces[-2:], expected=3)
    assert answers == [(200, b"/a one"), (200, b"/b two"), (200, b"/c three")]


def test_no_request_is_read_before_those_in_front_of_it_are_answered() -> None:
    async def scenario(harness: Harness) -> int:
        _, writer = await harness.connect()
        with contextlib.closing(writer):
            writer.write(request("/small") * 3000)
            await writer.drain()
            await harness.until(lambda: harness.listener.connections == 1)
            most = 0
            while len(harness.handler.targets) < 3000:
                for connection in harness.listener._open_connections():
                    most = max(most, len(connection.requests))  # type: ignore[attr-defined]
                await asyncio.sleep(0)
        return most

    assert run(scenario) <= 8192 / len(request("/small"))


def test_an_answer_without_waiting_for_a_body_that_was_promised() -> None:
    sent = request("/a", b"one", "Expect: 100-continue")
    head, body = sent[:-3], sent[-3:]

    async def scenario(harness: Harness) -> bytes:
        reader, writer = await harness.connect()
        with contextlib.closing(writer):
            writer.write(head)
            line = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_SECONDS)
            writer.write(body)
            assert (await read_answer(reader))[2] == b"/a one"
        return line

    assert run(scenario) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_an_answer_to_head_has_no_content() -> None:
    async def scenario(harness: Harness) -> bytes:
        reader, writer = await harness.connect()
        with contextlib.closing(writer):
            writer.write(b"HEAD /a HTTP/1.1\r\n\r\n" + request("/b"))
            first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_SECONDS)
            assert (await read_answer(reader))[2] == b"/b "
        return first

    assert b"content-length: 3\r\n" in run(scenario)


# How a connection goes on.


def test_a_connection_is_kept_and_its_answers_say_nothing_of_it() -> None:
    async def scenario(harness: Harness) -> list[bytes]:
        reader, writer = await harness.connect()
        with contextlib.closing(writer):
            heads = []
            for _ in range(2):
                writer.write(request("/a"))
                heads.append((await read_answer(reader))[1])
        return heads

    for head in run(scenario):
        assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
        assert head.endswith(b" GMT\r\nx-echo: 1\r\ncontent-length: 3\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        request("/a", b"one", "Connection: close"),
        request("/a", b"one", "Connection: close") + request("/never"),
        request("/a", b"one").replace(b"HTTP/1.1", b"HTTP/1.0"),
        request("/a", b"one", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["close", "close, and more behind it", "HTTP/1.0", "HTTP/1.0 that wants to go on"],
)
def test_the_last_answer_says_so_and_ends_the_connection(sent: bytes) -> None:
    assert final_answer(sent) == (200, b"/a one")


@pytest.mark.parametrize(
    "sent",
    [b"CONNECT a:1 HTTP/1.1\r\n\r\nxx", request("/a", b"", "Connection: upgrade", "Upgrade: h2c")],
)
def test_another_protocol_is_not_spoken(sent: bytes) -> None:
    assert final_answer(sent)[0] == 200


def test_while_draining_each_answer_ends_its_connection() -> None:
    async def scenario(harness: Harness) -> bytes:
        reader, writer = await harness.connect()
        with contextlib.closing(writer):
            writer.write(request("/a"))
            await read_answer(reader)
            harness.listener.drain()
            writer.write(request("/b"))
            return await asyncio.wait_for(reader.read(), TIMEOUT_SECONDS)

    rest = run(scenario)
    assert b"\r\nconnection: close\r\n" in rest
    assert rest.endswith(b"/b ")


def test_closing_waits_for_what_is_in_flight_and_no_longer() -> None:
    async def scenario(harness: Harness) -> tuple[bool, bytes]:
        idle, idle_writer = await harness.connect()
        reader, writer = await harness.connect()
        whole = request("/a", b"one")
        writer.write(whole[:-1])
        await harness.until(lambda: harness.listener.requests_in_flight == 1)
        closing = asyncio.create_task(harness.listener.close(TIMEOUT_SECONDS))
        assert await asyncio.wait_for(idle.read(), TIMEOUT_SECONDS) == b""
        writer.write(whole[-1:])
        answer = await asyncio.wait_for(reader.read(), TIMEOUT_SECONDS)
        writer.close()
        idle_writer.close()
        return await closing, answer

    clean, answer = run(scenario)
    assert clean
    assert answer.endswith(b"/a one")


@pytest.mark.parametrize(
    "sent", [request("/a", b"", "Connection: close"), b"no HTTP\r\n"], ids=["close", "no HTTP"]
)
def test_who_sends_on_behind_the_last_answer_is_cut_and_not_read(sent: bytes) -> None:
    async def scenario(harness: Harness) -> int:
        reader, writer = await harness.connect()
        writer.write(sent)
        await read_answer(reader)
        (connection,) = harness.listener._open_connections()
        taken: list[int] = []
        connection.data_received = lambda data: taken.append(len(data))  # type: ignore[attr-defined]
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                while harness.listener.connections:
                    if writer.transport.get_write_buffer_size() < 65536:
                        writer.write(b"x" * 65536)
                    await asyncio.sleep(0)
        writer.transport.abort()
        return sum(taken)

    assert run(scenario) == 0


# Faults of ours.


def test_a_crash_is_an_answer_and_the_connection_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    answers = exchange(request("/crash"), request("/a"), expected=2)
    assert answers == [(500, b"Internal Server Error\n"), (200, b"/a ")]
    assert "response_failed" in caplog.messages


def test_a_fault_after_an_answer_is_logged_and_harms_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = exchange(request("/crash-after"), request("/a"), expected=2)
    assert answers == [(200, b"/crash-after "), (200, b"/a ")]
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [ZeroDivisionError]


# Limits of what is sent.


def test_a_head_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    limits = Limits(max_header_bytes=10_000)
    bare = request("/a", b"", "X: ")
    # Counted are the target and the fields, each with ": " and its line end.
    used = len(bare) - len(b"POST  HTTP/1.1\r\n") - len(b"\r\n")
    fits, exceeds = (request("/a", b"", "X: " + "y" * (10_000 - used + n)) for n in (0, 1))
    assert exchange(fits, expected=1, limits=limits) == [(200, b"/a ")]
    assert final_answer(exceeds, limits)[0] == 431


HEADS = {
    "one field": b"GET /a HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    "many fields": b"GET /a HTTP/1.1\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 100 + b"\r\n",
    "many short fields": b"GET /a HTTP/1.1\r\n" + b"X:\r\n" * 300 + b"\r\n",
    "target": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "a field without an end": b"GET /a HTTP/1.1\r\nX: " + b"y" * 100_000,
    "a name without an end": b"GET /a HTTP/1.1\r\n" + b"y" * 100_000,
    "empty lines": b"\r\n" * 50_000,
}


@pytest.mark.parametrize("sent", HEADS.values(), ids=HEADS)
def test_a_head_of_100_kilobytes_is_not_read(sent: bytes) -> None:
    assert final_answer(sent) == (431, b"the head has more than 65536 bytes or 256 fields\n")


TRAILERS = {
    "one field": b"X: " + b"y" * 100_000 + b"\r\n",
    "many fields": (b"X: " + b"y" * 1000 + b"\r\n") * 100,
    "many short fields": b"X:\r\n" * 300,
}


@pytest.mark.parametrize("trailers", TRAILERS.values(), ids=TRAILERS)
def test_trailers_count_as_the_head_does(trailers: bytes) -> None:
    assert final_answer(chunked(b"one", trailers=trailers))[0] == 431


def test_trailers_of_usual_size_are_read_and_thrown_away() -> None:
    assert exchange(chunked(b"one", trailers=b"X: y\r\n"), expected=1) == [(200, b"/chunked one")]


@pytest.mark.parametrize("endless", [b"X:\r\n", b"y" * 1000], ids=["fields", "one field"])
def test_trailers_without_an_end_end_the_connection(endless: bytes) -> None:
    async def scenario(harness: Harness) -> list[AbortReason]:
        _, writer = await harness.connect()
        writer.write(chunked(b"one")[:-2])
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                while not harness.aborted:
                    writer.write(endless * 100)
                    await writer.drain()
        writer.close()
        return harness.aborted

    assert run(scenario) == ["header_too_large"]


def test_short_chunks_have_a_number() -> None:
    limits = Limits(max_short_chunks=100, min_chunk_bytes=1000)
    assert exchange(chunked(*[b"x"] * 99), expected=1, limits=limits) == [
        (200, b"/chunked " + b"x" * 99)
    ]
    text = b"the chunks of the body are too short\n"
    assert final_answer(chunked(*[b"x"] * 100), limits) == (400, text)


def test_long_chunks_have_none() -> None:
    limits = Limits(max_short_chunks=1, min_chunk_bytes=1000)
    body = [b"x" * 1000] * 500
    assert exchange(chunked(*body), expected=1, limits=limits) == [
        (200, b"/chunked " + b"".join(body))
    ]


def test_a_body_beyond_the_limit_is_thrown_away_and_the_connection_goes_on() -> None:
    limits = Limits(max_body_bytes=10)
    announced, counted = request("/a", b"x" * 11), chunked(b"x" * 6, b"x" * 5)
    assert exchange(announced, counted, request("/b", b"x" * 10), expected=3, limits=limits) == [
        (413, b"the body is larger than 10 bytes\n"),
        (413, b"the body is larger than 10 bytes\n"),
        (200, b"/b " + b"x" * 10),
    ]


def test_what_is_no_http_is_answered_behind_what_is() -> None:
    async def scenario(harness: Harness) -> list[int]:
        reader, writer = await harness.connect()
        with contextlib.closing(writer):
            writer.write(request("/a") + b"\x00nonsense\r\n\r\n")
            return [(await read_answer(reader))[0] for _ in range(2)]

    assert run(scenario) == [200, 400]


AMBIGUOUS = {
    "two kinds of length": request("/a", b"", "Transfer-Encoding: chunked"),
    "contradicting lengths": request("/a", b"", "Content-Length: 1"),
    "one length twice": request("/a", b"", "Content-Length: 0"),
    "a list of lengths": b"POST /a HTTP/1.1\r\nContent-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": b"POST /a HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}",
    "a negative length": b"POST /a HTTP/1.1\r\nContent-Length: -2\r\n\r\n{}",
    "an empty length": b"POST /a HTTP/1.1\r\nContent-Length:\r\n\r\n{}",
    "a length of 80 bits": b"POST /a HTTP/1.1\r\nContent-Length: 999999999999999999999999\r\n\r\n",
    "a coding that is not chunked": b"POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    "a coding that looks like it": b"POST /a HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n{}",
    "chunked twice": chunked(b"one").replace(
        b"chunked\r\n", b"chunked\r\nTransfer-Encoding: chunked\r\n"
    ),
    "chunks that end with LF": chunked(b"one").replace(b"3\r\n", b"3\n"),
    "a chunk of hexadecimal prose": chunked(b"one").replace(b"3\r\n", b"0x3\r\n"),
    "a chunk of 68 bits": chunked(b"one").replace(b"3\r\n", b"fffffffffffffffff\r\n"),
    "lines that end with LF": b"GET /a HTTP/1.1\nHost: a\n\n",
    "a field with CR": b"GET /a HTTP/1.1\r\nA: b\rc\r\n\r\n",
    "a field with NUL": b"GET /a HTTP/1.1\r\nA: b\x00c\r\n\r\n",
    "a space before the colon": b"GET /a HTTP/1.1\r\nA : b\r\n\r\n",
    "folded field": b"GET /a HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    "a target with ESC": b"GET /\x1b[31m HTTP/1.1\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS on the plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("sent", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_two_readers_could_read_differently_is_no_request(sent: bytes) -> None:
    assert final_answer(sent) == (400, b"this is not a valid HTTP/1.1 request\n")


# Between connections.


def test_slow_bodies_do_not_keep_memory_from_a_quick_one() -> None:
    limits = Limits(max_body_bytes=1000, max_body_bytes_in_flight=1000)

    async def scenario(harness: Harness) -> tuple[list[int], int]:
        slow = [await harness.connect() for _ in range(4)]
        for _, writer in slow:
            writer.write(request("/slow", b"x" * 400)[:-100])  # 300 bytes of each arrive
        await harness.until(lambda: harness.listener.requests_in_flight == 4)
        for connection in harness.listener._open_connections():
            connection.request_since -= 5.0
        reader, writer = await harness.connect()
        body = request("/quick", b"x" * 900)
        writer.write(body[:-10])
        await harness.until(lambda: harness.listener.requests_in_flight == 5)
        held = harness.listener.held_bytes
        writer.write(body[-10:])
        quick = (await read_answer(reader))[0]
        statuses = []
        for slow_reader, slow_writer in slow:
            slow_writer.write(b"x" * 100)
            statuses.append((await read_answer(slow_reader))[0])
            slow_writer.close()
        writer.close()
        return [quick, *statuses], held

    statuses, held = run(scenario, limits)
    assert statuses == [200, 429, 429, 429, 429]
    assert held <= 1000


def test_one_request_on_each_of_many_connections_locks_nobody_out() -> None:
    limits = Limits(max_connections=20, reserved_connections=5, min_idle_before_eviction=0.0)

    async def scenario(harness: Harness) -> int:
        crowd = []
        for _ in range(60):
            reader, writer = await harness.connect()
            writer.write(request("/once"))
            await read_answer(reader)
            crowd.append(writer)
        reader, writer = await harness.connect()
        writer.write(request("/a"))
        status, _, _ = await read_answer(reader)
        for opened in (*crowd, writer):
            opened.close()
        return status

    assert run(scenario, limits) == 200


def test_beyond_the_number_of_connections_each_answer_announces_the_end() -> None:
    limits = Limits(max_connections=2, reserved_connections=5, min_idle_before_eviction=1000.0)

    async def scenario(harness: Harness) -> list[bool]:
        opened = [await harness.connect() for _ in range(4)]
        await harness.until(lambda: harness.listener.connections == 4)
        ends = []
        for reader, writer in opened:
            writer.write(request("/a"))
            ends.append(b"connection: close" in (await read_answer(reader))[1])
            writer.close()
            await harness.until(lambda: harness.listener.connections == 4 - len(ends))
        return ends

    assert run(scenario, limits) == [True, True, False, False]


def test_connections_that_ask_at_the_same_time_are_all_answered() -> None:
    async def scenario(harness: Harness) -> list[bytes]:
        opened = [await harness.connect() for _ in range(20)]
        for number, (_, writer) in enumerate(opened):
            writer.write(request("/a", b"%02d" % number))
        opened[3][1].transport.abort()  # the others do not mind
        found = []
        for number, (reader, writer) in enumerate(opened):
            if number != 3:
                found.append((await read_answer(reader))[2])
                writer.close()
        return found

    assert run(scenario) == [b"/a %02d" % number for number in range(20) if number != 3]


def test_a_connection_that_is_over_needs_no_collector() -> None:
    async def scenario(harness: Harness) -> list[object]:
        reader, writer = await harness.connect()
        writer.write(request("/a", b"one"))
        await read_answer(reader)
        known = [weakref.ref(connection) for connection in harness.listener._open_connections()]
        assert known
        writer.close()
        await harness.until(lambda: not harness.listener.connections)
        await asyncio.sleep(0.01)
        return [connection() for connection in known if connection() is not None]

    gc.collect()
    gc.disable()
    try:
        assert run(scenario) == []
    finally:
        gc.enable()
