"""Objects without findings are cached by content, and not evaluated twice.

The API server asks about one object at least twice: /mutate evaluates it with its defaults filled
in, and /validate receives exactly that a moment later. GitOps tools then apply it again,
unchanged, at every sync. Evaluation is a pure function of the object, the settings and the facts,
so the second result is the first one.

Whole contents are compared, never digests: no object can be made to look like another one. A
change of settings or facts clears the cache; otherwise the least recently used objects are evicted.
Objects with findings are evaluated again each time.
"""

from collections import OrderedDict
from typing import Any, Final

import orjson

from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.settings.model import Settings

MAX_CACHED_BYTES: Final = 4 << 20
"""Of all contents together: about a thousand objects of 4 KB."""

MAX_CACHED_REVIEW_BYTES: Final = 128 << 10
"""Maximum bytes of a review whose object is cached; the caller checks that before it serialises
anything. Larger objects are rare, and would evict too many others."""

CacheKey = tuple[str, bytes]


class AllowCache:
    """The faultless objects of one process, as they are with their defaults filled in."""

    def __init__(self, max_bytes: int = MAX_CACHED_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._keys: OrderedDict[CacheKey, None] = OrderedDict()
        self._settings: Settings | None = None
        self._facts: Facts = NO_FACTS

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, document: Any, old_document: Any, namespace: str) -> CacheKey | None:
        """Return under what an object is remembered; None if it is not to be.

        The order of fields makes no difference: the API server sorts them.
        """
        try:
            content = orjson.dumps((document, old_document), option=orjson.OPT_SORT_KEYS)
        except TypeError:  # nested too deeply, or a number of more than 64 bits
            return None
        return namespace, content

    def contains(self, key: CacheKey, settings: Settings, facts: Facts) -> bool:
        """Return whether an object had no findings, under the same settings and facts."""
        if settings is not self._settings or facts is not self._facts:
            # First: a review that runs out of time in between must not leave half of it done.
            self._settings = None
            self._keys.clear()
            self._bytes = 0
            self._settings, self._facts = settings, facts
            return False
        if key in self._keys:
            self._keys.move_to_end(key)
            return True
        return False

    def add(self, key: CacheKey) -> None:
        """Record that an object has no findings, as of the last `contains`."""
        self._keys[key] = None
        self._bytes += len(key[1])
        while self._bytes > self._max_bytes:
            (_, content), _ = self._keys.popitem(last=False)
            self._bytes -= len(content)
