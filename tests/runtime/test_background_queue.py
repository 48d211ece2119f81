"""Work that is done later, by one thread, and bounded."""

import threading

from webhook.runtime.background_queue import BackgroundQueue


def test_all_that_waits_is_done_in_order_before_the_end():
    done: list[int] = []
    with BackgroundQueue("test", done.append, max_pending=10, flush_timeout=30.0) as pending:
        assert all(pending.add(number) for number in range(10))
    assert done == list(range(10))


def test_what_exceeds_the_bound_is_refused_and_nobody_waits():
    released, done = threading.Event(), []

    def work(number):
        released.wait(30.0)
        done.append(number)

    pending = BackgroundQueue("test", work, max_pending=2, flush_timeout=30.0)
    assert [pending.add(number) for number in range(3)] == [True, True, False]
    with pending:
        released.set()
    assert done == [0, 1]
    assert pending.is_empty()


def test_work_that_hangs_does_not_hold_up_the_end():
    released = threading.Event()

    def hang(seconds: float) -> None:
        released.wait(seconds)

    with BackgroundQueue("test", hang, max_pending=1, flush_timeout=0.01) as pending:
        pending.add(30.0)
    assert not released.is_set()
    released.set()
