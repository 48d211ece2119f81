"""An application is run at once, and may wait all the same; requests keep their order."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from webhook.server.config import Limits
from webhook.server.listener import Listener

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PATIENCE = 20.0


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


def request(path: str, body: bytes = b"") -> bytes:
    return (
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        % (
            path.encode(),
            len(body),
        )
        + body
    )


async def answers(*pieces: bytes, expected: int) -> list[bytes]:
    """Send pieces on one connection; return the bodies of the answers."""
    bound = socket.create_server(("127.0.0.1", 0))
    listener = Listener(bound, application, Limits(), lambda _: None)  # type: ignore[arg-type]
    await listener.open()
    found = []
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        for _ in range(expected):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            found.append(await reader.readexactly(length))
        writer.close()
        assert await listener.close(PATIENCE)
    finally:
        listener.abort()
        bound.close()
    return found


@pytest.mark.parametrize("path", ["/now", "/late", "/twice"])
def test_an_application_that_waits_is_answered_as_one_that_does_not(path: str) -> None:
    told = asyncio.run(answers(request(path, b"one"), request(path, b"two"), expected=2))
    assert told == [f"{path} one".encode(), f"{path} two".encode()]


@pytest.mark.parametrize("path", ["/now", "/late"])
def test_a_body_in_pieces_is_answered_when_it_is_whole(path: str) -> None:
    whole = request(path, b"one two")
    told = asyncio.run(answers(whole[:20], whole[20:-4], whole[-4:], expected=1))
    assert told == [f"{path} one two".encode()]


def test_requests_that_arrive_together_are_answered_in_their_order() -> None:
    paths = ["/now", "/late", "/now", "/twice", "/now"] * 100
    together = b"".join(request(path, str(n).encode()) for n, path in enumerate(paths))
    told = asyncio.run(answers(together, expected=len(paths)))
    assert told == [f"{path} {n}".encode() for n, path in enumerate(paths)]


def test_many_quick_ones_that_arrive_together_need_no_deep_stack() -> None:
    together = b"".join(request("/now", str(n).encode()) for n in range(600))
    told = asyncio.run(answers(together, expected=600))
    assert told == [f"/now {n}".encode() for n in range(600)]


def test_a_crash_is_an_answer(capfd: pytest.CaptureFixture[str]) -> None:
    assert asyncio.run(answers(request("/crash"), expected=1)) == [b"Internal Server Error"]
