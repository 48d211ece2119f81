"""A cache of desired states between reconciliations, limited in bytes."""

import threading
from collections import OrderedDict
from typing import Any

from webhook.controller.cache import CachedObject
from webhook.controller.desired_state import DesiredState

MAX_CACHED_BYTES = 2**20
"""Bytes of JSON, of documents and of what is rendered from them, whose desired state is kept: an
object is reconciled some ten times during a rollout. In memory that is up to 55 MB."""

_MAX_SHARE = 16
"""A desired state of more than this part of the bytes is not kept."""


class DesiredStateCache:
    """The least recently used go first. Used by several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: OrderedDict[str, tuple[Any, DesiredState, int]] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes of JSON that are kept; `MAX_CACHED_BYTES` at most."""
        return self._bytes

    def get(self, uid: str, key: Any) -> DesiredState | None:
        """Return the cached state of an object, if it was computed for the same `key`."""
        with self._lock:
            cached = self._states.get(uid)
            if cached is None or cached[0] != key:
                return None
            self._states.move_to_end(uid)
            return cached[1]

    def put(self, document: CachedObject, key: Any, state: DesiredState) -> None:
        """Keep the desired state of an object, unless it is large."""
        size = document.size + sum(one.size for one in state.objects)
        with self._lock:
            self._remove(document.uid)
            if size > MAX_CACHED_BYTES // _MAX_SHARE:
                return
            self._states[document.uid] = key, state, size
            self._bytes += size
            while self._bytes > MAX_CACHED_BYTES:
                self._remove(next(iter(self._states)))

    def forget(self, uid: str) -> None:
        """Drop what is kept of an object."""
        with self._lock:
            self._remove(uid)

    def _remove(self, uid: str) -> None:
        known = self._states.pop(uid, None)
        self._bytes -= known[2] if known else 0
