"""Each replica serves what the Secret holds, and says whether it will be believed."""

import base64
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.certificates.cluster import LEASE, MUTATING, NAME, NAMESPACE, SECRET, data, installed
from tests.certificates.cluster import Cluster as Api
from webhook.certificates.minting import mint_authority
from webhook.controller.certificate_look import Place
from webhook.controller.certificate_upkeep import Upkeep
from webhook.controller.lease import Terms
from webhook.controller.rotation import Rotation
from webhook.errors import ClusterUnavailable

PLACE = Place(NAMESPACE, NAME)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def api() -> Api:
    return installed()


@pytest.fixture
def made(tmp_path: Path, api: Api) -> Iterator[Callable[..., Upkeep]]:
    """Make replicas; those that run are stopped in the end."""
    replicas: list[Upkeep] = []

    def make(name: str = "graphgate-0", now: datetime = NOW) -> Upkeep:
        replica = Upkeep(
            api,
            PLACE,
            tmp_path / name,
            identity=name,
            now=lambda: now,
            terms=Terms(duration=0.2, deadline=0.1, pause=0.01),
            pause=0.01,
        )
        replica.start()
        replicas.append(replica)
        return replica

    yield make
    for replica in replicas:
        replica.stop()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own timeout bounds it."""
    while not condition():
        time.sleep(0.001)


def refuse(api: Api, reason: str) -> None:
    def before(_method: str, _path: str) -> None:
        raise ClusterUnavailable(reason)

    api.before = before


def test_the_first_replica_makes_the_certificate_and_serves_it(
    api: Api, made: Callable[..., Upkeep]
) -> None:
    replica = made()
    assert replica.certificate.read_bytes() == data(api, "tls.crt") != b""
    assert replica.key.read_bytes() == data(api, "tls.key")
    assert replica.key.stat().st_mode & 0o077 == 0
    state, detail = replica.health()
    assert (state, detail) == ("ok", "signed by a CA of every caBundle; this replica renews it")


def test_the_second_serves_the_same_and_writes_nothing(
    api: Api, made: Callable[..., Upkeep]
) -> None:
    made("graphgate-0")
    api.writes.clear()
    second = made("graphgate-1")
    assert second.certificate.read_bytes() == data(api, "tls.crt")
    assert second.health() == ("ok", "signed by a CA of every caBundle; another replica renews it")
    assert {write for write in api.writes if LEASE not in write} == set()


def test_the_lease_keeps_the_labels_by_which_helm_deletes_it(
    api: Api, made: Callable[..., Upkeep]
) -> None:
    made()
    assert api.objects[LEASE]["spec"]["holderIdentity"] == "graphgate-0"
    assert api.objects[LEASE]["metadata"]["labels"] == {"a": "b"}


def test_a_lease_is_given_back_at_the_end(api: Api, made: Callable[..., Upkeep]) -> None:
    made().stop()
    assert api.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_a_new_certificate_is_in_use_after_the_server_has_read_its_files(
    api: Api, made: Callable[..., Upkeep]
) -> None:
    replica = made()
    assert not replica.refresh()
    Rotation(api, PLACE, now=lambda: NOW).renew()
    until(replica.refresh)
    assert replica.certificate.read_bytes() == data(api, "tls.crt")
    assert not replica.refresh()


def test_without_a_cluster_it_serves_what_nobody_believes_and_is_not_ready(
    api: Api, made: Callable[..., Upkeep]
) -> None:
    refuse(api, "the API server is away")
    replica = made()
    assert replica.certificate.read_bytes() != b""
    assert replica.health() == ("failed", "no certificate yet: the API server is away")
    api.before = lambda _method, _path: None
    until(replica.refresh)
    # Written, but the server has not read it yet.
    assert replica.health().state == "failed"
    replica.refresh()
    assert replica.health().state == "ok"
    assert replica.certificate.read_bytes() == data(api, "tls.crt")


def test_a_cluster_that_goes_away_leaves_the_certificate_in_use(
    api: Api, made: Callable[..., Upkeep]
) -> None:
    replica = made()
    refuse(api, "the API server is away")
    until(lambda: replica.health().state == "degraded")
    assert replica.health().detail == "the API server is away"
    assert replica.certificate.read_bytes() == data(api, "tls.crt")


@pytest.mark.parametrize(
    ("bundle", "sentence"),
    [
        ("", "the caBundle of mutating.graphgate.io is empty"),
        ("other", "no CA of the bundle signed tls.crt"),
    ],
)
def test_a_certificate_that_no_api_server_would_believe_is_named(
    api: Api, made: Callable[..., Upkeep], bundle: str, sentence: str
) -> None:
    replica = made()
    api.before = _only_reads  # nobody mends it
    content = base64.b64encode(mint_authority(NOW).certificate).decode() if bundle else ""
    webhook = api.objects[MUTATING]["webhooks"][0]
    client = {**webhook["clientConfig"], "caBundle": content}
    api.put(MUTATING, {**api.objects[MUTATING], "webhooks": [{**webhook, "clientConfig": client}]})
    api.before = _only_reads
    until(lambda: replica.health().state == "failed")
    assert sentence in replica.health().detail


def _only_reads(method: str, path: str) -> None:
    if method != "GET" and LEASE not in path:
        raise ClusterUnavailable("may not write")


def test_an_expired_certificate_is_named_if_nobody_may_renew_it(
    api: Api, made: Callable[..., Upkeep]
) -> None:
    made().stop()
    api.before = _only_reads
    late = made("graphgate-1", NOW + timedelta(days=366))
    assert late.health().state == "failed"
    assert "tls.crt expired on 2031-01-01" in late.health().detail


def test_a_secret_that_is_gone_is_named(api: Api, made: Callable[..., Upkeep]) -> None:
    replica = made()
    del api.objects[SECRET]
    until(lambda: replica.health().state == "degraded")
    assert "there is no Secret graphgate-certificate" in replica.health().detail
