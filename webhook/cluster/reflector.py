"""A local copy of a list in the cluster that follows every change, and notices when it does not.

    def labels(namespace):                  what is kept of an object; None: nothing
        return namespace["metadata"].get("labels", {})

    with Reflector(transport, "/api/v1/namespaces", labels) as namespaces:
        namespaces.wait_until_synced(30.0)
        namespaces.items                    {("", "team-a"): {"team": "a"}, …}

    list, page by page ─▶ watch from there ─▶ ended, broken, silent ─▶ watch from the last version
          ▲                     │ 410 Gone, or five failures without an event
          └─────────────────────┘ the old copy stays in use until the new one is complete

Belongs here: keeping up. Does not belong here: the wire (`watching`), what the objects mean.

A watch can die without a sign: the peer is gone, the connection stays open. So each watch is ended
by the server after 50 s, just after a bookmark, and taken for broken by us after 65 s without a
byte: what a black hole swallows is asked for again within 75 s.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from webhook.cluster.backoff import Backoff
from webhook.cluster.refusal import Refused
from webhook.cluster.transport import Stream, Transport
from webhook.cluster.watching import Event, Page, events, has_expired, open_watch, pages
from webhook.errors import ClusterUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

Key = tuple[str, str]
"""Namespace ("" for a cluster's own objects) and name."""

Change = Callable[[Key, T | None, T | None], None]
"""Takes a key, what was kept before and what is kept now; None: nothing."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds and sizes; each default has its reason.

    page           objects per request: 200 of 20 KB are 4 MB, and some 20 MB while they are read
    answer         the longest wait for a page
    watch          after which the server ends a watch; bookmarks come once a minute and 2 s before
    silence        after which we end it: the server's end and 15 s for a slow way
    first, longest delays between tries; 20 s, so that a restarted API server is found soon
    """

    page: int = 200
    answer: float = 30.0
    watch: int = 50
    silence: float = 65.0
    first: float = 0.5
    longest: float = 20.0


_PATIENCE = 5
"""Failures without an event between them, after which the version is no longer trusted: an API
server restored from a backup does not say 410 to a version from its future."""

_SHORTEST = 1.0
"""A watch that ends sooner, without an event, counts as a failure: no loop may run hot."""

_LONG = 10.0
"""A watch that broke later had been well: proxies cut quiet connections after 30 s and more."""


class Reflector(Generic[T]):
    """The copy, and the thread that keeps it. Its own context manager; `start` and `stop` too."""

    def __init__(
        self,
        transport: Transport,
        path: str,
        project: Callable[[dict[str, Any]], T | None],
        *,
        on_change: Change[T] | None = None,
        labels: str = "",
        fields: str = "",
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is asked before `start`.

        path       of the collection: "/apis/apps/v1/deployments" (`collection_of` spells it)
        project    makes of a raw object what is kept; None: it is not kept. Equal results are no
                   change, so include the resourceVersion to be told of every one
        on_change  called in the reflector's thread, one change after the other, when `items` has
                   it already; must not block
        labels, fields  selectors: "app=a,team!=b", "metadata.name=seldon-config"
        """
        self.path = path
        self._transport = transport
        self._project = project
        self._on_change = on_change
        named = {"labelSelector": labels, "fieldSelector": fields}
        self._selectors = {key: value for key, value in named.items() if value}
        self._timing = timing = timing or Timing()
        self._clock = clock
        self._backoff = Backoff(timing.first, timing.longest, jitter)
        self._items: dict[Key, T] = {}
        self._version = ""
        self._sign = clock()
        self._fault: ClusterUnavailable | None = None
        self._synced = threading.Event()
        self._stopping = threading.Event()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {path}", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self, patience: float = 5.0) -> bool:
        """End; return whether the thread has ended within `patience` seconds."""
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            stream.end()
        if self._thread.ident is not None:
            self._thread.join(patience)
        return not self._thread.is_alive()

    @property
    def items(self) -> dict[Key, T]:
        """A copy of what is kept at this moment, for whichever thread; 40 us for 5,000."""
        return self._items.copy()

    def get(self, key: Key) -> T | None:
        """Return what is kept of one object; None: nothing."""
        return self._items.get(key)

    @property
    def synced(self) -> bool:
        """Whether a list was complete once. It stays so."""
        return self._synced.is_set()

    def wait_until_synced(self, seconds: float) -> bool:
        """Wait for that; return whether it happened in time."""
        return self._synced.wait(seconds)

    @property
    def age(self) -> float:
        """Seconds since the last sign that the copy is fresh: an event, a bookmark, a list.

        Under 60 while all is well, however quiet the cluster.
        """
        return self._clock() - self._sign

    @property
    def fault(self) -> ClusterUnavailable | None:
        """Why it does not keep up at this moment; None: it does."""
        return self._fault

    def _run(self) -> None:
        while not self._stopping.is_set():
            delay = self.step()
            if delay and self._stopping.wait(delay):
                return

    def step(self) -> float:
        """List if need be, then watch until that ends; return the seconds to wait afterwards.

        What `start` has a thread do again and again; raises nothing.
        """
        began, before = self._clock(), self._version
        try:
            if not before:
                self._list()
                began, before = self._clock(), self._version
            self._watch()
        except ClusterUnavailable as error:
            lived = bool(self._version) and self._clock() - began >= _LONG
            return self._failed(error, progress=lived or self._version != before)
        except Exception as error:  # whatever it is, the copy must not stop following
            logger.exception("a fault of graphgate", extra=self._fields())
            return self._failed(
                ClusterUnavailable(f"watching {self.path} met a fault of graphgate: {error!r}"),
                progress=False,
            )
        if self._version != before or self._clock() - began >= _SHORTEST:
            self._backoff.reset()
            return 0.0
        return self._backoff.next()

    def _failed(self, error: ClusterUnavailable, *, progress: bool) -> float:
        if self._stopping.is_set():
            return 0.0  # the break was ours
        if progress:
            self._backoff.reset()
        if self._fault is None or str(self._fault) != str(error):
            fields = self._fields(reason=str(error))
            logger.log(_level(error), "watch interrupted", extra=fields)
        self._fault = error
        if has_expired(error) or self._backoff.failures >= _PATIENCE:
            self._version = ""
        delay = self._backoff.next()
        asked = error.retry_after if isinstance(error, Refused) else None
        return max(delay, min(asked or 0.0, self._timing.longest))

    def _fields(self, **fields: str) -> dict[str, dict[str, str]]:
        return {"fields": {"path": self.path, **fields}}

    def _list(self) -> None:
        timing = self._timing
        new: dict[Key, T] = {}
        page = Page([], "", "")
        for page in pages(
            self._transport, self.path, self._selectors, size=timing.page, timeout=timing.answer
        ):
            self._sign = self._clock()
            for obj in page.items:
                self._keep(new, _key(obj), obj)
            if self._stopping.is_set():
                raise ClusterUnavailable(f"the list of {self.path} was given up")
        old, self._items = self._items, new
        for key in old.keys() - new.keys():
            self._tell(key, old[key], None)
        for key, value in new.items():
            if old.get(key) != value:
                self._tell(key, old.get(key), value)
        self._version = page.version
        self._well()
        self._synced.set()

    def _watch(self) -> None:
        timing = self._timing
        stream = open_watch(
            self._transport,
            self.path,
            self._selectors,
            self._version,
            seconds=timing.watch,
            silence=timing.silence,
        )
        self._stream = stream
        try:
            self._well()
            # Set before the look: `stop` either finds the stream, or is found here.
            if self._stopping.is_set():
                return
            for event in events(self._transport, self.path, stream):
                self._take(event)
            self._sign = self._clock()
        finally:
            self._stream = None
            stream.close()

    def _well(self) -> None:
        self._sign = self._clock()
        if self._fault is not None:
            logger.info("watch restored", extra=self._fields())
        self._fault = None

    def _take(self, event: Event) -> None:
        if event.type != "BOOKMARK":
            key = _key(event.object)
            old = self._items.get(key)
            if event.type == "DELETED":
                self._items.pop(key, None)
            else:
                self._keep(self._items, key, event.object)
            new = self._items.get(key)
            if old != new:
                self._tell(key, old, new)
        # Only now: what was taken in is not asked for again.
        self._version = event.version
        self._sign = self._clock()

    def _keep(self, items: dict[Key, T], key: Key, obj: dict[str, Any]) -> None:
        """Put what is kept of an object into `items`; one that cannot be read stays as it was."""
        try:
            value = self._project(obj)
        except Exception:  # one strange object must not end the watch of all others
            fields = self._fields(object="/".join(key))
            logger.exception("object not understood", extra=fields)
            value = self._items.get(key)
        if value is None:
            items.pop(key, None)
        else:
            items[key] = value

    def _tell(self, key: Key, old: T | None, new: T | None) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(key, old, new)
        except Exception:  # as above
            logger.exception("change not taken", extra=self._fields(object="/".join(key)))


def _key(obj: Mapping[str, Any]) -> Key:
    metadata = obj.get("metadata") or {}
    return metadata.get("namespace") or "", metadata.get("name") or ""


def _level(error: ClusterUnavailable) -> int:
    """Return how loud to say it: an old version is everyday life."""
    return logging.INFO if has_expired(error) else logging.WARNING
