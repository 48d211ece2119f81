"""A server that is told to stop loses no call."""

import asyncio
import json
import random
import signal
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.kubeproxy import Forwarder, Pod
from tests.server.pki import NAME
from tests.server.support import (
    TIMEOUT_SECONDS,
    Client,
    RunningServer,
    connect,
    review,
    run_server,
    start_server,
    wait_until_closed,
)

HEAD = b"POST /mutate HTTP/1.1\r\nHost: graphgate\r\nContent-Type: application/json\r\n"


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own timeout bounds it."""
    while not condition():
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_with_0(pair: Path, number: signal.Signals) -> None:
    with run_server(pair) as server:
        assert server.stop(number) == 0
        server.wait_for("draining", signal=number.name)
        server.wait_for("stopped", clean=True)


def test_while_draining_it_is_unready_and_answers_and_each_answer_ends_its_connection(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with run_server(pair, shutdown_delay=TIMEOUT_SECONDS) as server:
        kept = Client(server.port, trusting)
        assert kept.is_reviewed()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("draining")
        assert server.get("/readyz") == (
            503,
            "[-] lifecycle: draining, another pod takes over\nnot ready\n",
        )
        assert server.get("/livez")[0] == 200
        for client in (kept, Client(server.port, trusting)):
            sock = client.sock
            assert sock is not None
            status, _, headers = client.post("/mutate", review())
            assert (status, headers["connection"]) == (200, "close")
            client.close()


def test_a_call_in_flight_is_finished(pair: Path, trusting: ssl.SSLContext) -> None:
    body = review("u-late")
    with run_server(pair) as server, connect(server.port, trusting) as peer:
        peer.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
        wait_until(lambda: server.metric("graphgate_requests_in_flight") == 1)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("draining")
        peer.sendall(body[10:])
        answer = b""
        while data := peer.recv(65536):
            answer += data
        head, _, text = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in head
        assert json.loads(text)["response"] == {"uid": "u-late", "allowed": True}
        assert server.process.wait(TIMEOUT_SECONDS) == 0


def test_half_a_head_is_a_call_in_flight_too(pair: Path, trusting: ssl.SSLContext) -> None:
    body = review("u-late")
    with run_server(pair) as server, connect(server.port, trusting) as peer:
        peer.sendall(HEAD[:40])
        wait_until(lambda: server.metric("graphgate_connections") == 1)
        # A second connection's answer shows that the first one's bytes were read before it.
        other = Client(server.port, trusting)
        assert other.is_reviewed()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("draining")
        peer.sendall(HEAD[40:] + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(TIMEOUT_SECONDS) == 0
        other.close()


def test_an_idle_connection_does_not_hold_up_the_end(pair: Path, trusting: ssl.SSLContext) -> None:
    with run_server(pair, shutdown_grace=10 * TIMEOUT_SECONDS) as server:
        client = Client(server.port, trusting)
        assert client.is_reviewed()
        server.process.send_signal(signal.SIGTERM)
        assert client.sock is not None
        assert wait_until_closed(client.sock)
        client.close()
        assert server.process.wait(TIMEOUT_SECONDS) == 0


def test_a_call_that_does_not_finish_is_cut_and_reported(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with run_server(pair, shutdown_grace=0.2) as server, connect(server.port, trusting) as peer:
        peer.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        wait_until(lambda: server.metric("graphgate_requests_in_flight") == 1)
        assert server.stop() == 1
        server.wait_for("stopped", clean=False)
        assert wait_until_closed(peer)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(pair: Path, second: signal.Signals) -> None:
    with run_server(pair, shutdown_delay=10 * TIMEOUT_SECONDS) as server:
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("draining")
        assert server.stop(second) == 1


def test_an_interrupt_skips_the_drain(pair: Path) -> None:
    with run_server(pair, shutdown_delay=10 * TIMEOUT_SECONDS) as server:
        assert server.stop(signal.SIGINT) == 0


async def call_repeatedly(
    port: int, context: ssl.SSLContext, seed: int, stop: asyncio.Event, results: list[str]
) -> None:
    """Play one connection of the API server's pool: keep it, end it when told, repeat no POST."""
    chance = random.Random(seed)
    number = 0
    connection = None
    while not stop.is_set():
        number += 1
        uid = f"u-{seed}-{number}"
        body = review(uid)
        try:
            if connection is None:
                connection = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=context, server_hostname=NAME
                )
            reader, writer = connection
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            answer = json.loads(await reader.readexactly(length))
            results.append("answered" if answer["response"]["uid"] == uid else "wrong")
            if b"connection: close" in head:
                writer.close()
                connection = None
        except (OSError, EOFError, ValueError) as error:
            results.append(f"lost: {error!r}")
            connection = None
        await asyncio.sleep(chance.choice([0, 0.001, 0.01, 0.05]))
    if connection is not None:
        connection[1].close()


async def roll(
    pair: Path, context: ssl.SSLContext, restarts: int, start: Callable[[], RunningServer]
) -> list[str]:
    """Replace the pod `restarts` times under load; return what became of each call."""
    told: list[str] = []
    stop = asyncio.Event()
    old = await asyncio.to_thread(start)
    async with Forwarder([Pod(old.port, old.health_port)]).open() as service:
        await service.until_ready(service.pods[0])
        callers = [
            asyncio.create_task(call_repeatedly(service.port, context, seed, stop, told))
            for seed in range(12)
        ]
        for _ in range(restarts):
            new = await asyncio.to_thread(start)
            pod = Pod(new.port, new.health_port)
            service.pods.append(pod)
            await service.until_ready(pod)
            old.process.send_signal(signal.SIGTERM)
            told.append(f"exit {await asyncio.to_thread(old.process.wait, TIMEOUT_SECONDS)}")
            del service.pods[0]
            old = new
        stop.set()
        await asyncio.gather(*callers)
    return told


def test_twenty_restarts_under_load_lose_no_call(pair: Path, trusting: ssl.SSLContext) -> None:
    given = {
        "certificate": str(pair / "tls.crt"),
        "key": str(pair / "tls.key"),
        "host": "127.0.0.1",
        "port": 0,
        "health_port": 0,
        "shutdown_delay": 1.0,  # a busy machine notices late that a pod is not ready any more
    }
    started: list[RunningServer] = []

    def start() -> RunningServer:
        started.append(start_server(given))
        return started[-1].wait_until_serving()

    try:
        results = asyncio.run(roll(pair, trusting, 20, start))
    finally:
        for server in started:
            server.kill()
    assert results.count("exit 0") == 20
    assert results.count("answered") == len(results) - 20 > 20
