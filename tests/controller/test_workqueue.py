"""What is looked at when, on a clock that only the test moves."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from tests.controller.fakes import Clock
from webhook.controller.workqueue import MAX_BACKOFF_SECONDS, RateLimiter, WorkQueue


def queue():
    clock = Clock()
    return WorkQueue[str](clock=clock, jitter=lambda: 0.0), clock


def get_from_thread(found):
    """Return every key that is due now, each said to be done at once."""
    keys = []
    while found.depth():
        keys.append(found.get())
        found.done(keys[-1])
    return keys


def test_a_key_that_is_added_twice_is_taken_once():
    found, _ = queue()
    found.add_after("a")
    found.add_after("b")
    found.add_after("a")
    assert get_from_thread(found) == ["a", "b"]


def test_a_key_comes_when_its_delay_is_over():
    found, clock = queue()
    found.add_after("a", 5.0)
    assert get_from_thread(found) == []
    clock.now += 5.0
    assert get_from_thread(found) == ["a"]


def test_the_earlier_of_two_times_counts():
    found, clock = queue()
    found.add_after("a", 5.0)
    found.add_after("a", 1.0)
    found.add_after("a", 9.0)
    clock.now += 1.0
    assert get_from_thread(found) == ["a"]
    clock.now += 9.0
    assert get_from_thread(found) == []


def test_a_key_in_work_waits_until_that_is_done():
    found, _ = queue()
    found.add_after("a")
    assert found.get() == "a"
    found.add_after("a")
    assert found.depth() == 0
    found.done("a")
    assert get_from_thread(found) == ["a"]


def test_back_off_doubles_to_five_minutes_and_starts_again_after_success():
    found, _ = queue()
    assert [found.add_rate_limited("a") for _ in range(12)] == [
        *(0.5 * 2**n for n in range(10)),
        MAX_BACKOFF_SECONDS,
        MAX_BACKOFF_SECONDS,
    ]
    found.forget("a")
    assert found.add_rate_limited("a") == 0.5


def test_back_off_is_each_key_s_own_and_at_least_what_the_server_asks_for():
    found, _ = queue()
    found.add_rate_limited("a")
    assert found.add_rate_limited("b") == 0.5
    assert found.add_rate_limited("a", min_delay=30.0) == 30.0


@given(st.floats(0.0, 1.0))
def test_jitter_takes_at_most_half(share):
    found = WorkQueue[str](clock=Clock(), jitter=lambda: share)
    assert 0.25 <= found.add_rate_limited("a") <= 0.5


def test_closing_ends_whoever_waits():
    found = WorkQueue[str]()
    ended = threading.Thread(target=found.get)
    ended.start()
    found.shut_down()
    ended.join(10.0)
    assert not ended.is_alive()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=30))
def test_every_key_that_was_added_is_taken_and_none_twice_at_once(added):
    found, clock = queue()
    for key, delay in added:
        found.add_after(key, delay)
    clock.now += 3.0
    assert sorted(get_from_thread(found)) == sorted({key for key, _ in added})
    assert len(found) == 0


def test_requests_beyond_the_burst_are_spread():
    clock = Clock()
    slept: list[float] = []
    pace = RateLimiter(10.0, 2.0, clock=clock, sleep=slept.append)
    for _ in range(4):
        pace.wait()
    assert [round(seconds, 6) for seconds in slept] == [0.1, 0.2]
    clock.now += 1.0
    pace.wait()
    assert len(slept) == 2
