"""What can be answered at once is; what waits, too; and requests keep their order."""

import asyncio
import contextlib
import gc
import socket
import weakref
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from webhook.runtime import http_protocol
from webhook.runtime.http_protocol import HttpResponse
from webhook.runtime.limits import Limits
from webhook.runtime.listener import Listener

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
TIMEOUT_SECONDS = 20.0


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Send path and body back; /late waits before, /twice also in the middle, /crash raises."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    path = scope["path"]
    if path == "/crash":
        raise ZeroDivisionError
    if path != "/now":
        await asyncio.sleep(0.01)
    content = path.encode() + b" " + body
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if path == "/twice":
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body", "body": content})


class SyncApp:
    """The same, but for /now, which it answers without waiting."""

    def handle_sync(self, scope: dict[str, Any], body: bytes) -> HttpResponse | None:
        if scope["path"] != "/now":
            return None
        after = _fail if body == b"fail" else _nothing
        return HttpResponse(200, [(b"x-at-once", b"1")], b"/now " + body, after)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await application(scope, receive, send)


def _nothing() -> None:
    pass


def _fail() -> None:
    raise ZeroDivisionError


@pytest.fixture(params=[application, SyncApp()], ids=["waiting", "at-once"])
def app(request: pytest.FixtureRequest) -> Any:
    return request.param


def request(path: str, body: bytes = b"") -> bytes:
    return (
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        % (
            path.encode(),
            len(body),
        )
        + body
    )


async def exchange(app: Any, *pieces: bytes, expected: int) -> list[bytes]:
    """Send pieces on one connection; return the bodies of the answers."""
    bound = socket.create_server(("127.0.0.1", 0))
    listener = Listener(bound, app, Limits(), lambda _: None)
    await listener.open()
    found = []
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        with contextlib.closing(writer):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.02)
            for _ in range(expected):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_SECONDS)
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                found.append(await reader.readexactly(length))
        assert await listener.close(TIMEOUT_SECONDS)
    finally:
        listener.abort()
        bound.close()
    return found


@pytest.mark.parametrize("path", ["/now", "/late", "/twice"])
def test_an_application_that_waits_is_answered_as_one_that_does_not(app: Any, path: str) -> None:
    results = asyncio.run(exchange(app, request(path, b"one"), request(path, b"two"), expected=2))
    assert results == [f"{path} one".encode(), f"{path} two".encode()]


@pytest.mark.parametrize("path", ["/now", "/late"])
def test_a_body_in_pieces_is_answered_when_it_is_whole(app: Any, path: str) -> None:
    whole = request(path, b"one two")
    results = asyncio.run(exchange(app, whole[:20], whole[20:-4], whole[-4:], expected=1))
    assert results == [f"{path} one two".encode()]


def test_requests_that_arrive_together_are_answered_in_their_order(app: Any) -> None:
    paths = ["/now", "/late", "/now", "/twice", "/now"] * 100
    together = b"".join(request(path, str(n).encode()) for n, path in enumerate(paths))
    results = asyncio.run(exchange(app, together, expected=len(paths)))
    assert results == [f"{path} {n}".encode() for n, path in enumerate(paths)]


@pytest.mark.parametrize("path", ["/now", "/late"])
def test_one_that_arrives_in_part_behind_another_is_read_on(app: Any, path: str) -> None:
    pieces = request("/late", b"one") + request(path, b"two") + request(path, b"three")
    results = asyncio.run(exchange(app, pieces[:-2], pieces[-2:], expected=3))
    assert results == [b"/late one", f"{path} two".encode(), f"{path} three".encode()]


def test_many_quick_ones_that_arrive_together_need_no_deep_stack(app: Any) -> None:
    together = b"".join(request("/now", str(n).encode()) for n in range(600))
    results = asyncio.run(exchange(app, together, expected=600))
    assert results == [f"/now {n}".encode() for n in range(600)]


def test_a_crash_is_an_answer(app: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert asyncio.run(exchange(app, request("/crash"), expected=1)) == [b"Internal Server Error"]


def test_a_fault_after_an_answer_is_logged_and_harms_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pieces = request("/now", b"fail"), request("/now", b"two")
    results = asyncio.run(exchange(SyncApp(), *pieces, expected=2))
    assert results == [b"/now fail", b"/now two"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]


def test_what_is_answered_at_once_says_how_the_connection_goes_on() -> None:
    async def heads() -> tuple[bytes, bytes]:
        bound = socket.create_server(("127.0.0.1", 0))
        listener = Listener(bound, SyncApp(), Limits(), lambda _: None)  # type: ignore[arg-type]
        await listener.open()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(request("/now", b"one"))
            first = await asyncio.wait_for(reader.readuntil(b"one"), TIMEOUT_SECONDS)
            listener.drain()
            writer.write(request("/now", b"two"))
            second = await asyncio.wait_for(
                reader.read(), TIMEOUT_SECONDS
            )  # to the end of the connection
            writer.close()
        finally:
            listener.abort()
            bound.close()
        return first, second

    first, second = asyncio.run(heads())
    assert first.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    assert first.endswith(b"x-at-once: 1\r\ncontent-length: 8\r\n\r\n/now one")
    assert b"connection" not in first
    assert b"\r\nconnection: close\r\n" in second
    assert second.endswith(b"/now two")


class FakeConnection:
    """Stands in for a GuardedProtocol: notes in which order things happen."""

    def __init__(self, name: str, events: list[str], clock: list[float]) -> None:
        self.loop = self
        self.scheduled: list[Callable[[], None]] = []
        self._name, self._events, self._clock = name, events, clock

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.scheduled.append(callback)

    def handle_request(self, _cycle: object, _app: object) -> HttpResponse | None:
        self._events.append(f"judge {self._name}")
        self._clock[0] += 0.0015
        if self._name == "crash":
            raise ZeroDivisionError
        return HttpResponse(200, [], b"", _nothing) if self._name != "late" else None

    def write_response(self, _cycle: object, _said: HttpResponse) -> None:
        if self._name == "mute":
            raise ZeroDivisionError
        self._events.append(f"say {self._name}")

    def abort_after_error(self) -> None:
        self._events.append(f"give up {self._name}")


class BatchHarness:
    """Arrived, with requests of stand-ins for connections and a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.events = [0.0], list[str]()
        monkeypatch.setattr(http_protocol, "monotonic", lambda: self.clock[0])
        self.batch = http_protocol.RequestBatch()
        self.connections: list[FakeConnection] = []

    def add(self, name: str, size: int = 1) -> None:
        connection = FakeConnection(name, self.events, self.clock)
        self.connections.append(connection)
        self.batch.add(connection, SimpleNamespace(body=bytes(size)), application)  # type: ignore[arg-type]

    def run_loop_turn(self) -> list[str]:
        """Call what was to be called soon; return what happened."""
        called = [callback for c in self.connections for callback in c.scheduled]
        for connection in self.connections:
            connection.scheduled.clear()
        self.events.clear()
        for callback in called:
            callback()
        return list(self.events)


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> BatchHarness:
    return BatchHarness(monkeypatch)


def test_what_arrives_in_one_turn_is_judged_then_answered(together: BatchHarness) -> None:
    for name in ("late", "a"):
        together.add(name)
    assert together.run_loop_turn() == ["judge late", "judge a", "say a"]


def test_an_answer_does_not_wait_for_many_others(together: BatchHarness) -> None:
    for name in ("a", "b", "c"):
        together.add(name)
    assert together.run_loop_turn() == ["judge a", "judge b", "say a", "say b"]
    assert together.run_loop_turn() == ["judge c", "say c"]
    assert together.run_loop_turn() == []


def test_too_much_at_once_is_answered_before_the_turn_ends(together: BatchHarness) -> None:
    together.add("a", 128 << 10)
    together.batch.flush_if_full()
    assert together.events == []
    together.add("b")
    together.batch.flush_if_full()
    assert together.events == ["judge a", "judge b", "say a", "say b"]
    together.run_loop_turn()
    together.add("c")
    together.batch.flush_if_full()
    assert together.run_loop_turn() == ["judge c", "say c"]


def test_a_crash_costs_its_own_connection_only(together: BatchHarness) -> None:
    together.add("crash")
    together.add("a")
    assert together.run_loop_turn() == ["judge crash", "give up crash", "judge a", "say a"]


def test_an_answer_that_cannot_be_written_stops_no_other(together: BatchHarness) -> None:
    for name in ("mute", "a", "b"):
        together.add(name)
    assert together.run_loop_turn() == ["judge mute", "judge a", "give up mute", "say a"]
    assert together.run_loop_turn()[:2] == ["judge b", "say b"]


class CrashingApp(SyncApp):
    """Fails to answer what says so."""

    def handle_sync(self, scope: dict[str, Any], body: bytes) -> HttpResponse | None:
        if body == b"crash":
            raise ZeroDivisionError
        return super().handle_sync(scope, body)


def test_whose_answer_crashes_is_cut_off_and_others_are_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        asyncio.run(exchange(CrashingApp(), request("/now", b"crash"), expected=1))
    assert "response_failed" in caplog.messages
    assert asyncio.run(exchange(CrashingApp(), request("/now", b"x"), expected=1)) == [b"/now x"]


def test_connections_that_ask_at_the_same_time_are_all_answered() -> None:
    async def all_answers() -> list[bytes]:
        bound = socket.create_server(("127.0.0.1", 0))
        listener = Listener(bound, SyncApp(), Limits(), lambda _: None)  # type: ignore[arg-type]
        await listener.open()
        try:
            opened = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(20)]
            for number, (_, writer) in enumerate(opened):
                writer.write(request("/now", b"%02d" % number))
            opened[3][1].transport.abort()  # the others do not mind
            found = []
            for number, (reader, writer) in enumerate(opened):
                if number != 3:
                    results = await asyncio.wait_for(
                        reader.readuntil(b"/now %02d" % number), TIMEOUT_SECONDS
                    )
                    found.append(results[-2:])
                    writer.close()
        finally:
            listener.abort()
            bound.close()
        return found

    found = asyncio.run(all_answers())
    assert found == [b"%02d" % number for number in range(20) if number != 3]


@pytest.mark.parametrize("path", ["/now", "/late"])
def test_a_connection_that_is_over_needs_no_collector(path: str) -> None:
    async def left() -> list[object]:
        bound = socket.create_server(("127.0.0.1", 0))
        listener = Listener(bound, SyncApp(), Limits(), lambda _: None)  # type: ignore[arg-type]
        await listener.open()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(request(path, b"one"))
            await asyncio.wait_for(reader.readuntil(b"one"), TIMEOUT_SECONDS)
            known = [weakref.ref(connection) for connection in listener._state.open_connections()]
            writer.close()
            while listener.connections:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.01)
        finally:
            listener.abort()
            bound.close()
        assert known
        return [connection() for connection in known if connection() is not None]

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(left()) == []
    finally:
        gc.enable()
