"""Bodies and heads at the running server: no 5xx, no traceback in its log, no growth."""

import contextlib
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fuzz.hostile import TEXT, make_body
from tests.fuzz.respond import Faults, expected_uid, resident
from tests.server.pki import Authority
from tests.server.support import (
    ROOT,
    TIMEOUT_SECONDS,
    Client,
    RunningServer,
    apart,
    connect,
    trust_context,
)

_GROWTH = 48 * 1024 * 1024
# One in so many is not only a body: its HTTP is hostile too.
_HEAD_EVERY = 10
_STATUS = {200, 400, 413, 415, 429}
_HEAD = b"POST /mutate?timeout=10s HTTP/1.1\r\nHost: graphgate.graphgate.svc\r\n"
_HEAD += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@contextlib.contextmanager
def serving() -> Iterator[tuple[RunningServer, ssl.SSLContext]]:
    """Run `graphgate serve` as it is installed; yield it and what trusts it."""
    authority = Authority()
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = authority.issue().write(Path(folder))
        ports = (
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--health-port",
            "0",
            "--shutdown-delay",
            "0",
        )
        files = ("--tls-cert", str(certificate), "--tls-key", str(key))
        command = [sys.executable, "-m", "webhook", "serve", *ports, *files]
        # Else glibc, once it has freed a body of megabytes, keeps twice as much for the next one.
        environ = {**os.environ, "MALLOC_TRIM_THRESHOLD_": str(1 << 20)}
        server = RunningServer(
            subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environ)
        )
        try:
            yield server.wait_until_serving(), trust_context(authority.pem)
        finally:
            server.kill()


def fuzz(bodies: int, seed: int, report: Callable[[str], None] = print) -> list[str]:
    """Return a line for each fault that `bodies` calls found."""
    with serving() as (server, trusting):
        found = Faults(seed, report)
        start = 0
        client = Client(server.port, trusting)
        for number in range(bodies):
            if number % _HEAD_EVERY == 0:
                fault = apart(_hostile_head, server, trusting, seed, number)
            else:
                fault, client = _call(client, server, trusting, make_body(seed, number))
            found.found(number, fault)
            if number == bodies // 4:
                start = resident(server.process.pid)
            if number and number % 10_000 == 0:
                mebibytes = resident(server.process.pid) >> 20
                report(f"{number} calls, {found.count} with a fault, {mebibytes} MiB")
        if client.post("/mutate", TEXT)[0] != 200:
            found.found(bodies, "the server does not answer a good review any more")
        client.close()
        grown = resident(server.process.pid) - start
        if grown > _GROWTH:
            found.found(bodies, f"memory grew by {grown >> 20} MiB")
        if code := server.stop():
            found.found(bodies, f"the server ended with {code}")
        server.wait_for("stopped")
    for line in server.lines:
        if line["event"] == "review_failed" or "traceback" in line:
            found.found(bodies, f"in the log: {line['event']}\n{line.get('traceback')}")
    return found.told


def _call(
    client: Client, server: RunningServer, trusting: ssl.SSLContext, text: bytes
) -> tuple[str, Client]:
    try:
        status, answer, _ = client.post("/mutate", text)
    except OSError as error:
        client.close()
        return f"the call was lost: {error!r}", Client(server.port, trusting)
    if status not in _STATUS:
        return f"answered with {status}: {answer}", client
    uid = expected_uid(text)
    if uid and (status != 200 or json.loads(answer)["response"]["uid"] != uid):
        return f"answered {uid!r} with {status}: {answer[:200]}", client
    return "", client


def _hostile_head(server: RunningServer, trusting: ssl.SSLContext, seed: int, number: int) -> str:
    """Send a broken request and no more; whatever comes back, it is no 5xx."""
    chance = random.Random(f"{seed}/{number}/head")
    request = bytearray(_HEAD % len(TEXT) + TEXT) * chance.choice((1, 1, 2, 3))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(request), 400))
        what = chance.randrange(5)
        if what == 0:
            request[at] = chance.randrange(256)
        elif what == 1:
            del request[at : at + chance.randrange(30)]
        elif what == 2:
            request[at:at] = chance.randbytes(chance.randrange(20))
        elif what == 3:
            request[at:at] = chance.choice(_LINES)
        else:
            del request[chance.randrange(len(request)) :]
        if len(request) < 2:
            break
    message = b""
    with connect(server.port, trusting) as peer:
        peer.settimeout(TIMEOUT_SECONDS)
        with contextlib.suppress(OSError):
            peer.sendall(request)
            # No more will come: TCP says so, since Python's TLS cannot half-close.
            socket.socket.shutdown(peer, socket.SHUT_WR)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := peer.recv(65536):
                message += data
    lines = message.split(b"\r\n")
    statuses = [line for line in lines if line.startswith(b"HTTP/1.1 ")]
    return f"{bytes(request)!r}: {message!r}" if any(s[9:10] == b"5" for s in statuses) else ""


_LINES = (
    b"\r\n",
    b"\r\n\r\n",
    b"\r\nTransfer-Encoding: chunked\r\n",
    b"\r\nContent-Length: 5\r\n",
    b"\r\nContent-Length: 99999999999999999999\r\n",
    b"\r\nContent-Length: -1\r\n",
    b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
    b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
    b"\r\nExpect: 100-continue\r\n",
    b"\r\nConnection: close\r\n",
    b"\r\nContent-Type: text/yaml\r\n",
    b"\r\nX: " + b"y" * 70_000 + b"\r\n",
    b"CONNECT graphgate:443 HTTP/1.1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET //// HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /%ff%00 HTTP/1.0\r\n\r\n",
)
