"""Each replica serves what the Secret holds, and says whether it will be believed."""

import base64
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.certificates.rotation.cluster import (
    LEASE,
    MUTATING,
    NAME,
    NAMESPACE,
    SECRET,
    FakeApiServer,
    installed_cluster,
    secret_value,
)
from webhook.certificates.issue import issue_ca
from webhook.certificates.rotation.apply import Rotation
from webhook.certificates.rotation.observe import WebhookInstallation
from webhook.certificates.rotation.rotator import CertificateRotator
from webhook.errors import KubeApiUnavailableError
from webhook.kube.leader_election import LeaseConfig

INSTALLATION = WebhookInstallation(NAMESPACE, NAME)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def api() -> FakeApiServer:
    return installed_cluster()


@pytest.fixture
def made(tmp_path: Path, api: FakeApiServer) -> Iterator[Callable[..., CertificateRotator]]:
    """Make replicas; those that run are stopped in the end."""
    replicas: list[CertificateRotator] = []

    def make(name: str = "graphgate-0", now: datetime = NOW) -> CertificateRotator:
        replica = CertificateRotator(
            api,
            INSTALLATION,
            tmp_path / name,
            identity=name,
            now=lambda: now,
            lease_config=LeaseConfig(lease_duration=0.2, renew_deadline=0.1, retry_period=0.01),
            interval=0.01,
        )
        replica.start()
        replicas.append(replica)
        return replica

    yield make
    for replica in replicas:
        replica.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own timeout bounds it."""
    while not condition():
        time.sleep(0.001)


def fail_requests(api: FakeApiServer, reason: str) -> None:
    def before(_method: str, _path: str) -> None:
        raise KubeApiUnavailableError(reason)

    api.before_request = before


def test_the_first_replica_makes_the_certificate_and_serves_it(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    replica = made()
    assert replica.certificate_file.read_bytes() == secret_value(api, "tls.crt") != b""
    assert replica.key_file.read_bytes() == secret_value(api, "tls.key")
    assert replica.key_file.stat().st_mode & 0o077 == 0
    state, detail = replica.health()
    assert (state, detail) == ("ok", "signed by a CA of every caBundle; this replica renews it")


def test_the_second_serves_the_same_and_writes_nothing(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    made("graphgate-0")
    api.writes.clear()
    second = made("graphgate-1")
    assert second.certificate_file.read_bytes() == secret_value(api, "tls.crt")
    assert second.health() == ("ok", "signed by a CA of every caBundle; another replica renews it")
    assert {write for write in api.writes if LEASE not in write} == set()


def test_the_lease_keeps_the_labels_by_which_helm_deletes_it(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    made()
    assert api.objects[LEASE]["spec"]["holderIdentity"] == "graphgate-0"
    assert api.objects[LEASE]["metadata"]["labels"] == {"a": "b"}


def test_a_lease_is_given_back_at_the_end(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    made().stop()
    assert api.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_a_new_certificate_is_in_use_after_the_server_has_read_its_files(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    replica = made()
    assert not replica.reload_if_changed()
    Rotation(api, INSTALLATION, now=lambda: NOW).force_renew()
    wait_until(replica.reload_if_changed)
    assert replica.certificate_file.read_bytes() == secret_value(api, "tls.crt")
    assert not replica.reload_if_changed()


def test_without_a_cluster_it_serves_what_nobody_believes_and_is_not_ready(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    fail_requests(api, "the API server is away")
    replica = made()
    assert replica.certificate_file.read_bytes() != b""
    assert replica.health() == ("failed", "no certificate yet: the API server is away")
    api.before_request = lambda _method, _path: None
    wait_until(replica.reload_if_changed)
    # Written, but the server has not read it yet.
    assert replica.health().state == "failed"
    replica.reload_if_changed()
    assert replica.health().state == "ok"
    assert replica.certificate_file.read_bytes() == secret_value(api, "tls.crt")


def test_a_cluster_that_goes_away_leaves_the_certificate_in_use(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    replica = made()
    fail_requests(api, "the API server is away")
    wait_until(lambda: replica.health().state == "degraded")
    assert replica.health().detail == "the API server is away"
    assert replica.certificate_file.read_bytes() == secret_value(api, "tls.crt")


@pytest.mark.parametrize(
    ("bundle", "sentence"),
    [
        ("", "the caBundle of mutating.graphgate.io is empty"),
        ("other", "tls.crt is not signed by a CA of the bundle"),
    ],
)
def test_a_certificate_that_no_api_server_would_believe_is_named(
    api: FakeApiServer, made: Callable[..., CertificateRotator], bundle: str, sentence: str
) -> None:
    replica = made()
    api.before_request = _only_reads  # nobody mends it
    content = base64.b64encode(issue_ca(NOW).certificate).decode() if bundle else ""
    webhook = api.objects[MUTATING]["webhooks"][0]
    client = {**webhook["clientConfig"], "caBundle": content}
    api.put(MUTATING, {**api.objects[MUTATING], "webhooks": [{**webhook, "clientConfig": client}]})
    api.before_request = _only_reads
    wait_until(lambda: replica.health().state == "failed")
    assert sentence in replica.health().detail


def _only_reads(method: str, path: str) -> None:
    if method != "GET" and LEASE not in path:
        raise KubeApiUnavailableError("may not write")


def test_an_expired_certificate_is_named_if_nobody_may_renew_it(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    made().stop()
    api.before_request = _only_reads
    late = made("graphgate-1", NOW + timedelta(days=366))
    assert late.health().state == "failed"
    assert "tls.crt expired on 2031-01-01" in late.health().detail


def test_a_secret_that_is_gone_is_named(
    api: FakeApiServer, made: Callable[..., CertificateRotator]
) -> None:
    replica = made()
    del api.objects[SECRET]
    wait_until(lambda: replica.health().state == "degraded")
    assert "Secret graphgate-certificate not found" in replica.health().detail
