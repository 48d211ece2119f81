"""What renewal decides is done to a Secret and two caBundles, and no call is lost meanwhile."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from tests.certificates.rotation.cluster import (
    MUTATING,
    NAME,
    NAMESPACE,
    SECRET,
    VALIDATING,
    FakeApiServer,
    ca_bundle,
    installed_cluster,
    secret_value,
)
from webhook.certificates.pair import KeyPair
from webhook.certificates.parse import load_certificates
from webhook.certificates.rotation.apply import Rotation
from webhook.certificates.rotation.observe import WebhookInstallation, observe
from webhook.certificates.rotation.plan import OVERLAP, RotationStep
from webhook.certificates.rotation.secret import decode_secret
from webhook.certificates.verify import inspect
from webhook.errors import CertificateError, KubeApiUnavailableError
from webhook.kube import ApiStatusError

T = TypeVar("T")

INSTALLATION = WebhookInstallation(NAMESPACE, NAME)
START = datetime(2030, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster() -> FakeApiServer:
    return installed_cluster()


@pytest.fixture
def rotation(cluster: FakeApiServer, clock: Clock) -> Rotation:
    return Rotation(cluster, INSTALLATION, now=clock)


def actions(steps: list[RotationStep]) -> list[str]:
    return [step.action for step in steps]


def served_pair(cluster: FakeApiServer) -> KeyPair:
    return KeyPair(secret_value(cluster, "tls.crt"), secret_value(cluster, "tls.key"))


def problems(pair: KeyPair, trusted: bytes, now: datetime) -> tuple[str, ...]:
    return inspect(pair, now, bundle=trusted, names=["graphgate.graphgate-system.svc"]).problems


def test_an_installation_gets_its_certificate_in_three_steps(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock
) -> None:
    assert actions(rotation.converge()) == ["issue-ca", "publish-ca", "issue-server-cert"]
    for path in (MUTATING, VALIDATING):
        assert problems(served_pair(cluster), ca_bundle(cluster, path), clock.now) == ()
    assert cluster.objects[SECRET]["metadata"]["labels"] == {"a": "b"}


def test_when_all_is_well_nothing_is_written(cluster: FakeApiServer, rotation: Rotation) -> None:
    rotation.converge()
    cluster.writes.clear()
    assert rotation.converge() == []
    assert cluster.writes == []


def test_only_the_secret_and_the_two_configurations_are_written(
    cluster: FakeApiServer, rotation: Rotation
) -> None:
    rotation.converge()
    assert set(cluster.writes) == {f"PUT {SECRET}", f"PATCH {MUTATING}", f"PATCH {VALIDATING}"}


def test_nothing_but_the_bundle_of_our_webhooks_is_changed(
    cluster: FakeApiServer, rotation: Rotation
) -> None:
    stranger = {"name": "other.example", "clientConfig": {"url": "https://other.example"}}
    before = cluster.objects[MUTATING]
    cluster.put(MUTATING, {**before, "webhooks": [stranger, *before["webhooks"]]})
    rotation.converge()
    first, ours = cluster.objects[MUTATING]["webhooks"]
    assert first == stranger
    del ours["clientConfig"]["caBundle"]
    assert [ours] == before["webhooks"]


class Observer:
    """API servers and replicas that may see a change at once or as late as OVERLAP."""

    def __init__(self, cluster: FakeApiServer) -> None:
        self._cluster = cluster
        self._bundles: list[tuple[datetime, bytes]] = []
        self._pairs: list[tuple[datetime, KeyPair]] = []

    def note(self, now: datetime) -> None:
        for path in (MUTATING, VALIDATING):
            if (now, ca_bundle(self._cluster, path)) not in self._bundles:
                self._bundles.append((now, ca_bundle(self._cluster, path)))
        self._pairs.append((now, served_pair(self._cluster)))
        self._bundles = [*_recent(self._bundles, now)]
        self._pairs = [*_recent(self._pairs, now)]

    def check(self, now: datetime) -> None:
        """Whatever any API server trusts, it believes whatever any replica serves."""
        bundles = {trusted for _, trusted in self._bundles}
        pairs = {pair.certificate: pair for _, pair in self._pairs}
        for trusted, pair in itertools.product(bundles, pairs.values()):
            assert problems(pair, trusted, now) == (), now


def _recent(seen: list[tuple[datetime, T]], now: datetime) -> Iterator[tuple[datetime, T]]:
    """Yield what somebody may still act on: the last, and what was replaced of late."""
    for (since, what), (replaced, _) in itertools.pairwise([*seen, (now + DAY, seen[-1][1])]):
        if replaced > now - OVERLAP:
            yield since, what


def test_in_fifteen_years_no_api_server_meets_a_certificate_it_does_not_believe(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock
) -> None:
    world, done = Observer(cluster), Counter[str]()
    rotation.converge()
    end = START + 15 * 365 * DAY
    calm = 0
    while clock.now < end:
        world.note(clock.now)
        world.check(clock.now)
        # Weekly; after a change every twenty minutes, until both overlaps have passed.
        clock.now += 7 * DAY if calm > 9 else HOUR / 3
        world.check(clock.now)
        steps = rotation.converge()
        calm = 0 if steps else calm + 1
        done.update(actions(steps))
    # A CA lives ten years and is renewed after two thirds; a leaf one year, after eight months.
    assert done["issue-ca"] == done["remove-ca"] == 2
    assert 20 <= done["issue-server-cert"] <= 24
    assert len(load_certificates(ca_bundle(cluster), "the bundle")) == 1


def test_old_and_new_ca_stand_together_while_they_overlap(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock
) -> None:
    rotation.converge()
    old = served_pair(cluster)
    clock.now += DAY
    assert actions(rotation.force_renew(rotate_ca=True)) == ["issue-ca", "publish-ca"]
    assert len(load_certificates(ca_bundle(cluster), "the bundle")) == 2
    assert served_pair(cluster) == old
    clock.now += OVERLAP
    assert actions(rotation.converge()) == ["issue-server-cert"]
    new = served_pair(cluster)
    for pair in (old, new):
        assert problems(pair, ca_bundle(cluster), clock.now) == ()
    clock.now += OVERLAP
    assert actions(rotation.converge()) == ["remove-ca", "publish-ca"]
    assert problems(new, ca_bundle(cluster), clock.now) == ()
    assert problems(old, ca_bundle(cluster), clock.now) != ()


def test_a_new_certificate_can_be_asked_for(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock
) -> None:
    rotation.converge()
    old = served_pair(cluster)
    assert actions(rotation.force_renew()) == ["issue-server-cert"]
    assert served_pair(cluster) != old
    assert problems(served_pair(cluster), ca_bundle(cluster), clock.now) == ()


@pytest.mark.parametrize("path", [MUTATING, VALIDATING])
def test_an_emptied_bundle_is_filled_again(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock, path: str
) -> None:
    rotation.converge()
    clock.now += 30 * DAY
    content = json.loads(json.dumps(cluster.objects[path]))
    del content["webhooks"][0]["clientConfig"]["caBundle"]
    cluster.put(path, content)
    assert actions(rotation.converge()) == ["publish-ca"]
    assert problems(served_pair(cluster), ca_bundle(cluster, path), clock.now) == ()


def test_an_emptied_secret_is_filled_and_what_replicas_still_serve_stays_trusted_for_an_hour(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock
) -> None:
    rotation.converge()
    old = served_pair(cluster)
    clock.now += 30 * DAY
    cluster.put(SECRET, {**cluster.objects[SECRET], "data": {}})
    assert actions(rotation.converge()) == ["issue-ca", "publish-ca", "issue-server-cert"]
    for pair in (old, served_pair(cluster)):
        assert problems(pair, ca_bundle(cluster), clock.now) == ()
    clock.now += OVERLAP
    assert actions(rotation.converge()) == ["publish-ca"]
    assert problems(old, ca_bundle(cluster), clock.now) != ()
    assert problems(served_pair(cluster), ca_bundle(cluster), clock.now) == ()


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "tls.crt", "tls.key"])
@pytest.mark.parametrize("content", ["", "!!", "bm90IHBlbQ==", None, 7])
def test_whatever_part_of_the_secret_is_spoilt_it_is_made_again(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock, name: str, content: object
) -> None:
    rotation.converge()
    secret = cluster.objects[SECRET]
    cluster.put(SECRET, {**secret, "data": {**secret["data"], name: content}})
    assert "issue-server-cert" in actions(rotation.converge())
    for path in (MUTATING, VALIDATING):
        assert problems(served_pair(cluster), ca_bundle(cluster, path), clock.now) == ()


@pytest.mark.parametrize("spoilt", [None, "", "[]", '{"a": 1}', '{"a": "2030-01-01"}', "{"])
def test_a_spoilt_annotation_costs_no_more_than_another_publication(
    cluster: FakeApiServer, rotation: Rotation, spoilt: object
) -> None:
    rotation.converge()
    secret = cluster.objects[SECRET]
    annotations = {"annotations": {"graphgate.io/ca-published-at": spoilt}}
    cluster.put(SECRET, {**secret, "metadata": {**secret["metadata"], **annotations}})
    assert actions(rotation.converge()) == ["publish-ca"]
    assert rotation.converge() == []


def test_an_expired_certificate_is_replaced_after_however_long_an_absence(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock
) -> None:
    rotation.converge()
    clock.now += 30 * 365 * DAY
    assert "issue-server-cert" in actions(rotation.converge())
    assert problems(served_pair(cluster), ca_bundle(cluster), clock.now) == ()


def test_two_writers_at_once_end_in_one_certificate(cluster: FakeApiServer, clock: Clock) -> None:
    """A second writer does everything between the first one's reading and its first write."""
    rotations = [Rotation(cluster, INSTALLATION, now=clock) for _ in range(2)]

    def interfere(method: str, _path: str) -> None:
        if method != "GET":
            cluster.before_request = lambda _method, _path: None
            rotations[1].converge()

    cluster.before_request = interfere
    assert rotations[0].converge() == []
    assert problems(served_pair(cluster), ca_bundle(cluster), clock.now) == ()


@pytest.mark.parametrize("survived", range(6))
def test_a_crash_between_any_two_writes_leaves_nothing_that_cannot_be_finished(
    cluster: FakeApiServer, rotation: Rotation, clock: Clock, survived: int
) -> None:
    def crash(method: str, _path: str) -> None:
        if method != "GET" and len(cluster.writes) >= survived:
            raise KubeApiUnavailableError("the power is gone")

    cluster.before_request = crash
    if survived < 5:  # an installation takes five writes
        with pytest.raises(KubeApiUnavailableError):
            rotation.converge()
    else:
        rotation.converge()
    cluster.before_request = lambda _method, _path: None
    rotation.converge()
    assert problems(served_pair(cluster), ca_bundle(cluster), clock.now) == ()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (SECRET, "Secret graphgate-certificate not found"),
        (MUTATING, "MutatingWebhookConfiguration graphgate not found"),
        (VALIDATING, "ValidatingWebhookConfiguration graphgate not found"),
    ],
)
def test_what_is_missing_is_named_and_not_created(
    cluster: FakeApiServer, rotation: Rotation, path: str, sentence: str
) -> None:
    del cluster.objects[path]
    with pytest.raises(CertificateError, match=sentence):
        rotation.converge()
    assert cluster.writes == []


def test_configurations_that_call_somebody_else_are_left_alone(cluster: FakeApiServer) -> None:
    elsewhere = WebhookInstallation("elsewhere", NAME)
    cluster.objects[elsewhere.secret_path] = cluster.objects[SECRET]
    with pytest.raises(CertificateError, match="no webhook of Mutating"):
        observe(cluster, elsewhere)
    assert cluster.writes == []


def test_a_refusal_is_passed_on(cluster: FakeApiServer, rotation: Rotation) -> None:
    def refuse(method: str, _path: str) -> None:
        if method == "PATCH":
            raise ApiStatusError("no", 403, "Forbidden", "no", None)

    cluster.before_request = refuse
    with pytest.raises(ApiStatusError):
        rotation.converge()


def test_somebody_who_undoes_every_step_is_reported(
    cluster: FakeApiServer, rotation: Rotation
) -> None:
    empty = cluster.objects[SECRET]

    def undo(method: str, path: str) -> None:
        if method == "GET" and path == SECRET:
            cluster.put(SECRET, empty)

    cluster.before_request = undo
    with pytest.raises(CertificateError, match="do not converge"):
        rotation.converge()


def test_keys_are_in_no_representation(cluster: FakeApiServer, rotation: Rotation) -> None:
    rotation.converge()
    assert "PRIVATE" not in repr(decode_secret(cluster.objects[SECRET]))
