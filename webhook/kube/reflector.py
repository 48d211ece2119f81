"""A local copy of a list in the cluster that follows every change, and notices when it does not.

    def labels(namespace):                  what is kept of an object; None: nothing
        return namespace["metadata"].get("labels", {})

    with Reflector(transport, "/api/v1/namespaces", labels) as namespaces:
        namespaces.wait_until_synced(30.0)
        namespaces.items                    {("", "team-a"): {"team": "a"}, …}

    list, page by page ─▶ watch from there ─▶ ended, broken, silent ─▶ watch from the last version
          ▲                     │ 410 Gone, or five failures without an event
          └─────────────────────┘ the old copy stays in use until the new one is complete

Belongs here: keeping up. Does not belong here: the wire (`list_watch`), what the objects mean.

A watch can die silently: the peer is gone, but the connection stays open. So the server ends each
watch after 50 s, just after a bookmark, and graphgate treats it as broken after 65 s without data:
a silent failure is detected within 75 s.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from webhook.errors import KubeApiUnavailableError
from webhook.kube.api_errors import ApiStatusError
from webhook.kube.backoff import Backoff
from webhook.kube.list_watch import (
    ListPage,
    WatchEvent,
    is_expired,
    list_pages,
    open_watch,
    read_events,
)
from webhook.kube.runnable import Runnable
from webhook.kube.transport import Stream, Transport

logger = logging.getLogger(__name__)

T = TypeVar("T")

NamespacedName = tuple[str, str]
"""Namespace ("" for a cluster's own objects) and name."""

EventHandler = Callable[[NamespacedName, T | None, T | None], None]
"""Takes a key, what was kept before and what is kept now; None: nothing."""

MAX_STALENESS_SECONDS = 120.0
"""Seconds without an event or bookmark after which the cache is stale. A healthy watch receives
one every 50 s, a broken one is closed after 65."""


@dataclass(frozen=True, slots=True)
class ReflectorConfig:
    """Seconds and sizes; each default has its reason.

    page_size      maximum objects per request; `list_pages` requests fewer if they are large
    list_timeout   the longest wait for a page
    watch_timeout  after which the server ends a watch; bookmarks come once a minute and 2 s before
    read_timeout   after which we end it: the server's end and 15 s for a slow way
    backoff_base, max_backoff  first and longest delay between tries; 20 s, so that a restarted API
                   server is found soon
    """

    page_size: int = 50
    list_timeout: float = 30.0
    watch_timeout: int = 50
    read_timeout: float = 65.0
    backoff_base: float = 0.5
    max_backoff: float = 20.0


_MAX_FAILURES = 5
"""Failures without an event between them, after which the version is no longer trusted: an API
server restored from a backup does not say 410 to a version from its future."""

_MIN_WATCH_SECONDS = 1.0
"""A watch that ends sooner, without an event, counts as a failure: no loop may run hot."""

_HEALTHY_WATCH_SECONDS = 10.0
"""A watch that broke later had been well: proxies cut quiet connections after 30 s and more."""


class Reflector(Runnable, Generic[T]):
    """The copy, and the thread that keeps it. Its own context manager; `start` and `stop` too."""

    def __init__(
        self,
        transport: Transport,
        path: str,
        transform: Callable[[dict[str, Any]], T | None],
        *,
        find_path: Callable[[], str] | None = None,
        on_change: EventHandler[T] | None = None,
        on_delete: Callable[[NamespacedName], None] | None = None,
        label_selector: str = "",
        field_selector: str = "",
        config: ReflectorConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Initialise; no request before `start`.

        path                            of the collection: "/apis/apps/v1/deployments"
                                        (`collection_of` spells it)
        find_path                       called before each list if the path may change; its
                                        exception counts as the response to the list
        transform                       maps a raw object to what is kept; None: not kept.
                                        Equal results are not a change, so include the
                                        resourceVersion to see every one
        on_change                       called in the reflector's thread, one change after the
                                        other, when `items` has it already; must not block
        on_delete                       called likewise for every object that is gone, also of those
                                        not kept
        label_selector, field_selector  selectors: "app=a,team!=b", "metadata.name=seldon-config"
        """
        self.path = path
        self._find_path = find_path
        self._transport = transport
        self._transform = transform
        self._on_change = on_change
        self._on_delete = on_delete
        self._relist_wanted = False
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        self._selectors = {key: value for key, value in selectors.items() if value}
        self._config = config = config or ReflectorConfig()
        self._clock = clock
        self._backoff = Backoff(config.backoff_base, config.max_backoff, jitter)
        self._items: dict[NamespacedName, T] = {}
        self._resource_version = ""
        self._last_activity = clock()
        self._last_error: KubeApiUnavailableError | None = None
        self._has_synced = threading.Event()
        self._stopping = threading.Event()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {path}", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> bool:
        """End; return whether the thread has ended within `patience` seconds."""
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            stream.interrupt()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def relist(self) -> None:
        """List again when the present watch ends: what was not kept may be kept by now."""
        self._relist_wanted = True

    @property
    def items(self) -> dict[NamespacedName, T]:
        """A copy of what is kept at this moment, for whichever thread; 40 us for 5,000."""
        return self._items.copy()

    def get(self, key: NamespacedName) -> T | None:
        """Return what is kept of one object; None: nothing."""
        return self._items.get(key)

    @property
    def has_synced(self) -> bool:
        """Whether a list was complete once. It stays so."""
        return self._has_synced.is_set()

    def wait_until_synced(self, seconds: float) -> bool:
        """Wait for that; return whether it happened in time."""
        return self._has_synced.wait(seconds)

    @property
    def staleness(self) -> float:
        """Seconds since the last sign that the copy is fresh: an event, a bookmark, a list.

        Under 60 while all is well, however quiet the cluster.
        """
        return self._clock() - self._last_activity

    @property
    def last_error(self) -> KubeApiUnavailableError | None:
        """The current error; None: up to date."""
        return self._last_error

    def _run(self) -> None:
        while not self._stopping.is_set():
            delay = self.list_and_watch()
            if delay and self._stopping.wait(delay):
                return

    def list_and_watch(self) -> float:
        """List if need be, then watch until that ends; return the seconds to wait afterwards.

        What `start` has a thread do again and again; raises nothing.
        """
        if self._relist_wanted:
            self._relist_wanted, self._resource_version = False, ""
        started_at, previous_version = self._clock(), self._resource_version
        try:
            if not previous_version:
                self._list()
                started_at, previous_version = self._clock(), self._resource_version
            self._watch()
        except KubeApiUnavailableError as error:
            was_healthy = (
                bool(self._resource_version)
                and self._clock() - started_at >= _HEALTHY_WATCH_SECONDS
            )
            return self._handle_error(
                error, made_progress=was_healthy or self._resource_version != previous_version
            )
        except Exception as error:  # whatever it is, the copy must not stop following
            logger.exception("internal_error", extra=self._log_fields())
            return self._handle_error(
                KubeApiUnavailableError(
                    f"watching {self.path} failed with an internal error: {error!r}"
                ),
                made_progress=False,
            )
        if (
            self._resource_version != previous_version
            or self._clock() - started_at >= _MIN_WATCH_SECONDS
        ):
            self._backoff.reset()
            return 0.0
        return self._backoff.next_delay()

    def _handle_error(self, error: KubeApiUnavailableError, *, made_progress: bool) -> float:
        if self._stopping.is_set():
            return 0.0  # ended by this side
        if made_progress:
            self._backoff.reset()
        if self._last_error is None or str(self._last_error) != str(error):
            fields = self._log_fields(reason=str(error))
            logger.log(_log_level(error), "watch_failed", extra=fields)
        self._last_error = error
        if is_expired(error) or self._backoff.failures >= _MAX_FAILURES:
            self._resource_version = ""
        delay = self._backoff.next_delay()
        retry_after = error.retry_after if isinstance(error, ApiStatusError) else None
        return max(delay, min(retry_after or 0.0, self._config.max_backoff))

    def _log_fields(self, **fields: str) -> dict[str, dict[str, str]]:
        return {"fields": {"path": self.path, **fields}}

    def _list(self) -> None:
        config = self._config
        new: dict[NamespacedName, T] = {}
        page = ListPage([], "", "")
        if self._find_path is not None:
            self.path = self._find_path()
        for page in list_pages(
            self._transport,
            self.path,
            self._selectors,
            page_size=config.page_size,
            timeout=config.list_timeout,
        ):
            self._last_activity = self._clock()
            for obj in page.items:
                self._store(new, _namespaced_name(obj), obj)
            if self._stopping.is_set():
                raise KubeApiUnavailableError(f"the list of {self.path} was abandoned")
        old, self._items = self._items, new
        for key in old.keys() - new.keys():
            self._notify(key, old[key], None)
            self._notify_deletion(key)
        for key, value in new.items():
            if old.get(key) != value:
                self._notify(key, old.get(key), value)
        self._resource_version = page.resource_version
        self._mark_healthy()
        self._has_synced.set()

    def _watch(self) -> None:
        config = self._config
        stream = open_watch(
            self._transport,
            self.path,
            self._selectors,
            self._resource_version,
            watch_timeout=config.watch_timeout,
            read_timeout=config.read_timeout,
        )
        self._stream = stream
        try:
            self._mark_healthy()
            # Set before the check: `stop` either sees the stream, or is seen here.
            if self._stopping.is_set():
                return
            for event in read_events(self._transport, self.path, stream):
                self._apply_event(event)
            self._last_activity = self._clock()
        finally:
            self._stream = None
            stream.close()

    def _mark_healthy(self) -> None:
        self._last_activity = self._clock()
        if self._last_error is not None:
            logger.info("watch_resumed", extra=self._log_fields())
        self._last_error = None

    def _apply_event(self, event: WatchEvent) -> None:
        if event.type != "BOOKMARK":
            key = _namespaced_name(event.object)
            old = self._items.get(key)
            if event.type == "DELETED":
                self._items.pop(key, None)
            else:
                self._store(self._items, key, event.object)
            new = self._items.get(key)
            if old != new:
                self._notify(key, old, new)
            if event.type == "DELETED":
                self._notify_deletion(key)
        # Only now: what was received is not requested again.
        self._resource_version = event.resource_version
        self._last_activity = self._clock()

    def _store(
        self, items: dict[NamespacedName, T], key: NamespacedName, obj: dict[str, Any]
    ) -> None:
        """Put what is kept of an object into `items`; one that cannot be read stays as it was."""
        try:
            value = self._transform(obj)
        except Exception:  # one strange object must not end the watch of all others
            fields = self._log_fields(object="/".join(key))
            logger.exception("decode_failed", extra=fields)
            value = self._items.get(key)
        if value is None:
            items.pop(key, None)
        else:
            items[key] = value

    def _notify(self, key: NamespacedName, old: T | None, new: T | None) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(key, old, new)
        except Exception:  # as above
            logger.exception("handler_failed", extra=self._log_fields(object="/".join(key)))

    def _notify_deletion(self, key: NamespacedName) -> None:
        if self._on_delete is None:
            return
        try:
            self._on_delete(key)
        except Exception:  # as above
            logger.exception("handler_failed", extra=self._log_fields(object="/".join(key)))


def _namespaced_name(obj: Mapping[str, Any]) -> NamespacedName:
    metadata = obj.get("metadata") or {}
    return metadata.get("namespace") or "", metadata.get("name") or ""


def _log_level(error: KubeApiUnavailableError) -> int:
    """Return how loud to say it: an old version is everyday life."""
    return logging.INFO if is_expired(error) else logging.WARNING
