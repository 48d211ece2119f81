"""How many bytes of objects are worked on at once: a bound on memory that no object waits for."""

import threading


class ByteBudget:
    """Hands out bytes without waiting; used by several threads at once."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0
        self._lock = threading.Lock()

    def try_acquire(self, size: int) -> bool:
        """Reserve bytes, if they are available; a single holder may exceed the budget."""
        with self._lock:
            if self._used and self._used + size > self._total:
                return False
            self._used += size
            return True

    def release(self, size: int) -> None:
        """Give the bytes back."""
        with self._lock:
            self._used -= size
