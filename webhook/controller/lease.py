"""One leads: who holds the Lease reconciles, the others keep their caches warm.

Expiry is counted from when a change of the Lease was seen here, on our own monotonic clock: the
clocks of two machines are never compared (as in client-go's leader election). Who cannot renew in
time ends before another may begin. The API server's conflict (409) decides between two at once.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.cluster import Refused, Transport, collection_of, create, get, update
from webhook.errors import ClusterUnavailable
from webhook.graph.model import mapping, number, text

logger = logging.getLogger("graphgate")

API_VERSION = "coordination.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds; the defaults are those of Kubernetes' own controllers.

    duration  a Lease that was not renewed for so long is free
    deadline  after so long without a renewal the holder gives up, before others may begin
    pause     between tries, and up to a fifth more at random
    """

    duration: float = 15.0
    deadline: float = 10.0
    pause: float = 2.0


class Election:
    """Takes part in the election in a thread of its own; leads once at most."""

    def __init__(
        self,
        transport: Transport,
        *,
        namespace: str,
        name: str,
        identity: str,
        terms: Terms | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._collection = collection_of(API_VERSION, "Lease", namespace)
        self._path = f"{self._collection}/{name}"
        self._name = name
        self._namespace = namespace
        self.identity = identity
        self._terms = terms or Terms()
        self._clock = clock
        self._now = now
        self._jitter = jitter
        self._seen: tuple[str, float] = ("", clock())
        self._renewed = 0.0
        self.leads = False
        self.holder = ""
        self._ending = threading.Event()

    def run(self, on_elected: Callable[[], None], on_lost: Callable[[], object]) -> None:
        """Try until `stop`; call `on_elected` once, and `on_lost` if it is lost afterwards."""
        while not self._ending.is_set():
            led = self.leads
            self.attempt()
            if self.leads and not led:
                logger.info("leading", extra={"fields": {"identity": self.identity}})
                on_elected()
            elif led and not self.leads:
                logger.error("no longer leading", extra={"fields": {"holder": self.holder}})
                on_lost()
                return
            self._ending.wait(self._terms.pause * (1.0 + 0.2 * self._jitter()))
        self._release()

    def stop(self) -> None:
        """Have `run` give the Lease back and return."""
        self._ending.set()

    def attempt(self) -> None:
        """Try once to take or to renew the Lease; sets `leads`."""
        # From before the request: a slow answer must not make the Lease seem younger than it is.
        began = self._clock()
        try:
            if self._take(get(self._transport, self._path), began):
                self._renewed = began
                self.leads = True
                return
            self.leads = False
        except ClusterUnavailable as error:
            conflict = isinstance(error, Refused) and error.status == 409
            if not conflict:
                logger.warning("lease not reached", extra={"fields": {"reason": str(error)}})
            if self.leads and self._clock() - self._renewed >= self._terms.deadline:
                self.leads = False

    def _take(self, lease: Mapping[str, Any] | None, began: float) -> bool:
        if lease is None:
            create(self._transport, self._collection, self._lease({}, self._stamp(), 0))
            return True
        spec = mapping(lease, "spec")
        self.holder = text(spec, "holderIdentity")
        version = text(mapping(lease, "metadata"), "resourceVersion")
        if self._seen[0] != version:
            self._seen = (version, began)
        mine = self.holder == self.identity
        if self.holder and not mine and not self._has_expired(spec, began):
            return False
        changes = number(spec, "leaseTransitions") or 0
        since = text(spec, "acquireTime") if mine else self._stamp()
        content = self._lease(mapping(lease, "metadata"), since, changes + (not mine))
        update(self._transport, self._path, content)
        return True

    def _has_expired(self, spec: Mapping[str, Any], now: float) -> bool:
        """Tell whether the Lease was unchanged, as seen from here, for as long as it holds."""
        holds = number(spec, "leaseDurationSeconds") or self._terms.duration
        return now - self._seen[1] >= holds

    def _lease(
        self, metadata: Mapping[str, Any], since: str, changes: int, *, holder: str | None = None
    ) -> dict[str, Any]:
        # What others wrote (Helm's labels) stays; managedFields are the API server's own.
        known = {key: value for key, value in metadata.items() if key != "managedFields"}
        return {
            "apiVersion": API_VERSION,
            "kind": "Lease",
            "metadata": {**known, "name": self._name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": self.identity if holder is None else holder,
                "leaseDurationSeconds": max(1, round(self._terms.duration)),
                "acquireTime": since,
                "renewTime": self._stamp(),
                "leaseTransitions": changes,
            },
        }

    def _release(self) -> None:
        """Give the Lease back, so that the next one need not wait."""
        if not self.leads:
            return
        self.leads = False
        try:
            lease = get(self._transport, self._path)
            spec = mapping(lease or {}, "spec")
            if lease is not None and text(spec, "holderIdentity") == self.identity:
                changes = number(spec, "leaseTransitions") or 0
                metadata = mapping(lease, "metadata")
                content = self._lease(metadata, self._stamp(), changes, holder="")
                update(self._transport, self._path, content)
        except ClusterUnavailable as error:
            logger.info("lease not released", extra={"fields": {"reason": str(error)}})

    def _stamp(self) -> str:
        moment = self._now()
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
        return f"{whole}.{int(moment % 1 * 1e6):06d}Z"
