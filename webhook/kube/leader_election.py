"""Leader election: the holder of the Lease reconciles, the others keep their caches warm.

Expiry is counted from when a change of the Lease was observed, on the local monotonic clock: the
clocks of two machines are never compared (as in client-go's leader election). A holder that cannot
renew in time stops before another may start. The API server's conflict (409) decides between two
at once.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.errors import KubeApiUnavailableError
from webhook.graph.model import get_int, get_mapping, get_str
from webhook.graph.well_known import LEASE_API_VERSION
from webhook.kube import ApiStatusError, Transport, collection_path, create, get, update

logger = logging.getLogger("graphgate")


@dataclass(frozen=True, slots=True)
class LeaseConfig:
    """Seconds; the defaults are those of Kubernetes' own controllers.

    lease_duration  seconds without a renewal after which a Lease is free
    renew_deadline  seconds without a renewal after which the holder gives up, before others may
                    start
    retry_period    between tries, and up to a fifth more at random
    """

    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0


class LeaderElector:
    """Takes part in the election in a thread of its own; leads once at most."""

    def __init__(
        self,
        transport: Transport,
        *,
        namespace: str,
        name: str,
        identity: str,
        config: LeaseConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._collection = collection_path(LEASE_API_VERSION, "Lease", namespace)
        self._path = f"{self._collection}/{name}"
        self._name = name
        self._namespace = namespace
        self.identity = identity
        self._config = config or LeaseConfig()
        self._clock = clock
        self._now = now
        self._jitter = jitter
        self._observed_record: tuple[str, float] = ("", clock())
        self._renewed_at = 0.0
        self.is_leader = False
        self.holder = ""
        self._stopping = threading.Event()

    def run(
        self, on_started_leading: Callable[[], None], on_stopped_leading: Callable[[], object]
    ) -> None:
        """Try until `stop`; call `on_elected` once, and `on_lost` if it is lost afterwards."""
        while not self._stopping.is_set():
            was_leader = self.is_leader
            self.try_acquire_or_renew()
            if self.is_leader and not was_leader:
                logger.info("leader_elected", extra={"fields": {"identity": self.identity}})
                on_started_leading()
            elif was_leader and not self.is_leader:
                logger.error("leader_lost", extra={"fields": {"holder": self.holder}})
                on_stopped_leading()
                return
            self._stopping.wait(self._config.retry_period * (1.0 + 0.2 * self._jitter()))
        self._release()

    def stop(self) -> None:
        """Have `run` give the Lease back and return."""
        self._stopping.set()

    def try_acquire_or_renew(self) -> None:
        """Try once to take or to renew the Lease; sets `leads`."""
        # From before the request: a slow answer must not make the Lease seem younger than it is.
        started_at = self._clock()
        try:
            if self._acquire_or_renew(get(self._transport, self._path), started_at):
                self._renewed_at = started_at
                self.is_leader = True
                return
            self.is_leader = False
        except KubeApiUnavailableError as error:
            conflict = isinstance(error, ApiStatusError) and error.status == 409
            if not conflict:
                logger.warning(
                    "leader_election_request_failed", extra={"fields": {"reason": str(error)}}
                )
            if self.is_leader and self._clock() - self._renewed_at >= self._config.renew_deadline:
                self.is_leader = False

    def _acquire_or_renew(self, lease: Mapping[str, Any] | None, now: float) -> bool:
        if lease is None:
            create(self._transport, self._collection, self._build_lease({}, self._timestamp(), 0))
            return True
        spec = get_mapping(lease, "spec")
        self.holder = get_str(spec, "holderIdentity")
        version = get_str(get_mapping(lease, "metadata"), "resourceVersion")
        if self._observed_record[0] != version:
            self._observed_record = (version, now)
        is_holder = self.holder == self.identity
        if self.holder and not is_holder and not self._has_expired(spec, now):
            return False
        transitions = get_int(spec, "leaseTransitions") or 0
        acquire_time = get_str(spec, "acquireTime") if is_holder else self._timestamp()
        content = self._build_lease(
            get_mapping(lease, "metadata"), acquire_time, transitions + (not is_holder)
        )
        update(self._transport, self._path, content)
        return True

    def _has_expired(self, spec: Mapping[str, Any], now: float) -> bool:
        """Return whether the Lease was unchanged, as seen from here, for as long as it holds."""
        duration = get_int(spec, "leaseDurationSeconds") or self._config.lease_duration
        return now - self._observed_record[1] >= duration

    def _build_lease(
        self,
        metadata: Mapping[str, Any],
        acquire_time: str,
        transitions: int,
        *,
        holder: str | None = None,
    ) -> dict[str, Any]:
        # What others wrote (Helm's labels) stays; managedFields are the API server's own.
        kept_metadata = {key: value for key, value in metadata.items() if key != "managedFields"}
        return {
            "apiVersion": LEASE_API_VERSION,
            "kind": "Lease",
            "metadata": {**kept_metadata, "name": self._name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": self.identity if holder is None else holder,
                "leaseDurationSeconds": max(1, round(self._config.lease_duration)),
                "acquireTime": acquire_time,
                "renewTime": self._timestamp(),
                "leaseTransitions": transitions,
            },
        }

    def _release(self) -> None:
        """Give the Lease back, so that the next one need not wait."""
        if not self.is_leader:
            return
        self.is_leader = False
        try:
            lease = get(self._transport, self._path)
            spec = get_mapping(lease or {}, "spec")
            if lease is not None and get_str(spec, "holderIdentity") == self.identity:
                transitions = get_int(spec, "leaseTransitions") or 0
                metadata = get_mapping(lease, "metadata")
                content = self._build_lease(metadata, self._timestamp(), transitions, holder="")
                update(self._transport, self._path, content)
        except KubeApiUnavailableError as error:
            logger.info("lease_release_failed", extra={"fields": {"reason": str(error)}})

    def _timestamp(self) -> str:
        now = self._now()
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        return f"{seconds}.{int(now % 1 * 1e6):06d}Z"
