"""Callers that mean harm: each function is a process of its own, and goes on until it is ended.

Here: what goes over the wire. What it does to others is measured in `webhook`.
"""

import contextlib
import itertools
import multiprocessing
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.server.key_updates import KeyUpdater
from tools.attack.confined import MEBIBYTE

_TIMEOUT_SECONDS = 30.0
_HEAD = b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_TO_TRAILERS = _CHUNKED + b"1\r\n{\r\n0\r\n"
_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Target:
    """A server of loopback."""

    port: int
    health_port: int
    trusting: ssl.SSLContext

    def connect(self, *, tls: bool = True) -> socket.socket:
        """Open a connection to one of the two ports."""
        port = self.port if tls else self.health_port
        raw = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.trusting.wrap_socket(raw, server_hostname="127.0.0.1") if tls else raw


Attacker = Callable[[Target, int], None]
"""Attacks as one of several, until something fails or for ever; then it is called again."""


@contextlib.contextmanager
def attacking(attacker: Attacker, target: Target, count: int) -> Iterator[None]:
    """Have so many attack while in the context, from a process of their own."""
    process = _fork.Process(target=_attack, args=(attacker, target, count), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _attack(attacker: Attacker, target: Target, count: int) -> None:
    # They are on other machines: here they must not take the processor from whom they attack.
    os.nice(10)

    def repeat(number: int) -> None:
        while True:
            with contextlib.suppress(OSError):
                attacker(target, number)
            time.sleep(0.01)

    threads = [threading.Thread(target=repeat, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Answer(NamedTuple):
    """The status of an answer, and whether it announces the end of its connection."""

    status: int
    closes: bool


def post(connection: socket.socket, body: bytes) -> Answer:
    """Send a review on an open connection; return its answer. Raise OSError if there is none."""
    connection.sendall(_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """Read one whole answer. Raise OSError if there is none."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(connection)
    head, _, content = answer.partition(b"\r\n\r\n")
    head = head.lower()
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(content) < length:
        content += _receive(connection)
    return Answer(int(head.split()[1]), b"\r\nconnection: close" in head)


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


def send_bodies(bodies: Sequence[bytes]) -> Attacker:
    """Send whole reviews, one after the other, as an API server does."""

    def attacker(target: Target, number: int) -> None:
        with target.connect() as connection:
            for body in itertools.islice(itertools.cycle(bodies), number, None):
                post(connection, body)

    return attacker


def _endless(first: bytes, piece: bytes, *, tls: bool) -> Attacker:
    def attacker(target: Target, _number: int) -> None:
        with target.connect(tls=tls) as connection:
            connection.sendall(first)
            while True:
                connection.sendall(piece)

    return attacker


def _hold(sent: bytes, connections: int, *, tls: bool = True, ask: bool = False) -> Attacker:
    """Open so many connections, send something on each, and hold them."""

    def attacker(target: Target, _number: int) -> None:
        held = []
        for _ in range(connections):
            with contextlib.suppress(OSError):
                connection = target.connect(tls=tls)
                connection.sendall(sent)
                if ask:
                    read_answer(connection)
                held.append(connection)
        time.sleep(3600)

    return attacker


def _half_handshakes(target: Target, _number: int) -> None:
    held: list[socket.socket] = []
    while True:
        connection = socket.create_connection(("127.0.0.1", target.port), timeout=_TIMEOUT_SECONDS)
        connection.sendall(b"\x16\x03\x01")
        held = [*held[-1500:], connection]


def _new_keys(target: Target, _number: int) -> None:
    with KeyUpdater(target.port, _TIMEOUT_SECONDS) as connection:
        while connection.renew(100):
            pass


def _new_handshakes(target: Target, _number: int) -> None:
    while True:
        target.connect().close()


def _short_chunks(target: Target, _number: int) -> None:
    with target.connect() as connection:
        connection.sendall(_CHUNKED)
        while True:
            connection.sendall(b"1\r\n \r\n" * 100)


def _one_byte_at_a_time(target: Target, _number: int) -> None:
    with target.connect() as connection:
        connection.sendall(_HEAD + b"Content-Length: 7000000\r\n\r\n")
        while True:
            connection.sendall(b" ")


def _slow_heads(target: Target, number: int) -> None:
    connections = [target.connect(tls=bool(number % 2)) for _ in range(100)]
    for connection in itertools.cycle(connections):
        connection.sendall(b"G")
        time.sleep(0.001)


def _unread_answers(target: Target, _number: int) -> None:
    with target.connect() as connection:
        while True:
            connection.sendall((_HEAD + b"Content-Length: 2\r\n\r\n{}") * 500)


SMALL = _HEAD + b"Content-Length: 2\r\n\r\n{}"
PARTIAL = _HEAD + b"Content-Length: 6920602\r\n\r\n" + b" " * (66 * MEBIBYTE // 10)
_X = b"X: " + b"y" * 1000 + b"\r\n"

ON_THE_WIRE: dict[str, tuple[Attacker, int]] = {
    "trailers without an end, 8443": (
        _endless(_CHUNKED + b"1\r\n{\r\n0\r\n", _X * 60, tls=True),
        4,
    ),
    "trailers without an end, 8081": (
        _endless(_CHUNKED + b"1\r\n{\r\n0\r\n", _X * 60, tls=False),
        4,
    ),
    "heads without an end, 8443": (_endless(_HEAD, _X * 60, tls=True), 4),
    "heads without an end, 8081": (_endless(_HEAD, _X * 60, tls=False), 4),
    "one header field without an end": (_endless(_HEAD + b"X: ", b"y" * 60_000, tls=True), 4),
    "chunk extensions without an end": (_endless(_CHUNKED + b"1;", b"y" * 60_000, tls=True), 4),
    "chunks of one byte, 16 clients": (_short_chunks, 16),
    "bodies byte by byte, 16 clients": (_one_byte_at_a_time, 16),
    "400 heads that never end": (_slow_heads, 4),
    "1,000 connections that asked once, 8443": (_hold(SMALL, 250, ask=True), 4),
    "1,000 connections that asked once, 8081": (
        _hold(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", 250, tls=False, ask=True),
        4,
    ),
    "1,000 silent connections": (_hold(b"", 250), 4),
    "handshakes that do not end": (_half_handshakes, 4),
    "nothing but handshakes": (_new_handshakes, 4),
    "nothing but new keys": (_new_keys, 4),
    "ten bodies of 6.6 MiB in part": (_hold(PARTIAL, 1), 10),
    "500 pipelined requests at once, answers unread": (_unread_answers, 4),
}
"""By what they are called: who attacks, and how many of them at once."""
