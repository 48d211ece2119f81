"""The watches of a reconciler: what is followed where, and whether it still is.

Types that a cluster may lack (KEDA's, Gateway API's, Istio's, Ambassador's) are discovered
periodically; a type that appears is watched, one that disappears is dropped. Routes are watched
whatever their owner: they may refer to managed Services. Where they may not be read, the log and
/readyz say so, and nothing waits for them.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from webhook.controller.api import API_VERSIONS, OPTIONAL_KINDS
from webhook.controller.cache import Cache, CachedObject
from webhook.controller.config import ControllerConfig
from webhook.controller.preflight import find_served_kinds
from webhook.controller.state.observed import ROUTE_PARTS, ObservedObject
from webhook.controller.state.routes import READERS
from webhook.errors import KubeApiUnavailableError
from webhook.graph.well_known import SELDON_API_VERSION, SELDON_KIND
from webhook.kube import ApiStatusError, Reflector, Transport, collection_path
from webhook.rendering.metadata import DEPLOYMENT_ID

logger = logging.getLogger("graphgate")

TYPES_CHECK_INTERVAL_SECONDS = 10.0
"""Seconds between discoveries of types: four small requests."""

_SYNC_TIMEOUT_SECONDS = 30.0
"""Seconds to fill the cache of a type that has just appeared; then it is used as it is."""


class Informers:
    """All watches: `start`, `stop`; iterates over those that run."""

    def __init__(
        self,
        transport: Transport,
        config: ControllerConfig,
        cache: Cache,
        *,
        on_types_changed: Callable[[], None],
    ) -> None:
        """Prepare.

        on_types_changed  called when a type has appeared, its cache filled, or has gone
        """
        self._transport = transport
        self._namespaces = config.namespaces or ("",)
        self._cache = cache
        self._on_types_changed = on_types_changed
        self._objects = [
            Reflector(
                transport,
                collection_path(SELDON_API_VERSION, SELDON_KIND, namespace),
                CachedObject.read,
                on_change=cache.on_document,
                label_selector=config.label_selector,
            )
            for namespace in self._namespaces
        ]
        always = API_VERSIONS.keys() - set(OPTIONAL_KINDS)
        self._by_kind = {kind: self._build(kind) for kind in API_VERSIONS if kind in always}
        self._served: frozenset[str] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow_types, name="types", daemon=True)

    def __iter__(self) -> Iterator[Reflector[Any]]:
        return iter([*self._objects, *(w for some in self._by_kind.copy().values() for w in some)])

    @property
    def served_kinds(self) -> frozenset[str]:
        """The kinds of `API_VERSIONS` that the cluster has."""
        return (self._served or frozenset()) | (API_VERSIONS.keys() - set(OPTIONAL_KINDS))

    @property
    def has_synced(self) -> bool:
        """Whether the caches were filled once; those of routes, as far as they may be read."""
        by_kind = self._by_kind.copy()
        return self._served is not None and (
            all(watch.has_synced for watch in self._objects)
            and all(_is_usable(w, kind) for kind, some in by_kind.items() for w in some)
        )

    def start(self) -> None:
        """Begin; once."""
        for watch in self:
            watch.start()
        self._thread.start()

    def stop(self) -> None:
        """End, within some seconds."""
        self._stopping.set()
        for watch in self:
            watch.stop(timeout=1.0)

    def refresh_types(self) -> bool:
        """Discover the types once; return whether they changed.

        Raise KubeApiUnavailableError if there is no answer: then nothing is changed.
        """
        versions = {kind: API_VERSIONS[kind] for kind in OPTIONAL_KINDS}
        served = find_served_kinds(self._transport, versions)
        if served == self._served:
            return False
        known, self._served = self._served, served
        for kind in sorted((known or frozenset()) - served):
            logger.warning("type_gone", extra={"fields": {"kind": kind}})
            for watch in self._by_kind.pop(kind):
                watch.stop(timeout=1.0)
                for name, item in watch.items.items():
                    self._handler(kind)(name, item, None)
        for kind in sorted(served - (known or frozenset())):
            if known is not None:
                logger.info("type_found", extra={"fields": {"kind": kind}})
            watches = self._build(kind)
            for watch in watches:
                watch.start()
            self._by_kind[kind] = watches
            if known is not None:
                for watch in watches:
                    watch.wait_until_synced(_SYNC_TIMEOUT_SECONDS)
        return True

    def _follow_types(self) -> None:
        reason = ""
        while not self._stopping.is_set():
            try:
                is_first = self._served is None
                if self.refresh_types() and not is_first:
                    self._on_types_changed()
                reason = ""
            except KubeApiUnavailableError as error:
                if str(error) != reason:
                    reason = str(error)
                    logger.warning("types_unknown", extra={"fields": {"reason": reason}})
            # Until something is known, all waits for it.
            self._stopping.wait(1.0 if self._served is None else TYPES_CHECK_INTERVAL_SECONDS)

    def _build(self, kind: str) -> list[Reflector[Any]]:
        is_owned_only = kind not in READERS
        read = _read_owned_child if is_owned_only else ObservedObject.from_object
        # Everything that we and Seldon make has the label; app.kubernetes.io/managed-by is not on
        # Seldon's orchestrators, autoscalers and budgets. Its DestinationRules have none.
        selector = DEPLOYMENT_ID if is_owned_only and kind not in ROUTE_PARTS else ""
        return [
            Reflector(
                self._transport,
                collection_path(API_VERSIONS[kind], kind, namespace),
                partial(read, kind=kind),
                on_change=self._handler(kind),
                label_selector=selector,
            )
            for namespace in self._namespaces
        ]

    def _handler(self, kind: str) -> Callable[..., None]:
        return self._cache.on_route if kind in READERS else self._cache.on_child


def _is_usable(watch: Reflector[Any], kind: str) -> bool:
    """Return whether a cache is synced, or its type is optional or may not be read."""
    error = watch.last_error
    is_refused = isinstance(error, ApiStatusError) and error.status in (403, 404)
    return watch.has_synced or (is_refused and (kind in OPTIONAL_KINDS or kind in READERS))


def _read_owned_child(obj: Mapping[str, Any], *, kind: str) -> ObservedObject | None:
    child = ObservedObject.from_object(obj, kind)
    return child if child.owner_uid else None


def find_stale_informers(informers: Iterable[Reflector[Any]], max_staleness: float) -> list[str]:
    """Return the watches that hear nothing and do not know it; those that know try again."""
    return [
        f"{watch.path}: nothing received for {watch.staleness:.0f} s"
        for watch in informers
        if watch.last_error is None and watch.staleness > max_staleness
    ]
