"""Certificates change while the server runs, and nobody is cut off."""

import datetime
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509

from tests.server.pki import DAY, NAME, Authority, Pair
from tests.server.support import (
    Client,
    RunningServer,
    connect,
    review,
    run_server,
    trust_context,
    wait_until_closed,
)
from webhook.runtime.tls import load_tls_identity


def serial(pair: Pair) -> int:
    return x509.load_pem_x509_certificate(pair.certificate).serial_number


def served(server: RunningServer, context: ssl.SSLContext, name: str = NAME) -> int:
    """Return the serial number that a new handshake shows."""
    with connect(server.port, context, name) as peer:
        shown = peer.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


def mount(folder: Path, version: str, content: dict[str, bytes]) -> None:
    """Write files as the kubelet mounts a Secret: FILE -> ..data/FILE, ..data -> ..VERSION."""
    folder.mkdir(exist_ok=True)
    real = folder / f"..{version}"
    real.mkdir()
    for name, data in content.items():
        (real / name).write_bytes(data)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path("..data") / name)
    new = folder / "..data_tmp"
    new.symlink_to(real.name)
    new.replace(folder / "..data")


def files(pair: Pair) -> dict[str, bytes]:
    return {"tls.crt": pair.certificate, "tls.key": pair.key}


def test_a_swapped_secret_is_served_and_old_connections_live_on(
    tmp_path: Path, authority: Authority, trusting: ssl.SSLContext
) -> None:
    first, second = authority.issue(), authority.issue()
    mount(tmp_path / "secret", "1", files(first))
    with run_server(tmp_path / "secret") as server:
        old = Client(server.port, trusting)
        assert old.is_reviewed()
        assert served(server, trusting) == serial(first)
        mount(tmp_path / "secret", "2", files(second))
        server.wait_for("config_reloaded", source="certificate")
        assert served(server, trusting) == serial(second)
        assert old.is_reviewed()
        old.close()


def test_without_a_server_name_the_new_pair_is_served_too(
    tmp_path: Path, authority: Authority, trusting: ssl.SSLContext
) -> None:
    first, second = authority.issue(), authority.issue()
    first.write(tmp_path)
    with run_server(tmp_path) as server:
        second.write(tmp_path)
        server.wait_for("config_reloaded", source="certificate")
        assert served(server, trusting, "127.0.0.1") == serial(second)


def test_a_pair_that_does_not_match_keeps_the_old_one_and_says_so(
    tmp_path: Path, authority: Authority, trusting: ssl.SSLContext
) -> None:
    good, better = authority.issue(), authority.issue()
    certificate, key = good.write(tmp_path)
    with run_server(tmp_path) as server:
        sample = 'graphgate_reload_failures_total{source="certificate"}'
        assert server.metric(sample) == 0
        certificate.write_bytes(better.certificate)
        server.wait_for("config_reload_failed", source="certificate")
        assert served(server, trusting) == serial(good)
        status, text = server.get("/readyz?verbose")
        assert status == 200
        assert (
            f"[!] certificate-reload: the key {key} does not belong to the certificate"
            f" {certificate}; the last valid certificate is still in use\n"
        ) in text
        assert server.metric(sample) == 1
        assert server.metric('graphgate_readiness_check_state{check="certificate-reload"}') == 1

        key.write_bytes(better.key)
        server.wait_for("config_reloaded", source="certificate")
        assert served(server, trusting) == serial(better)
        assert "[+] certificate-reload: ok\n" in server.get("/readyz?verbose")[1]
        assert server.metric(sample) == 1


def test_a_bad_pair_that_is_taken_back_is_forgotten(
    tmp_path: Path, authority: Authority, trusting: ssl.SSLContext
) -> None:
    good = authority.issue()
    _, key = good.write(tmp_path)
    with run_server(tmp_path) as server:
        key.unlink()
        server.wait_for("config_reload_failed", source="certificate")
        key.write_bytes(good.key)
        server.wait_for("config_reloaded", source="certificate")
        assert server.get("/readyz")[1] == "ready\n"
        assert served(server, trusting) == serial(good)


def test_fifty_rotations_under_load_lose_no_call(
    tmp_path: Path, authority: Authority, trusting: ssl.SSLContext
) -> None:
    pairs = [authority.issue() for _ in range(5)]
    pairs[0].write(tmp_path)
    stop = threading.Event()
    answers: list[bool] = []

    def call() -> None:
        kept = Client(server.port, trusting)
        while not stop.is_set():
            fresh = Client(server.port, trusting)
            answers.append(kept.is_reviewed() and fresh.is_reviewed())
            fresh.close()
        kept.close()

    with run_server(tmp_path, reload_interval=0.005) as server:
        callers = [threading.Thread(target=call) for _ in range(3)]
        for caller in callers:
            caller.start()
        for turn in range(1, 51):
            pairs[turn % 5].write(tmp_path)
            server.wait_for("config_reloaded", source="certificate")
        stop.set()
        for caller in callers:
            caller.join(20)
    assert len(answers) > 3
    assert all(answers)


@pytest.mark.parametrize(
    ("begins", "ends", "reason"),
    [(-2 * DAY, -DAY, "it expired at "), (DAY, 2 * DAY, "it becomes valid at ")],
    ids=["expired", "not yet valid"],
)
def test_a_certificate_out_of_its_time_makes_unready_until_it_is_replaced(
    tmp_path: Path,
    authority: Authority,
    begins: datetime.timedelta,
    ends: datetime.timedelta,
    reason: str,
) -> None:
    authority.issue(begins=begins, ends=ends).write(tmp_path)
    with run_server(tmp_path) as server:
        status, text = server.get("/readyz")
        assert (status, text.startswith(f"[-] certificate: {reason}")) == (503, True)
        assert server.metric('graphgate_readiness_check_state{check="certificate"}') == 2
        assert server.get("/livez") == (200, "alive\n")
        authority.issue().write(tmp_path)
        server.wait_for("config_reloaded", source="certificate")
        assert server.get("/readyz") == (200, "ready\n")


def test_a_caller_that_does_not_trust_us_shows_in_the_metrics(
    pair: Path, trusting: ssl.SSLContext
) -> None:
    with run_server(pair) as server:
        client = Client(server.port, trusting)
        assert client.is_reviewed()
        client.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(server.port, trust_context(Authority("another").pem))
        assert server.metric("graphgate_tls_handshakes_started_total") == 2
        assert server.metric("graphgate_tls_handshakes_completed_total") == 1


def test_the_end_of_the_certificate_is_a_metric(server: RunningServer) -> None:
    left = server.metric("graphgate_certificate_expiration_timestamp_seconds") - time.time()
    assert 29 * 86_400 < left < 30 * 86_400


class TestMutual:
    """With a client CA, only its clients get through the handshake."""

    @staticmethod
    def client(folder: Path, ca: bytes, pair: Pair | None) -> ssl.SSLContext:
        context = trust_context(ca)
        if pair is not None:
            context.load_cert_chain(*pair.write(folder, "client"))
        return context

    @staticmethod
    def refused(server: RunningServer, context: ssl.SSLContext) -> bool:
        # In TLS 1.3 the client learns of it with its first read.
        try:
            with connect(server.port, context) as peer:
                peer.sendall(b"POST /mutate HTTP/1.1\r\n")
                return wait_until_closed(peer)
        except OSError:
            return True

    def test_a_client_of_the_ca_is_answered_and_nobody_else(
        self, tmp_path: Path, authority: Authority
    ) -> None:
        authority.issue().write(tmp_path)
        clients = Authority("client CA")
        (tmp_path / "ca.crt").write_bytes(clients.pem)
        right, wrong = clients.issue("kube-apiserver"), Authority("other").issue("kube-apiserver")
        with run_server(tmp_path, client_ca=str(tmp_path / "ca.crt")) as server:
            known = Client(server.port, self.client(tmp_path, authority.pem, right))
            assert known.is_reviewed()
            known.close()
            assert self.refused(server, self.client(tmp_path, authority.pem, wrong))
            assert self.refused(server, self.client(tmp_path, authority.pem, None))
            old = self.client(tmp_path, authority.pem, right)
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            assert self.refused(server, old)

    def test_a_new_client_ca_takes_the_place_of_the_old_one(
        self, tmp_path: Path, authority: Authority
    ) -> None:
        authority.issue().write(tmp_path)
        old, new = Authority("old"), Authority("new")
        ca = tmp_path / "ca.crt"
        ca.write_bytes(old.pem)
        by_old = self.client(tmp_path, authority.pem, old.issue("a"))
        by_new = self.client(tmp_path, authority.pem, new.issue("a"))
        with run_server(tmp_path, client_ca=str(ca)) as server:
            kept = Client(server.port, by_old)
            assert kept.is_reviewed()
            assert self.refused(server, by_new)
            ca.write_bytes(new.pem)
            server.wait_for("config_reloaded", source="certificate")
            assert self.refused(server, by_old)
            fresh = Client(server.port, by_new)
            assert fresh.is_reviewed()
            assert kept.is_reviewed()
            fresh.close()
            kept.close()

    def test_no_session_outlives_its_ca(self, tmp_path: Path, authority: Authority) -> None:
        authority.issue().write(tmp_path)
        clients = Authority("client CA")
        (tmp_path / "ca.crt").write_bytes(clients.pem)
        context = self.client(tmp_path, authority.pem, clients.issue("a"))
        with run_server(tmp_path, client_ca=str(tmp_path / "ca.crt")) as server:
            peer = Client(server.port, context)
            assert peer.post("/mutate", review())[0] == 200
            assert isinstance(peer.sock, ssl.SSLSocket)
            assert peer.sock.session is None or not peer.sock.session.has_ticket
            peer.close()


def test_no_peer_can_renegotiate(pair: Path) -> None:
    context = load_tls_identity(pair / "tls.crt", pair / "tls.key").context
    assert context.options & ssl.OP_NO_RENEGOTIATION
