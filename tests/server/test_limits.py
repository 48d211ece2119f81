"""Whoever keeps the server waiting is cut off within a limit of its own; nobody else is harmed.

Each test makes one limit short and leaves all others longer than its patience, so that the end of
the connection can have no other cause. While the limit runs, another connection is answered.
"""

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server.key_updates import KeyUpdater
from tests.server.support import (
    TIMEOUT_SECONDS,
    Client,
    RunningServer,
    apart,
    connect,
    peak_memory_bytes,
    review,
    run_server,
    wait_until_closed,
)

SHORT = 0.3
LONG = 10 * TIMEOUT_SECONDS
LONG_TIMEOUTS = dict.fromkeys(
    ("tls_handshake_timeout", "header_timeout", "body_timeout", "idle_timeout", "write_timeout"),
    LONG,
)
HEAD = b"POST /mutate HTTP/1.1\r\nHost: graphgate\r\nContent-Type: application/json\r\n"


@contextmanager
def limited(pair: Path, trusting: ssl.SSLContext, **limits: float) -> Iterator[RunningServer]:
    """Run a server with one short limit, and show that others are answered all the while."""
    with run_server(pair, limits={**LONG_TIMEOUTS, **limits}) as server:
        other = Client(server.port, trusting)
        assert other.is_reviewed()
        yield server
        if "idle_timeout" in limits:
            other.close()
            other = Client(server.port, trusting)
        assert other.is_reviewed()
        other.close()


def wait_until_closed_sending(peer: socket.socket, drop: bytes) -> bool:
    """Send a drop every 20 ms until the peer ends the connection, as a slow loris does.

    In one thread: a TLS connection that one thread reads while another one writes reports errors
    of the other, and such an error would be taken for the end.
    """
    for _ in range(int(TIMEOUT_SECONDS / 0.02)):
        try:
            peer.settimeout(TIMEOUT_SECONDS)
            peer.sendall(drop)
            peer.settimeout(0.02)
            while peer.recv(65536):
                pass
        except TimeoutError:
            continue
        except OSError:  # a reset, or TLS without a goodbye
            return True
        return True
    return False


def test_a_silent_tcp_client_ends_with_the_handshake_limit(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with (
        limited(pair, trusting, tls_handshake_timeout=SHORT) as server,
        socket.create_connection(("127.0.0.1", server.port)) as peer,
    ):
        assert wait_until_closed(peer)


def test_half_a_handshake_ends_with_the_handshake_limit(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    hello, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = trusting.wrap_bio(incoming, hello, server_hostname="graphgate")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    with (
        limited(pair, trusting, tls_handshake_timeout=SHORT) as server,
        socket.create_connection(("127.0.0.1", server.port)) as peer,
    ):
        peer.sendall(hello.read())  # and never the Finished message
        assert wait_until_closed(peer)


def test_new_keys_without_an_end_end_the_connection(pair: Path, trusting: ssl.SSLContext) -> None:
    ended = 'graphgate_connections_aborted_total{reason="tls_message_limit"}'
    with (
        limited(pair, trusting, max_tls_messages=32) as server,
        KeyUpdater(server.port, TIMEOUT_SECONDS) as one,
        KeyUpdater(server.port, TIMEOUT_SECONDS) as another,
    ):
        assert another.renew(32)
        one.renew(33)
        assert one.wait_until_closed(TIMEOUT_SECONDS)
        assert server.metric(ended) == 1
        another.renew(1)
        assert another.wait_until_closed(TIMEOUT_SECONDS)
        assert server.metric(ended) == 2


def test_a_python_that_does_not_report_new_keys_serves_and_says_so(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with (
        run_server(pair, reports_tls_messages=False) as server,
        KeyUpdater(server.port, TIMEOUT_SECONDS) as one,
    ):
        assert [line["event"] for line in server.lines] == ["tls_messages_not_limited", "serving"]
        assert one.renew(40)
        other = Client(server.port, trusting)
        assert other.is_reviewed()
        other.close()


def test_a_silent_tls_client_ends_with_the_idle_limit(pair: Path, trusting: ssl.SSLContext) -> None:
    with (
        limited(pair, trusting, idle_timeout=SHORT) as server,
        connect(server.port, trusting) as peer,
    ):
        assert wait_until_closed(peer)


def test_an_idle_connection_ends_with_the_idle_limit(pair: Path, trusting: ssl.SSLContext) -> None:
    with limited(pair, trusting, idle_timeout=SHORT) as server:
        client = Client(server.port, trusting)
        assert client.is_reviewed()
        assert client.sock is not None
        assert wait_until_closed(client.sock)
        client.close()


@pytest.mark.parametrize(
    ("first", "drop"),
    [(b"POST /mutate HT", b""), (HEAD, b"X: y\r\n"), (b"", b"\r\n")],
    ids=["half a head", "a header now and then", "empty lines now and then"],
)
def test_a_slow_head_ends_with_the_header_limit(
    pair: Path, trusting: ssl.SSLContext, first: bytes, drop: bytes
) -> None:
    with (
        limited(pair, trusting, header_timeout=SHORT) as server,
        connect(server.port, trusting) as peer,
    ):
        peer.sendall(first or b"\r\n")
        assert wait_until_closed_sending(peer, drop)
        assert server.metric('graphgate_connections_aborted_total{reason="header_timeout"}') == 1


def test_a_slow_second_head_ends_with_the_header_limit(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with limited(pair, trusting, header_timeout=SHORT) as server:
        client = Client(server.port, trusting)
        assert client.is_reviewed()
        assert client.sock is not None
        client.sock.sendall(HEAD)
        assert wait_until_closed(client.sock)
        client.close()


def test_a_head_without_end_is_cut_at_its_size(pair: Path, trusting: ssl.SSLContext) -> None:
    with (
        limited(pair, trusting, max_header_bytes=10_000) as server,
        connect(server.port, trusting) as peer,
    ):
        peer.sendall(HEAD)
        assert wait_until_closed_sending(peer, b"X: " + 1000 * b"y" + b"\r\n")
        assert server.metric('graphgate_connections_aborted_total{reason="header_too_large"}') == 1


@pytest.mark.parametrize("path", [b"/mutate", b"/nowhere"], ids=["read", "discarded"])
@pytest.mark.parametrize("drop", [b"", b" "], ids=["silent", "a byte now and then"])
def test_a_slow_body_ends_with_the_body_limit(
    pair: Path, trusting: ssl.SSLContext, path: bytes, drop: bytes
) -> None:
    with (
        limited(pair, trusting, body_timeout=SHORT) as server,
        connect(server.port, trusting) as peer,
    ):
        head = HEAD.replace(b"/mutate", path)
        peer.sendall(head + b"Content-Length: 1000000\r\n\r\n{")
        assert wait_until_closed_sending(peer, drop)
        assert server.metric('graphgate_connections_aborted_total{reason="body_timeout"}') == 1
        assert server.metric("graphgate_request_body_bytes_in_flight") == 0
        assert server.metric("graphgate_requests_in_flight") == 0


def test_answers_that_nobody_reads_end_with_the_answer_limit(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with limited(pair, trusting, write_timeout=SHORT) as server:
        assert apart(is_cut_reading_nothing, server, trusting)
        assert server.metric('graphgate_connections_aborted_total{reason="write_timeout"}') == 1
        assert (
            peak_memory_bytes(server) < 128 * 1024 * 1024
        )  # the requests behind the answers did not pile up


def is_cut_reading_nothing(server: RunningServer, trusting: ssl.SSLContext) -> bool:
    """Ask again and again, and read no answer; return whether the server ends the connection."""
    body = review()
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(TIMEOUT_SECONDS)
        raw.connect(("127.0.0.1", server.port))
        with trusting.wrap_socket(raw, server_hostname="127.0.0.1") as peer:
            while True:
                try:
                    peer.sendall(200 * request)
                except TimeoutError:
                    return False
                except OSError:
                    return True


def test_a_hundred_silent_clients_leave_a_review_alone(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with limited(pair, trusting) as server:
        silent: list[socket.socket] = []
        openers: list[Callable[[], socket.socket]] = [
            lambda: socket.create_connection(("127.0.0.1", server.port)),
            lambda: connect(server.port, trusting),
        ]
        for number in range(100):
            peer = openers[number % 2]()
            if number % 4 == 1:
                peer.sendall(HEAD)
            silent.append(peer)
        client = Client(server.port, trusting)
        assert all(client.is_reviewed(f"u-{number}") for number in range(50))
        client.close()
        for peer in silent:
            peer.close()


def test_silent_clients_crowd_out_each_other_and_nobody_who_asks(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with limited(
        pair,
        trusting,
        max_connections=10,
        reserved_connections=0,
        min_idle_before_eviction=0.0,
    ) as server:
        kept = Client(server.port, trusting)
        assert kept.is_reviewed()
        silent = [connect(server.port, trusting) for _ in range(30)]
        assert wait_until_closed(silent[0])  # the oldest
        late = Client(server.port, trusting)
        assert late.is_reviewed()
        assert kept.is_reviewed()
        # 30 and the late one, for whom there was room beside the kept one and the fixture's.
        crowded = 'graphgate_connections_aborted_total{reason="connection_limit"}'
        assert server.metric(crowded) == 30 + 1 - 8
        for peer in silent:
            peer.close()
        kept.close()
        late.close()


@pytest.mark.parametrize("idle", [0.0, LONG], ids=["idle", "none can be spared"])
def test_many_who_asked_once_lock_out_neither_callers_nor_probes(
    pair: Path, trusting: ssl.SSLContext, idle: float
) -> None:
    limits = {**LONG_TIMEOUTS, "max_connections": 10, "min_idle_before_eviction": idle}
    with run_server(pair, limits={**limits, "reserved_connections": 5}) as server:
        crowd: list[http.client.HTTPConnection] = []
        for _ in range(20):
            client = Client(server.port, trusting)
            assert client.is_reviewed()
            crowd.append(client)
            probe = http.client.HTTPConnection(
                "127.0.0.1", server.health_port, timeout=TIMEOUT_SECONDS
            )
            probe.request("GET", "/livez")
            assert probe.getresponse().status == 200
            crowd.append(probe)
        assert server.metric("graphgate_connections") <= 10 + 5
        newcomer = Client(server.port, trusting)
        assert newcomer.is_reviewed()
        assert server.get("/readyz")[0] == 200
        for connection in (*crowd, newcomer):
            connection.close()


@pytest.mark.parametrize("says", [b"", b"\x16\x03\x01"], ids=["silent", "half a record"])
def test_handshakes_that_do_not_end_give_way_to_each_other(
    pair: Path, trusting: ssl.SSLContext, says: bytes
) -> None:
    with limited(pair, trusting, max_handshakes=10) as server:
        peers = []
        for _ in range(30):
            peers.append(socket.create_connection(("127.0.0.1", server.port)))
            peers[-1].sendall(says)
        assert wait_until_closed(peers[0])
        ended = 'graphgate_connections_aborted_total{reason="handshake_limit"}'
        client = Client(server.port, trusting)
        assert client.is_reviewed()
        assert server.metric(ended) >= 20
        client.close()
        for peer in peers:
            peer.close()


def test_a_silent_client_of_the_health_port_ends_with_the_idle_limit(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with (
        limited(pair, trusting, idle_timeout=SHORT) as server,
        socket.create_connection(("127.0.0.1", server.health_port)) as peer,
    ):
        assert wait_until_closed(peer)


ENDLESS_TRAILERS = {
    "fields": b"X: y\r\n" * 10_000,
    "one field": b"y" * 60_000,
}


@pytest.mark.parametrize("tls", [True, False], ids=["8443", "8081"])
@pytest.mark.parametrize("trailers", ENDLESS_TRAILERS.values(), ids=ENDLESS_TRAILERS)
def test_trailers_without_an_end_take_no_memory(
    pair: Path, trusting: ssl.SSLContext, trailers: bytes, tls: bool
) -> None:
    with run_server(pair) as server:
        before = peak_memory_bytes(server)
        with (
            connect(server.port, trusting)
            if tls
            else socket.create_connection(("127.0.0.1", server.health_port))
        ) as peer:
            peer.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n")
            sent = 0
            with contextlib.suppress(OSError):
                while sent < 40 * 1024 * 1024:
                    peer.sendall(trailers)
                    sent += len(trailers)
        assert peak_memory_bytes(server) - before < 16 * 1024 * 1024
        assert server.metric('graphgate_connections_aborted_total{reason="header_too_large"}') == 1
