"""Which connection gives way to a newcomer, and which body to other bodies."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from webhook.runtime.connection_pool import ConnectionPool, by_occupancy, choose_victim
from webhook.runtime.limits import Limits

LIMITS = Limits(
    max_connections=4,
    reserved_connections=2,
    min_idle_before_eviction=1.0,
    max_body_bytes_in_flight=100,
)


@dataclass(eq=False)
class FakeConnection:
    """A used connection, idle for 10 s (the clock reads 100), of an API server."""

    name: str = ""
    address: str = "api"
    is_used: bool = True
    in_flight: bool = False
    idle_since: float = 90.0
    request_since: float = 0.0
    held_bytes: int = 0
    unread: bool = False
    ended: list[str] = field(default_factory=list)
    pool: ConnectionPool | None = None

    def has_unread_bytes(self) -> bool:
        return self.unread

    def give_way(self, reason: str) -> None:
        self.ended.append(reason)
        if self.pool is not None:
            self.pool.remove(self)

    def release_bytes(self) -> None:
        self.ended.append("429")
        assert self.pool is not None
        self.pool.hold(self, 0)

    def shutdown(self) -> None: ...
    def abort(self) -> None: ...


class FakeLoop:
    def time(self) -> float:
        return 100.0


def victim(*connections: FakeConnection) -> str | None:
    found: Any = choose_victim(connections, 100.0, 1.0)
    return found.name if found else None


def test_a_connection_that_never_carried_a_request_goes_first_the_oldest_of_them() -> None:
    assert (
        victim(
            FakeConnection("used", idle_since=1.0),
            FakeConnection("young", is_used=False, idle_since=60.0),
            FakeConnection("old", is_used=False, idle_since=50.0),
        )
        == "old"
    )


def test_then_one_of_the_address_that_holds_most_the_longest_idle() -> None:
    assert (
        victim(
            FakeConnection("api", idle_since=1.0),
            FakeConnection("x1", address="x", idle_since=80.0),
            FakeConnection("x2", address="x", idle_since=70.0),
        )
        == "x2"
    )


def test_none_in_the_middle_of_a_request_goes() -> None:
    assert victim(FakeConnection(in_flight=True), FakeConnection(in_flight=True)) is None
    assert victim(FakeConnection(is_used=False, in_flight=True)) is None


def test_none_that_was_idle_for_a_moment_only_goes() -> None:
    assert victim(FakeConnection(idle_since=99.5)) is None
    assert victim(FakeConnection(is_used=False, idle_since=99.5)) is None


def test_none_whose_next_request_has_reached_the_kernel_goes() -> None:
    assert victim(FakeConnection(unread=True), FakeConnection("other")) == "other"
    assert victim(FakeConnection(is_used=False, unread=True)) is None


@pytest.fixture
def pool() -> ConnectionPool:
    return ConnectionPool(cast("Any", FakeLoop()), LIMITS, lambda _: None)


def fill(pool: ConnectionPool, *connections: FakeConnection) -> list[list[str]]:
    """Add connections; return what became of each."""
    for connection in connections:
        connection.pool = pool
        pool.add(connection)
    return [connection.ended for connection in connections]


def test_an_address_may_hold_all_connections(pool: ConnectionPool) -> None:
    assert fill(pool, *[FakeConnection() for _ in range(4)]) == [[]] * 4
    assert not pool.closes_after_answer


def test_a_newcomer_takes_the_place_of_an_idle_one(pool: ConnectionPool) -> None:
    one_request_each = [FakeConnection(address="x", idle_since=50.0 + n) for n in range(4)]
    newcomer = FakeConnection(is_used=False, idle_since=100.0)
    assert fill(pool, *one_request_each, newcomer) == [["connection_limit"], [], [], [], []]


def test_while_none_can_be_spared_newcomers_have_a_reserve(pool: ConnectionPool) -> None:
    busy = [FakeConnection(address="x", idle_since=99.9) for _ in range(4)]
    newcomers = [FakeConnection(is_used=False, idle_since=100.0) for _ in range(2)]
    assert fill(pool, *busy, *newcomers) == [[]] * 6
    assert pool.closes_after_answer  # announced, so that it loses no request


def test_beyond_the_reserve_a_short_idle_one_of_the_largest_address_goes(
    pool: ConnectionPool,
) -> None:
    busy = [FakeConnection(address="x", idle_since=99.9 - n / 100) for n in range(5)]
    probe = FakeConnection(idle_since=99.0, in_flight=True)
    newcomer = FakeConnection(is_used=False, idle_since=100.0)
    ends = fill(pool, *busy, probe, newcomer)
    assert ends == [[], [], [], [], ["connection_limit"], [], []]


def test_if_all_are_in_the_middle_of_a_request_the_slowest_goes_and_no_quick_one(
    pool: ConnectionPool,
) -> None:
    slow = [FakeConnection(address="x", in_flight=True, request_since=90.0 - n) for n in range(5)]
    quick = FakeConnection(in_flight=True, request_since=99.9)
    newcomer = FakeConnection(is_used=False, idle_since=100.0)
    assert fill(pool, *slow, quick, newcomer) == [[], [], [], [], ["connection_limit"], [], []]


def test_if_all_requests_are_quick_the_newcomer_goes(pool: ConnectionPool) -> None:
    quick = [FakeConnection(in_flight=True, request_since=99.9) for _ in range(6)]
    newcomer = FakeConnection(is_used=False, idle_since=100.0)
    assert fill(pool, *quick, newcomer) == [[]] * 6 + [["connection_limit"]]


def test_the_body_that_took_most_for_longest_gives_way(pool: ConnectionPool) -> None:
    hoarder = FakeConnection("hoarder", request_since=95.0)
    small = FakeConnection("small", request_since=95.0)
    quick = FakeConnection("quick", request_since=99.99)
    fill(pool, hoarder, small, quick)
    pool.hold(hoarder, 50)
    pool.hold(small, 2)
    pool.hold(quick, 60)
    assert (hoarder.ended, small.ended, quick.ended) == (["429"], [], [])
    assert pool.held_bytes == 62


def test_many_small_slow_bodies_give_way_to_a_large_quick_one() -> None:
    pool = ConnectionPool(
        cast("Any", FakeLoop()), Limits(max_body_bytes_in_flight=100), lambda _: None
    )
    slow = [FakeConnection(request_since=95.0) for _ in range(10)]
    quick = FakeConnection(request_since=99.99)
    fill(pool, *slow, quick)
    for connection in slow:
        pool.hold(connection, 9)
    pool.hold(quick, 90)
    assert quick.ended == []
    assert pool.held_bytes <= 100


def test_of_bodies_of_one_moment_the_largest_gives_way() -> None:
    bodies = [FakeConnection(str(n), held_bytes=n, request_since=100.0) for n in range(4)]
    found: Any = by_occupancy(bodies, 100.0)
    assert [connection.name for connection in found] == ["3", "2", "1"]


def test_a_connection_that_is_over_holds_nothing(pool: ConnectionPool) -> None:
    leaver = FakeConnection()
    fill(pool, leaver)
    pool.hold(leaver, 50)
    pool.remove(leaver)
    assert (pool.held_bytes, pool.connections) == (0, set())
