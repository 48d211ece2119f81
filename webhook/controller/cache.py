"""What is known of the cluster: SeldonDeployments as bytes, what belongs to them as summaries.

The watches write, the workers read. A worker also writes what the API server answered to it, so
that the next reconciliation, which may come before the watch event, does not send everything again.
"""

import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from webhook.controller.route_index import RouteIndex
from webhook.controller.state.observed import ObjectKey, ObservedObject
from webhook.controller.state.routes import ServiceName
from webhook.graph.model import get_int, get_mapping, get_str

NamespacedName = tuple[str, str]
"""Namespace and name of a SeldonDeployment."""

READ_YOUR_WRITES_SECONDS = 30.0
"""Seconds for which a response overrides older events. Watches usually lag by milliseconds; after
this time the watch is trusted in any case (an API server restored from a backup has lower
versions).
"""


@dataclass(frozen=True, slots=True)
class CachedObject:
    """A SeldonDeployment, packed: 1 KB instead of 20 as Python objects.

    fingerprint         changes with everything but the status and the API server's own bookkeeping
    status_fingerprint  the same of the status
    size                bytes as JSON
    """

    uid: str
    resource_version: str
    generation: int
    fingerprint: int
    status_fingerprint: int
    deleting: bool
    compressed: bytes
    size: int = 0

    @classmethod
    def read(cls, obj: Mapping[str, Any]) -> "CachedObject":
        """Return the summary of a raw SeldonDeployment."""
        metadata = {k: v for k, v in get_mapping(obj, "metadata").items() if k != "managedFields"}
        stored = {**obj, "metadata": metadata}
        spec_parts = {k: v for k, v in stored.items() if k != "status"}
        spec_parts["metadata"] = {k: v for k, v in metadata.items() if k != "resourceVersion"}
        encoded = orjson.dumps(stored)
        return cls(
            uid=get_str(metadata, "uid"),
            resource_version=get_str(metadata, "resourceVersion"),
            generation=get_int(metadata, "generation") or 0,
            fingerprint=_checksum(spec_parts),
            status_fingerprint=_checksum(obj.get("status")),
            deleting="deletionTimestamp" in metadata,
            compressed=zlib.compress(encoded, 1),
            size=len(encoded),
        )

    def decompress(self) -> dict[str, Any]:
        """Return the raw document, yours to change."""
        raw: dict[str, Any] = orjson.loads(zlib.decompress(self.compressed))
        return raw


def _checksum(value: Any) -> int:
    encoded = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest())


class Cache:
    """SeldonDeployments by name, children by the uid of their owner."""

    def __init__(
        self,
        on_change: Callable[[NamespacedName, float], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        child_delay: float = 0.2,
    ) -> None:
        """Initialise. `on_change` takes the key to reconcile and a delay in seconds.

        child_delay  seconds to wait after a change of a child: a rollout changes it ten times
        """
        self._on_change = on_change
        self._clock = clock
        self._child_delay = child_delay
        self._lock = threading.Lock()
        self._objects: dict[NamespacedName, CachedObject] = {}
        self._name_by_uid: dict[str, NamespacedName] = {}
        self.routes = RouteIndex()
        self._service_owners: dict[ServiceName, str] = {}
        self._children: dict[str, dict[ObjectKey, ObservedObject]] = {}
        self._own_writes: dict[tuple[str, str], tuple[int, float]] = {}

    def __len__(self) -> int:
        """Return the number of SeldonDeployments."""
        return len(self._objects)

    def names(self) -> list[NamespacedName]:
        """Return the names of all SeldonDeployments."""
        with self._lock:
            return list(self._objects)

    def get(self, name: NamespacedName) -> CachedObject | None:
        """Return one SeldonDeployment; None: not found, or not managed here."""
        with self._lock:
            return self._objects.get(name)

    def children(self, uid: str) -> dict[ObjectKey, ObservedObject]:
        """Return what belongs to a SeldonDeployment."""
        with self._lock:
            return dict(self._children.get(uid, {}))

    def on_document(
        self, name: NamespacedName, _old: CachedObject | None, new: CachedObject | None
    ) -> None:
        """Take a change that the watch saw."""
        with self._lock:
            previous = self._objects.get(name)
            if new is not None and self._is_stale("document", new.uid, new.resource_version):
                return
            if previous is not None and (new is None or new.uid != previous.uid):
                self._name_by_uid.pop(previous.uid, None)
            if new is None:
                self._objects.pop(name, None)
            else:
                self._objects[name] = new
                self._name_by_uid[new.uid] = name
        changed = (
            new is None
            or previous is None
            or (new.uid, new.fingerprint, new.status_fingerprint)
            != (
                previous.uid,
                previous.fingerprint,
                previous.status_fingerprint,
            )
        )
        if changed:
            self._on_change(name, 0.0)

    def on_route(
        self, name: NamespacedName, old: ObservedObject | None, new: ObservedObject | None
    ) -> None:
        """Take a change of any route, and of the Services that it refers to."""
        services = self.routes.replace(old.route if old else None, new.route if new else None)
        with self._lock:
            owners = {self._service_owners[s] for s in services if s in self._service_owners}
            names = [self._name_by_uid[uid] for uid in owners if uid in self._name_by_uid]
        for owner in names:
            self._on_change(owner, self._child_delay)
        owned = [child if child and child.owner_uid else None for child in (old, new)]
        if any(owned):
            self.on_child(name, *owned)

    def on_child(
        self, name: NamespacedName, old: ObservedObject | None, new: ObservedObject | None
    ) -> None:
        """Take a change of an object that belongs to some SeldonDeployment."""
        with self._lock:
            if new is not None and self._is_stale(new.kind, new.uid, new.resource_version):
                return
            if old is not None and (
                new is None or new.uid != old.uid or new.owner_uid != old.owner_uid
            ):
                self._remove(old)
                if old.kind == "Service":
                    self._service_owners.pop(name, None)
            if new is not None:
                if new.kind == "Service":
                    self._service_owners[name] = new.owner_uid
                self._children.setdefault(new.owner_uid, {})[new.key] = new
            owners = {child.owner_uid for child in (old, new) if child is not None}
            names = [self._name_by_uid[uid] for uid in owners if uid in self._name_by_uid]
        for owner in names:
            self._on_change(owner, self._child_delay)

    def put_document(self, name: NamespacedName, obj: Mapping[str, Any]) -> None:
        """Take a SeldonDeployment as the API server just answered it."""
        new = CachedObject.read(obj)
        with self._lock:
            previous = self._objects.get(name)
            if (
                previous is not None
                and previous.uid == new.uid
                and _is_newer(new.resource_version, previous.resource_version)
            ):
                self._objects[name] = new
                self._remember_write("document", new.uid, new.resource_version)

    def put_child(self, child: ObservedObject) -> None:
        """Take a child as the API server just answered it."""
        with self._lock:
            previous = self._children.get(child.owner_uid, {}).get(child.key)
            if (
                previous is None
                or previous.uid != child.uid
                or _is_newer(child.resource_version, previous.resource_version)
            ):
                self._children.setdefault(child.owner_uid, {})[child.key] = child
                self._remember_write(child.kind, child.uid, child.resource_version)

    def _remove(self, child: ObservedObject) -> None:
        siblings = self._children.get(child.owner_uid, {})
        known = siblings.get(child.key)
        if known is not None and known.uid == child.uid:
            del siblings[child.key]
            if not siblings:
                del self._children[child.owner_uid]

    def _remember_write(self, kind: str, uid: str, version: str) -> None:
        if version.isdigit():
            now = self._clock()
            if len(self._own_writes) > 10_000:  # all of them old, but for the last seconds'
                self._own_writes = {k: v for k, v in self._own_writes.items() if v[1] > now}
            self._own_writes[kind, uid] = int(version), now + READ_YOUR_WRITES_SECONDS

    def _is_stale(self, kind: str, uid: str, version: str) -> bool:
        known = self._own_writes.get((kind, uid))
        if known is None:
            return False
        if self._clock() >= known[1] or not version.isdigit() or int(version) >= known[0]:
            del self._own_writes[kind, uid]
            return False
        return True


def _is_newer(version: str, other: str) -> bool:
    """Compare resourceVersions: larger numbers are newer (KEP-5504; true of etcd since ever)."""
    return not (version.isdigit() and other.isdigit()) or int(version) >= int(other)
