"""How many objects are updated at once for a reason that no author gave (see `state.rollout`)."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from webhook.controller.cache import NamespacedName

ROLLOUT_TIMEOUT_SECONDS = 600.0
"""Seconds after which an object that does not become available no longer holds up others: the
default of progressDeadlineSeconds."""


class RolloutLimiter:
    """Hands out a bounded number of slots; used by several threads at once."""

    def __init__(
        self,
        max_objects: int,
        on_free: Callable[[NamespacedName], None],
        clock: Callable[[], float],
    ) -> None:
        """Initialise. `on_free` is called with the longest waiting object when a slot is free."""
        self.max_objects = max_objects
        self._on_free = on_free
        self._clock = clock
        self._lock = threading.Lock()
        self._holders: dict[NamespacedName, float] = {}
        self._waiting: OrderedDict[NamespacedName, None] = OrderedDict()

    def acquire(self, name: NamespacedName) -> bool:
        """Return whether an object may be updated now; if not, `on_free` reports when it may."""
        now = self._clock()
        with self._lock:
            if name not in self._holders:
                self._holders = {n: since for n, since in self._holders.items() if now < since}
                if len(self._holders) >= self.max_objects:
                    self._waiting[name] = None
                    return False
                self._holders[name] = now + ROLLOUT_TIMEOUT_SECONDS
            self._waiting.pop(name, None)
            return True

    def release(self, name: NamespacedName) -> None:
        """Give a slot back, if the object has one: it is rolled out, failed, or gone."""
        with self._lock:
            self._waiting.pop(name, None)
            if self._holders.pop(name, None) is None or not self._waiting:
                return
            following, _ = self._waiting.popitem(last=False)
        self._on_free(following)
