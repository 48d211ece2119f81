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

from webhook.certificates.renewal import (
    AUTHORITY_LIFETIME,
    BACKDATE,
    OVERLAP,
    SERVER_LIFETIME,
    Issued,
    State,
    Step,
    due,
    next_step,
    renew_at,
)

START = datetime(2030, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def issued(name: str, minted: datetime = START, lifetime: timedelta = SERVER_LIFETIME) -> Issued:
    return Issued(name, minted - BACKDATE, minted + lifetime)


def authority(name: str, minted: datetime = START) -> Issued:
    return issued(name, minted, AUTHORITY_LIFETIME)


SETTLED = State((authority("a"),), {"a": START}, issued("s"), "a")


def test_a_certificate_is_renewed_after_two_thirds_of_its_life() -> None:
    ninety = Issued("x", START, START + 90 * DAY)
    assert renew_at(ninety) == START + 60 * DAY
    assert not due(ninety, START + 60 * DAY - HOUR)
    assert due(ninety, START + 60 * DAY)


def test_deciding_and_reading_files_do_not_load_cryptography() -> None:
    """It would cost every command 46 ms."""
    code = (
        "import sys, webhook.certificates.files, webhook.certificates.renewal;"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        pytest.param(State(), START, Step("mint-authority"), id="nothing-is-there"),
        pytest.param(
            State((authority("a"),)), START, Step("publish"), id="an-authority-is-published-first"
        ),
        pytest.param(
            State((authority("a"),), {"a": START}),
            START,
            Step("mint-server", "a"),
            id="a-first-server-does-not-wait",
        ),
        pytest.param(SETTLED, START + 100 * DAY, None, id="all-is-well"),
        pytest.param(SETTLED, START + 300 * DAY, Step("mint-server", "a"), id="a-server-grows-old"),
        pytest.param(
            replace(SETTLED, names_fit=False),
            START + DAY,
            Step("mint-server", "a"),
            id="a-name-is-missing",
        ),
        pytest.param(
            replace(SETTLED, issuer="unknown"),
            START + DAY,
            Step("mint-server", "a"),
            id="nobody-knows-who-signed",
        ),
        pytest.param(
            replace(SETTLED, server=issued("s", START + 2500 * DAY)),
            START + 2500 * DAY,
            Step("mint-authority"),
            id="an-authority-grows-old",
        ),
        pytest.param(
            replace(SETTLED, authorities=(authority("a"), authority("b", START + DAY))),
            START + DAY,
            Step("publish"),
            id="a-new-authority-is-published",
        ),
        pytest.param(
            replace(SETTLED, published={"a": START, "stranger": START}),
            START + DAY,
            Step("publish"),
            id="a-stranger-in-the-bundle-goes",
        ),
        pytest.param(
            State(
                (authority("a"), authority("b", START + DAY)),
                {"a": START, "b": START + DAY},
                issued("s"),
                "a",
            ),
            START + DAY + OVERLAP - timedelta(seconds=1),
            None,
            id="a-new-authority-waits-for-the-last-api-server",
        ),
        pytest.param(
            State(
                (authority("a"), authority("b", START + DAY)),
                {"a": START, "b": START + DAY},
                issued("s"),
                "a",
            ),
            START + DAY + OVERLAP,
            Step("mint-server", "b"),
            id="then-it-signs",
        ),
        pytest.param(
            State(
                (authority("a"), authority("b", START + DAY)),
                {"a": START, "b": START + DAY},
                issued("s", START + 2 * DAY),
                "b",
            ),
            START + 2 * DAY + OVERLAP - timedelta(seconds=1),
            None,
            id="an-old-authority-waits-for-the-last-replica",
        ),
        pytest.param(
            State(
                (authority("a"), authority("b", START + DAY)),
                {"a": START, "b": START + DAY},
                issued("s", START + 2 * DAY),
                "b",
            ),
            START + 2 * DAY + OVERLAP,
            Step("drop-authority", "a"),
            id="then-it-goes",
        ),
        pytest.param(
            SETTLED,
            START + AUTHORITY_LIFETIME,
            Step("drop-authority", "a"),
            id="an-expired-authority-goes-at-once",
        ),
    ],
)
def test_the_next_step(state: State, now: datetime, expected: Step | None) -> None:
    assert next_step(state, now) == expected


@dataclass
class Cluster:
    """A cluster in which an observer may see a change at once, or as late as `lag`.

    bundles  what was published: (since, CAs)
    servers  what was served: (since, certificate, the CA that signed it)
    """

    lag: timedelta
    state: State = field(default_factory=State)
    bundles: list[tuple[datetime, frozenset[Issued]]] = field(default_factory=list)
    servers: list[tuple[datetime, Issued, Issued]] = field(default_factory=list)
    serial: "itertools.count[int]" = field(default_factory=itertools.count)
    steps: list[str] = field(default_factory=list)

    def settle(self, now: datetime) -> None:
        """Do what there is to do, as a controller does when it wakes up."""
        for _ in range(20):
            step = next_step(self.state, now)
            if step is None:
                return
            self.steps.append(step.action)
            self.state = self.do(step, now)
        raise AssertionError("the rotation does not come to rest")

    def do(self, step: Step, now: datetime) -> State:
        state = self.state
        if step.action == "mint-authority":
            new = authority(f"ca-{next(self.serial)}", now)
            return replace(state, authorities=(*state.authorities, new))
        if step.action == "publish":
            self.bundles.append((now, frozenset(state.authorities)))
            names = [a.fingerprint for a in state.authorities]
            return replace(state, published={n: state.published.get(n, now) for n in names})
        if step.action == "drop-authority":
            kept = tuple(a for a in state.authorities if a.fingerprint != step.authority)
            return replace(state, authorities=kept)
        signer = next(a for a in state.authorities if a.fingerprint == step.authority)
        new = issued(f"server-{next(self.serial)}", now)
        new = replace(new, not_after=min(new.not_after, signer.not_after))
        self.servers.append((now, new, signer))
        return replace(state, server=new, issuer=signer.fingerprint)

    def check(self, now: datetime) -> None:
        """Whatever any API server trusts, it believes whatever any replica serves."""
        bundles = seen(self.bundles, now, self.lag)
        servers = seen(self.servers, now, self.lag)
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


def live(naps: Iterable[timedelta], lag: timedelta) -> Cluster:
    """Let a controller sleep and wake; look before, at and shortly after each of its acts."""
    cluster, now = Cluster(lag), START
    cluster.settle(now)
    # The first certificate is made before anybody calls; from here on everybody always calls.
    now += lag
    for nap in naps:
        for moment in (now, now + lag / 2, now + nap):
            cluster.check(moment)
        now += nap
        cluster.settle(now)
        cluster.check(now)
    return cluster


def test_forty_years_of_daily_visits_lose_no_call() -> None:
    cluster = live([DAY] * 365 * 40, lag=OVERLAP)
    steps = [step for step, _ in itertools.groupby(cluster.steps)]
    assert steps[:3] == ["mint-authority", "publish", "mint-server"]
    # Ten years of life, renewed after two thirds: a new CA on every 2434th visit.
    assert cluster.steps.count("mint-authority") == 1 + 40 * 365 // 2434
    assert len(cluster.state.authorities) == 1


def test_a_rotation_goes_in_its_order() -> None:
    cluster = live([HOUR] * 24 * 2500, lag=OVERLAP)
    # Runs of one step are one: the old CA renews its server certificate while the new one waits.
    steps = [step for step, _ in itertools.groupby(cluster.steps)]
    begin = steps.index("mint-authority", 1)
    assert steps[begin : begin + 5] == [
        "mint-authority",
        "publish",
        "mint-server",
        "drop-authority",
        "publish",
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
