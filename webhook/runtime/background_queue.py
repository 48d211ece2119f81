"""Work that a thread does after an answer was made, and that is allowed to be lost.

Not here: the log (`log`), which is bounded in bytes and writes many lines at once.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class BackgroundQueue(Generic[T]):
    """Hands each item to `work`, one after the other. Its own context manager.

    work           must not raise: it would end the thread
    max_pending    maximum waiting items; adding never blocks
    flush_timeout  seconds to wait for the rest at shutdown: hanging work must not block the
                   process
    """

    def __init__(
        self, name: str, work: Callable[[T], None], *, max_pending: int, flush_timeout: float
    ) -> None:
        self._work = work
        self._flush_timeout = flush_timeout
        self._pending: queue.Queue[T | None] = queue.Queue(max_pending)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        deadline = time.monotonic() + self._flush_timeout
        try:
            self._pending.put(None, timeout=self._flush_timeout)
        except queue.Full:
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def add(self, item: T) -> bool:
        """Have an item worked on; return False if too many wait."""
        try:
            self._pending.put_nowait(item)
        except queue.Full:
            return False
        return True

    def is_empty(self) -> bool:
        """Return whether nothing waits; one item may be in work."""
        return self._pending.empty()

    def _run(self) -> None:
        while (item := self._pending.get()) is not None:
            self._work(item)
