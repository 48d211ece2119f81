"""Who waits is answered in turn: evaluated together, then written together."""

from collections import deque
from collections.abc import Callable
from typing import Any, cast

import pytest

from webhook.runtime import request_batch
from webhook.runtime.http_message import HttpRequest, HttpResponse

LARGE = 16 << 20


class FakeLoop:
    """Keeps what was to be called soon."""

    def __init__(self) -> None:
        self.scheduled: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.scheduled.append(callback)

    def run_turn(self) -> None:
        called, self.scheduled = self.scheduled, []
        for callback in called:
            callback()


class FakeConnection:
    """Notes in which order things happen; evaluating one request takes 1.5 ms."""

    def __init__(self, name: str, harness: "Harness", *bodies: bytes) -> None:
        self.requests = deque(HttpRequest(body=body) for body in bodies)
        self.is_queued = False
        self._name, self._harness = name, harness

    def take_request(self) -> HttpRequest | None:
        request = self.requests.popleft()
        return None if self._name == "gone" else request

    def handler(self, _request: HttpRequest) -> HttpResponse:
        self._harness.events.append(f"evaluate {self._name}")
        self._harness.clock += 0.0015
        return HttpResponse(200, [], b"")

    def write_response(self, request: HttpRequest, response: HttpResponse) -> bool:
        if self._name == "mute":
            raise ZeroDivisionError
        self._harness.events.append(f"write {self._name}")
        return bool(self.requests) and self._name != "paused"

    def abort_after_error(self) -> None:
        self._harness.events.append(f"abort {self._name}")


class Harness:
    """A batch with a loop and a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.events = 0.0, list[str]()
        monkeypatch.setattr(request_batch, "monotonic", lambda: self.clock)
        self.loop = FakeLoop()
        self.batch = request_batch.RequestBatch(cast("Any", self.loop))

    def add(self, name: str, *bodies: bytes) -> FakeConnection:
        connection = FakeConnection(name, self, *(bodies or (b"",)))
        self.batch.add(connection)
        return connection

    def run_turn(self) -> list[str]:
        """Run one turn of the loop; return what happened."""
        self.events.clear()
        self.loop.run_turn()
        return list(self.events)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    return Harness(monkeypatch)


def test_what_arrives_in_one_turn_is_evaluated_then_written(harness: Harness) -> None:
    for name in ("gone", "a"):
        harness.add(name)
    assert harness.run_turn() == ["evaluate a", "write a"]


def test_an_answer_does_not_wait_for_many_others(harness: Harness) -> None:
    for name in ("a", "b", "c"):
        harness.add(name)
    assert harness.run_turn() == ["evaluate a", "evaluate b", "write a", "write b"]
    assert harness.run_turn() == ["evaluate c", "write c"]
    assert harness.run_turn() == []


def test_too_much_at_once_is_answered_before_the_turn_ends(harness: Harness) -> None:
    harness.add("a", bytes(LARGE - 1000))
    harness.batch.flush_if_full()
    assert harness.events == []
    harness.add("b", bytes(1000))
    harness.batch.flush_if_full()
    assert harness.events == ["evaluate b", "evaluate a", "write b", "write a"]
    assert harness.run_turn() == []


def test_who_sends_much_waits_for_who_sends_little_and_came_later(harness: Harness) -> None:
    for number in range(4):
        harness.add(f"large {number}", bytes(40_000))
    assert harness.run_turn()[0] == "evaluate large 0"
    harness.add("small", bytes(2000))
    assert harness.run_turn()[0] == "evaluate small"


def test_who_sends_much_waits_no_longer_than_a_while(harness: Harness) -> None:
    harness.add("large", bytes(3 << 20))
    harness.clock += 1.5
    harness.add("small", bytes(2000))
    assert harness.run_turn()[0] == "evaluate large"


def test_many_requests_of_one_connection_take_turns_with_one_of_another(harness: Harness) -> None:
    harness.add("many", *[b""] * 100)
    harness.add("one")
    assert harness.run_turn() == ["evaluate many", "evaluate one", "write many", "write one"]
    assert harness.run_turn() == ["evaluate many", "write many"]


def test_a_connection_whose_peer_does_not_read_waits(harness: Harness) -> None:
    connection = harness.add("paused", b"", b"")
    assert harness.run_turn() == ["evaluate paused", "write paused"]
    assert harness.run_turn() == []
    harness.batch.add(connection)
    assert harness.run_turn() == ["evaluate paused", "write paused"]


def test_a_connection_added_twice_has_one_turn(harness: Harness) -> None:
    harness.batch.add(harness.add("a"))
    assert harness.run_turn() == ["evaluate a", "write a"]


def test_an_answer_that_cannot_be_written_stops_no_other(harness: Harness) -> None:
    for name in ("mute", "a"):
        harness.add(name)
    assert harness.run_turn() == ["evaluate mute", "evaluate a", "abort mute", "write a"]


def test_what_follows_answers_follows_all_of_them_and_a_fault_there_stops_no_other(
    harness: Harness,
) -> None:
    class Recording(FakeConnection):
        def handler(self, _request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, [], b"", self._note)

        def _note(self) -> None:
            if self._name == "faulty":
                raise ZeroDivisionError
            self._harness.events.append(f"sent {self._name}")

    for name in ("faulty", "mute", "a"):
        harness.batch.add(Recording(name, harness, b""))
    assert harness.run_turn() == ["write faulty", "abort mute", "write a", "sent a"]


def test_what_is_answered_early_adds_no_turns(harness: Harness) -> None:
    large = b"x" * LARGE
    for name in ("a", "b", "c", "d"):
        harness.add(name, large, b"", b"", b"")
        harness.batch.flush_if_full()
    assert harness.events
    while harness.loop.scheduled:
        assert len(harness.loop.scheduled) == 1
        harness.loop.run_turn()
    assert len([event for event in harness.events if event.startswith("write")]) == 16
