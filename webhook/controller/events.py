"""Events: what `kubectl describe` shows of changes. Said once, by a thread of their own.

They are for people, so they are allowed to be late and to be lost; reconciling is not.
"""

import itertools
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from webhook.controller.api import ResourceClient
from webhook.errors import KubeApiUnavailableError
from webhook.graph.model import get_mapping, get_str

logger = logging.getLogger("graphgate")

COMPONENT = "graphgate"
MAX_MESSAGE_LENGTH = 1024
"""Characters of a message (source: Kubernetes, validation of events)."""

_MAX_PENDING = 1_000
_NORMAL_REASONS = frozenset({"Applied", "Available"})


class EventRecorder:
    """Creates events. `start` it, call it, `stop` it."""

    def __init__(
        self,
        api: ResourceClient,
        on_drop: Callable[[], None],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._on_drop = on_drop
        self._now = now
        self._pending: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue(_MAX_PENDING)
        # Unique among all replicas and restarts: the name of an event must be.
        self._sequence = itertools.count(int(now() * 1e6) * 1_000 + os.getpid() % 1_000)
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> None:
        """End after what waits, for two seconds at most."""
        try:
            self._pending.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(2.0)

    def __call__(self, document: Mapping[str, Any], reason: str, message: str) -> None:
        """Have people told that something happened to a SeldonDeployment."""
        metadata = get_mapping(document, "metadata")
        namespace, name = get_str(metadata, "namespace"), get_str(metadata, "name")
        timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now()))
        log_fields = {"object": f"{namespace}/{name}", "reason": reason, "message": message}
        logger.log(
            logging.INFO if reason in _NORMAL_REASONS else logging.WARNING,
            "reconciled",
            extra={"fields": log_fields},
        )
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            # A name has at most 253 characters; the number has 17 hex digits at most.
            "metadata": {"name": f"{name[:220]}.{next(self._sequence):x}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": get_str(document, "apiVersion"),
                "kind": "SeldonDeployment",
                "name": name,
                "namespace": namespace,
                "uid": get_str(metadata, "uid"),
                "resourceVersion": get_str(metadata, "resourceVersion"),
            },
            "reason": reason,
            "message": message[:MAX_MESSAGE_LENGTH],
            "type": "Normal" if reason in _NORMAL_REASONS else "Warning",
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": timestamp,
            "lastTimestamp": timestamp,
            "count": 1,
        }
        try:
            self._pending.put_nowait((namespace, event))
        except queue.Full:
            self._on_drop()

    def _run(self) -> None:
        while (entry := self._pending.get()) is not None:
            namespace, event = entry
            try:
                self._api.create_event(namespace, event)
            except KubeApiUnavailableError as error:
                self._on_drop()
                logger.info("event_dropped", extra={"fields": {"reason": str(error)}})
