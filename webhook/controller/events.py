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

from webhook.controller.api import Api
from webhook.errors import ClusterUnavailable
from webhook.graph.model import mapping, text

logger = logging.getLogger("graphgate")

COMPONENT = "graphgate"
LONGEST = 1024
"""Characters of a message (source: Kubernetes, validation of events)."""

_MOST_WAITING = 1_000
_NORMAL = frozenset({"Applied", "Available"})


class Recorder:
    """Creates events. `start` it, call it, `stop` it."""

    def __init__(
        self,
        api: Api,
        on_drop: Callable[[], None],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._on_drop = on_drop
        self._now = now
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue(_MOST_WAITING)
        # Unique among all replicas and restarts: the name of an event must be.
        self._number = itertools.count(int(now() * 1e6) * 1_000 + os.getpid() % 1_000)
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> None:
        """End after what waits, for two seconds at most."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(2.0)

    def __call__(self, document: Mapping[str, Any], reason: str, message: str) -> None:
        """Have people told that something happened to a SeldonDeployment."""
        metadata = mapping(document, "metadata")
        namespace, name = text(metadata, "namespace"), text(metadata, "name")
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now()))
        fields = {"object": f"{namespace}/{name}", "reason": reason, "message": message}
        logger.log(
            logging.INFO if reason in _NORMAL else logging.WARNING,
            "reconciled",
            extra={"fields": fields},
        )
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            # A name has at most 253 characters; the number has 17 hex digits at most.
            "metadata": {"name": f"{name[:220]}.{next(self._number):x}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": text(document, "apiVersion"),
                "kind": "SeldonDeployment",
                "name": name,
                "namespace": namespace,
                "uid": text(metadata, "uid"),
                "resourceVersion": text(metadata, "resourceVersion"),
            },
            "reason": reason,
            "message": message[:LONGEST],
            "type": "Normal" if reason in _NORMAL else "Warning",
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
        try:
            self._waiting.put_nowait((namespace, event))
        except queue.Full:
            self._on_drop()

    def _run(self) -> None:
        while (entry := self._waiting.get()) is not None:
            namespace, event = entry
            try:
                self._api.create_event(namespace, event)
            except ClusterUnavailable as error:
                self._on_drop()
                logger.info("event lost", extra={"fields": {"reason": str(error)}})
