"""A rotation never leaves an API server with a certificate it cannot verify."""

import itertools
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.certificates.rotation.plan import (
    BACKDATE,
    CA_LIFETIME,
    OVERLAP,
    SERVER_CERT_LIFETIME,
    CertificateInfo,
    RotationState,
    RotationStep,
    is_due,
    next_step,
    renewal_time,
)

START = datetime(2030, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def certificate_info(
    name: str, minted: datetime = START, lifetime: timedelta = SERVER_CERT_LIFETIME
) -> CertificateInfo:
    return CertificateInfo(name, minted - BACKDATE, minted + lifetime)


def ca_info(name: str, minted: datetime = START) -> CertificateInfo:
    return certificate_info(name, minted, CA_LIFETIME)


CONVERGED = RotationState((ca_info("a"),), {"a": START}, certificate_info("s"), "a")


def test_a_certificate_is_renewed_after_two_thirds_of_its_life() -> None:
    ninety = CertificateInfo("x", START, START + 90 * DAY)
    assert renewal_time(ninety) == START + 60 * DAY
    assert not is_due(ninety, START + 60 * DAY - HOUR)
    assert is_due(ninety, START + 60 * DAY)


def test_deciding_and_reading_files_do_not_load_cryptography() -> None:
    """It would cost every command 46 ms."""
    code = (
        "import sys, webhook.certificates.files, webhook.certificates.rotation.plan;"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        pytest.param(RotationState(), START, RotationStep("issue-ca"), id="nothing-is-there"),
        pytest.param(
            RotationState((ca_info("a"),)),
            START,
            RotationStep("publish-ca"),
            id="an-authority-is-published-first",
        ),
        pytest.param(
            RotationState((ca_info("a"),), {"a": START}),
            START,
            RotationStep("issue-server-cert", "a"),
            id="a-first-server-does-not-wait",
        ),
        pytest.param(CONVERGED, START + 100 * DAY, None, id="all-is-well"),
        pytest.param(
            CONVERGED,
            START + 300 * DAY,
            RotationStep("issue-server-cert", "a"),
            id="a-server-grows-old",
        ),
        pytest.param(
            replace(CONVERGED, has_all_names=False),
            START + DAY,
            RotationStep("issue-server-cert", "a"),
            id="a-name-is-missing",
        ),
        pytest.param(
            replace(CONVERGED, issuer="unknown"),
            START + DAY,
            RotationStep("issue-server-cert", "a"),
            id="nobody-knows-who-signed",
        ),
        pytest.param(
            replace(CONVERGED, server_cert=certificate_info("s", START + 2500 * DAY)),
            START + 2500 * DAY,
            RotationStep("issue-ca"),
            id="an-authority-grows-old",
        ),
        pytest.param(
            replace(CONVERGED, cas=(ca_info("a"), ca_info("b", START + DAY))),
            START + DAY,
            RotationStep("publish-ca"),
            id="a-new-authority-is-published",
        ),
        pytest.param(
            replace(CONVERGED, published_at={"a": START, "stranger": START}),
            START + DAY,
            RotationStep("publish-ca"),
            id="a-stranger-in-the-bundle-goes",
        ),
        pytest.param(
            RotationState(
                (ca_info("a"), ca_info("b", START + DAY)),
                {"a": START, "b": START + DAY},
                certificate_info("s"),
                "a",
            ),
            START + DAY + OVERLAP - timedelta(seconds=1),
            None,
            id="a-new-authority-waits-for-the-last-api-server",
        ),
        pytest.param(
            RotationState(
                (ca_info("a"), ca_info("b", START + DAY)),
                {"a": START, "b": START + DAY},
                certificate_info("s"),
                "a",
            ),
            START + DAY + OVERLAP,
            RotationStep("issue-server-cert", "b"),
            id="then-it-signs",
        ),
        pytest.param(
            RotationState(
                (ca_info("a"), ca_info("b", START + DAY)),
                {"a": START, "b": START + DAY},
                certificate_info("s", START + 2 * DAY),
                "b",
            ),
            START + 2 * DAY + OVERLAP - timedelta(seconds=1),
            None,
            id="an-old-authority-waits-for-the-last-replica",
        ),
        pytest.param(
            RotationState(
                (ca_info("a"), ca_info("b", START + DAY)),
                {"a": START, "b": START + DAY},
                certificate_info("s", START + 2 * DAY),
                "b",
            ),
            START + 2 * DAY + OVERLAP,
            RotationStep("remove-ca", "a"),
            id="then-it-goes",
        ),
        pytest.param(
            CONVERGED,
            START + CA_LIFETIME,
            RotationStep("remove-ca", "a"),
            id="an-expired-authority-goes-at-once",
        ),
    ],
)
def test_the_next_step(state: RotationState, now: datetime, expected: RotationStep | None) -> None:
    assert next_step(state, now) == expected


@dataclass
class SimulatedCluster:
    """A cluster in which an observer may see a change at once, or as late as `lag`.

    bundles  what was published: (since, CAs)
    servers  what was served: (since, certificate, the CA that signed it)
    """

    propagation_delay: timedelta
    state: RotationState = field(default_factory=RotationState)
    bundles: list[tuple[datetime, frozenset[CertificateInfo]]] = field(default_factory=list)
    servers: list[tuple[datetime, CertificateInfo, CertificateInfo]] = field(default_factory=list)
    serial: "itertools.count[int]" = field(default_factory=itertools.count)
    steps: list[str] = field(default_factory=list)

    def converge(self, now: datetime) -> None:
        """Do what there is to do, as a controller does when it wakes up."""
        for _ in range(20):
            step = next_step(self.state, now)
            if step is None:
                return
            self.steps.append(step.action)
            self.state = self.apply_step(step, now)
        raise AssertionError("the rotation does not come to rest")

    def apply_step(self, step: RotationStep, now: datetime) -> RotationState:
        state = self.state
        if step.action == "issue-ca":
            new = ca_info(f"ca-{next(self.serial)}", now)
            return replace(state, cas=(*state.cas, new))
        if step.action == "publish-ca":
            self.bundles.append((now, frozenset(state.cas)))
            names = [a.fingerprint for a in state.cas]
            return replace(state, published_at={n: state.published_at.get(n, now) for n in names})
        if step.action == "remove-ca":
            kept = tuple(a for a in state.cas if a.fingerprint != step.ca_fingerprint)
            return replace(state, cas=kept)
        signer = next(a for a in state.cas if a.fingerprint == step.ca_fingerprint)
        new = certificate_info(f"server-{next(self.serial)}", now)
        new = replace(new, not_after=min(new.not_after, signer.not_after))
        self.servers.append((now, new, signer))
        return replace(state, server_cert=new, issuer=signer.fingerprint)

    def check(self, now: datetime) -> None:
        """Whatever any API server trusts, it believes whatever any replica serves."""
        bundles = seen(self.bundles, now, self.propagation_delay)
        servers = seen(self.servers, now, self.propagation_delay)
        for (_, bundle), (_, server, signer) in itertools.product(bundles, servers):
            assert server.not_before <= now < server.not_after
            assert signer in bundle
            assert signer.not_before <= now < signer.not_after


C = TypeVar("C", bound=tuple[Any, ...])


def seen(changes: list[C], now: datetime, lag: timedelta) -> list[C]:
    """Return the changes somebody may act on: the last one, and those replaced of late."""
    following = [change[0] for change in changes[1:]]
    return [
        change
        for change, replaced in itertools.zip_longest(changes, following)
        if replaced is None or replaced + lag > now
    ]


def live(naps: Iterable[timedelta], lag: timedelta) -> SimulatedCluster:
    """Let a controller sleep and wake; look before, at and shortly after each of its acts."""
    cluster, now = SimulatedCluster(lag), START
    cluster.converge(now)
    # The first certificate is made before anybody calls; from here on everybody always calls.
    now += lag
    for nap in naps:
        for moment in (now, now + lag / 2, now + nap):
            cluster.check(moment)
        now += nap
        cluster.converge(now)
        cluster.check(now)
    return cluster


def test_forty_years_of_daily_visits_lose_no_call() -> None:
    cluster = live([DAY] * 365 * 40, lag=OVERLAP)
    steps = [step for step, _ in itertools.groupby(cluster.steps)]
    assert steps[:3] == ["issue-ca", "publish-ca", "issue-server-cert"]
    # Ten years of life, renewed after two thirds: a new CA on every 2434th visit.
    assert cluster.steps.count("issue-ca") == 1 + 40 * 365 // 2434
    assert len(cluster.state.cas) == 1


def test_a_rotation_goes_in_its_order() -> None:
    cluster = live([HOUR] * 24 * 2500, lag=OVERLAP)
    # Runs of one step are one: the old CA renews its server certificate while the new one waits.
    steps = [step for step, _ in itertools.groupby(cluster.steps)]
    begin = steps.index("issue-ca", 1)
    assert steps[begin : begin + 5] == [
        "issue-ca",
        "publish-ca",
        "issue-server-cert",
        "remove-ca",
        "publish-ca",
    ]


@settings(deadline=None, max_examples=50)
@given(
    # Four months is what SERVER_LIFETIME leaves between renewal and expiry.
    naps=st.lists(st.timedeltas(timedelta(minutes=1), 120 * DAY), min_size=150, max_size=200),
    lag=st.timedeltas(timedelta(0), OVERLAP),
)
def test_no_rhythm_of_visits_loses_a_call(naps: list[timedelta], lag: timedelta) -> None:
    live(naps, lag)


def test_the_model_notices_a_rotation_without_overlap() -> None:
    """The simulation can fail: it does when news takes longer than the overlap."""
    with pytest.raises(AssertionError):
        live([HOUR] * 24 * 2500, lag=3 * OVERLAP)
