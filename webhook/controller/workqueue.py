"""The keys to reconcile, each once, and when.

A key is queued, in progress, or neither; if it is added while in progress, it is queued again when
done. So two workers never reconcile the same object. Backoff is per key: an object that always
fails is retried with increasing delays, and does not delay others.
"""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from webhook.kube.backoff import Backoff

K = TypeVar("K", bound=Hashable)

BACKOFF_BASE_SECONDS = 0.5
"""Seconds until the first retry: most conflicts are over by then."""

MAX_BACKOFF_SECONDS = 300.0
"""Seconds between retries at most: a quota that was raised is found within five minutes."""


class WorkQueue(Generic[K]):
    """Threads `take` keys and say `done`; anybody may `add`."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, K]] = []
        self._sequence = itertools.count()
        self._due_at: dict[K, float] = {}
        self._processing: set[K] = set()
        self._backoffs: dict[K, Backoff] = {}
        self._shut_down = False

    def __len__(self) -> int:
        """Return how many keys are due now or later, without those in work."""
        return len(self._due_at)

    def depth(self) -> int:
        """Return how many keys are due and not in work."""
        now = self._clock()
        with self._changed:
            return sum(
                due <= now for key, due in self._due_at.items() if key not in self._processing
            )

    def add_after(self, key: K, delay: float = 0.0) -> None:
        """Queue a key in `delay` seconds, or sooner if it is already due sooner."""
        due = self._clock() + delay
        with self._changed:
            if self._due_at.get(key, due + 1.0) <= due:
                return
            self._due_at[key] = due
            if key not in self._processing:
                self._push(key, due)

    def add_rate_limited(self, key: K, min_delay: float = 0.0) -> float:
        """Queue a key after its backoff; return the seconds."""
        with self._changed:
            backoff = self._backoffs.get(key)
            if backoff is None:
                backoff = Backoff(BACKOFF_BASE_SECONDS, MAX_BACKOFF_SECONDS, self._jitter)
                self._backoffs[key] = backoff
            delay = max(backoff.next_delay(), min_delay)
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """Reset the backoff of a key: it succeeded, or is deleted."""
        with self._changed:
            self._backoffs.pop(key, None)

    def get(self) -> K | None:
        """Wait for a key that is due; None: the queue is closed. Call `done` afterwards."""
        with self._changed:
            while not self._shut_down:
                wait = self._seconds_until_due()
                if wait is None or wait > 0.0:
                    self._changed.wait(wait)
                    continue
                _, _, key = heapq.heappop(self._heap)
                del self._due_at[key]
                self._processing.add(key)
                return key
            return None

    def done(self, key: K) -> None:
        """Say that the work on a key is over."""
        with self._changed:
            self._processing.discard(key)
            due = self._due_at.get(key)
            if due is not None:
                self._push(key, due)

    def shut_down(self) -> None:
        """Have every `take` return None."""
        with self._changed:
            self._shut_down = True
            self._changed.notify_all()

    def _push(self, key: K, due: float) -> None:
        heapq.heappush(self._heap, (due, next(self._sequence), key))
        self._changed.notify()

    def _seconds_until_due(self) -> float | None:
        """Return the seconds until the first key is due; None: there is none."""
        while self._heap:
            due, _, key = self._heap[0]
            if self._due_at.get(key) == due and key not in self._processing:
                return due - self._clock()
            heapq.heappop(self._heap)  # it was moved to an earlier time, or is taken
        return None


class RateLimiter:
    """Rate limit of requests, over all workers."""

    def __init__(
        self,
        qps: float,
        burst: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._qps = qps
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = burst
        self._updated_at = clock()

    def wait(self) -> None:
        """Return when the next request may be sent."""
        with self._lock:
            now = self._clock()
            self._tokens = (
                min(self._burst, self._tokens + (now - self._updated_at) * self._qps) - 1.0
            )
            self._updated_at = now
            delay = -self._tokens / self._qps
        if delay > 0.0:
            self._sleep(delay)
