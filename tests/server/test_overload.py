"""Too many large bodies at once: some callers wait a second, nobody crashes."""

import ssl
import threading
from pathlib import Path

from tests.server.support import (
    Client,
    RunningServer,
    connect,
    peak_memory_bytes,
    review,
    run_server,
)

MEBIBYTE = 1024 * 1024
HEAD = b"POST /mutate HTTP/1.1\r\nHost: graphgate\r\nContent-Type: application/json\r\n"


def test_beyond_the_bound_the_slowest_is_answered_with_429_and_when_to_come_again(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with run_server(pair, limits={"max_body_bytes_in_flight": 2 * MEBIBYTE}) as server:
        with connect(server.port, trusting) as holder:
            held = MEBIBYTE
            holder.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (2 * MEBIBYTE) + b" " * held)
            while server.metric("graphgate_request_body_bytes_in_flight") < held:
                pass
            client = Client(server.port, trusting)
            text = review("u-large", object="x" * (2 * MEBIBYTE - 1000))
            assert client.post("/mutate", text)[0] == 200  # quick, and larger than what is free
            assert server.metric("graphgate_request_body_bytes_in_flight") == 0
            holder.sendall(b" " * MEBIBYTE)
            answer = holder.recv(1024)
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b"\r\nretry-after: 1\r\n" in answer
            assert answer.endswith(b"\r\n\r\ntoo many requests at once, try again\n")
            body = review("u-again")
            holder.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert holder.recv(1024).startswith(b"HTTP/1.1 200 ")  # on the same connection
        assert server.metric('graphgate_requests_total{code="429",endpoint="mutate"}') == 1
        client.close()


def test_ten_who_hold_the_whole_bound_keep_nobody_out(pair: Path, trusting: ssl.SSLContext) -> None:
    with run_server(pair) as server:
        hoarders = [connect(server.port, trusting) for _ in range(10)]
        size = 66 * MEBIBYTE // 10
        for hoarder in hoarders:
            hoarder.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (size + 1) + b" " * size)
        client = Client(server.port, trusting)
        text = review("u-large", object="x" * 3 * MEBIBYTE)
        assert [client.post("/mutate", text)[0] for _ in range(20)] == [200] * 20
        assert server.metric("graphgate_request_body_bytes_in_flight") <= 64 * MEBIBYTE
        client.close()
        for hoarder in hoarders:
            hoarder.close()


def test_a_caller_that_goes_away_holds_nothing(pair: Path, trusting: ssl.SSLContext) -> None:
    with run_server(pair) as server:
        with connect(server.port, trusting) as leaver:
            leaver.sendall(HEAD + b"Content-Length: 2000000\r\n\r\n" + b" " * MEBIBYTE)
            while server.metric("graphgate_request_body_bytes_in_flight") < MEBIBYTE:
                pass
        while server.metric("graphgate_requests_in_flight"):
            pass
        assert server.metric("graphgate_request_body_bytes_in_flight") == 0


def test_forty_bodies_of_three_mebibytes_at_once_stay_within_256_mebibytes(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    text = review("u-large", object="x" * 3 * MEBIBYTE)
    seen: list[int] = []

    def send(server: RunningServer) -> None:
        client = Client(server.port, trusting)
        seen.append(client.post("/mutate", text)[0])
        seen.append(200 if client.is_reviewed() else 0)
        client.close()

    with run_server(pair, limits={"max_body_bytes_in_flight": 24 * MEBIBYTE}) as server:
        threads = [threading.Thread(target=send, args=(server,)) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(seen) == 80
        assert set(seen) <= {200, 429}
        assert seen.count(200) >= 40 + 1
        assert peak_memory_bytes(server) < 256 * MEBIBYTE
        assert server.metric("graphgate_request_body_bytes_in_flight") == 0
