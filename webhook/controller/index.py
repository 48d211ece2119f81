"""What is known of the cluster: SeldonDeployments as bytes, what belongs to them as summaries.

The watches write, the workers read. A worker also writes what the API server answered to it, so
that the next look at an object, which comes before the watch's event, does not send it all again.
"""

import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from webhook.graph.model import mapping, number, text
from webhook.workloads.live import Child, Key

Name = tuple[str, str]
"""Namespace and name of a SeldonDeployment."""

FRESH = 30.0
"""Seconds for which an answer wins over older events. Watches lag by milliseconds as a rule; after
this the watch is right in any case (an API server restored from a backup counts from lower down).
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A SeldonDeployment, packed: 1 KB instead of 20 as Python objects.

    mark    changes with everything but the status and the API server's own bookkeeping
    status  the same of the status
    """

    uid: str
    version: str
    generation: int
    mark: int
    status: int
    deleting: bool
    packed: bytes

    @classmethod
    def read(cls, obj: Mapping[str, Any]) -> "Document":
        """Return the summary of a raw SeldonDeployment."""
        metadata = {k: v for k, v in mapping(obj, "metadata").items() if k != "managedFields"}
        slim = {**obj, "metadata": metadata}
        rest = {k: v for k, v in slim.items() if k != "status"}
        rest["metadata"] = {k: v for k, v in metadata.items() if k != "resourceVersion"}
        return cls(
            uid=text(metadata, "uid"),
            version=text(metadata, "resourceVersion"),
            generation=number(metadata, "generation") or 0,
            mark=_checksum(rest),
            status=_checksum(obj.get("status")),
            deleting="deletionTimestamp" in metadata,
            packed=zlib.compress(orjson.dumps(slim), 1),
        )

    def unpack(self) -> dict[str, Any]:
        """Return the raw document, yours to change."""
        raw: dict[str, Any] = orjson.loads(zlib.decompress(self.packed))
        return raw


def _checksum(value: Any) -> int:
    told = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest())


class Index:
    """SeldonDeployments by name, children by the uid of their owner."""

    def __init__(
        self,
        on_change: Callable[[Name, float], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        settle: float = 0.2,
    ) -> None:
        """Prepare. `on_change` takes who is to be looked at and in how many seconds.

        settle  seconds to wait after a change of a child: a rollout changes it ten times
        """
        self._on_change = on_change
        self._clock = clock
        self._settle = settle
        self._lock = threading.Lock()
        self._documents: dict[Name, Document] = {}
        self._names: dict[str, Name] = {}
        self._children: dict[str, dict[Key, Child]] = {}
        self._fresh: dict[tuple[str, str], tuple[int, float]] = {}

    def __len__(self) -> int:
        """Return the number of SeldonDeployments."""
        return len(self._documents)

    def names(self) -> list[Name]:
        """Return the names of all SeldonDeployments."""
        with self._lock:
            return list(self._documents)

    def document(self, name: Name) -> Document | None:
        """Return one SeldonDeployment; None: there is none, or it is not ours."""
        with self._lock:
            return self._documents.get(name)

    def children(self, uid: str) -> dict[Key, Child]:
        """Return what belongs to a SeldonDeployment."""
        with self._lock:
            return dict(self._children.get(uid, {}))

    def document_changed(self, name: Name, _old: Document | None, new: Document | None) -> None:
        """Take a change that the watch saw."""
        with self._lock:
            before = self._documents.get(name)
            if new is not None and self._is_stale("document", new.uid, new.version):
                return
            if before is not None and (new is None or new.uid != before.uid):
                self._names.pop(before.uid, None)
            if new is None:
                self._documents.pop(name, None)
            else:
                self._documents[name] = new
                self._names[new.uid] = name
        told = (
            new is None
            or before is None
            or (new.uid, new.mark, new.status)
            != (
                before.uid,
                before.mark,
                before.status,
            )
        )
        if told:
            self._on_change(name, 0.0)

    def child_changed(self, _name: Name, old: Child | None, new: Child | None) -> None:
        """Take a change of an object that belongs to some SeldonDeployment."""
        with self._lock:
            if new is not None and self._is_stale(new.kind, new.uid, new.version):
                return
            if old is not None and (new is None or new.uid != old.uid or new.owner != old.owner):
                self._remove(old)
            if new is not None:
                self._children.setdefault(new.owner, {})[new.key] = new
            owners = {child.owner for child in (old, new) if child is not None}
            names = [self._names[uid] for uid in owners if uid in self._names]
        for name in names:
            self._on_change(name, self._settle)

    def learn_document(self, name: Name, obj: Mapping[str, Any]) -> None:
        """Take a SeldonDeployment as the API server just answered it."""
        new = Document.read(obj)
        with self._lock:
            before = self._documents.get(name)
            if before is not None and before.uid == new.uid and _newer(new.version, before.version):
                self._documents[name] = new
                self._keep_fresh("document", new.uid, new.version)

    def learn_child(self, child: Child) -> None:
        """Take a child as the API server just answered it."""
        with self._lock:
            before = self._children.get(child.owner, {}).get(child.key)
            if before is None or before.uid != child.uid or _newer(child.version, before.version):
                self._children.setdefault(child.owner, {})[child.key] = child
                self._keep_fresh(child.kind, child.uid, child.version)

    def _remove(self, child: Child) -> None:
        siblings = self._children.get(child.owner, {})
        known = siblings.get(child.key)
        if known is not None and known.uid == child.uid:
            del siblings[child.key]
            if not siblings:
                del self._children[child.owner]

    def _keep_fresh(self, kind: str, uid: str, version: str) -> None:
        if version.isdigit():
            now = self._clock()
            if len(self._fresh) > 10_000:  # all of them old, but for the last seconds'
                self._fresh = {k: v for k, v in self._fresh.items() if v[1] > now}
            self._fresh[kind, uid] = int(version), now + FRESH

    def _is_stale(self, kind: str, uid: str, version: str) -> bool:
        known = self._fresh.get((kind, uid))
        if known is None:
            return False
        if self._clock() >= known[1] or not version.isdigit() or int(version) >= known[0]:
            del self._fresh[kind, uid]
            return False
        return True


def _newer(version: str, than: str) -> bool:
    """Compare resourceVersions: larger numbers are newer (KEP-5504; true of etcd since ever)."""
    return not (version.isdigit() and than.isdigit()) or int(version) >= int(than)
