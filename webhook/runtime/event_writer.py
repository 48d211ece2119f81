"""Events of Kubernetes: what `kubectl get events` shows people. Written later, by a thread.

Events may be late or lost; what they report is not.
"""

import itertools
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from webhook.errors import KubeApiUnavailableError
from webhook.runtime.background_queue import BackgroundQueue

logger = logging.getLogger("graphgate")

COMPONENT = "graphgate"
MAX_MESSAGE_LENGTH = 1024
"""Characters of a message (source: Kubernetes, validation of events)."""

MAX_REFERENCE_LENGTH = 253
"""Characters of a name, and of whatever else refers to an object. A webhook is asked before the API
server looks at a name: it may have a megabyte, and an Event is stored for an hour."""

_FLUSH_TIMEOUT_SECONDS = 2.0


class EventWriter:
    """Hands Events to `create`, one after the other. Its own context manager.

    create       gets an Event; raises KubeApiUnavailableError if it cannot be created
    on_drop      is called for each that is lost
    max_pending  maximum waiting Events; adding never blocks
    """

    def __init__(
        self,
        create: Callable[[dict[str, Any]], object],
        on_drop: Callable[[], None],
        *,
        max_pending: int,
    ) -> None:
        self._create = create
        self._on_drop = on_drop
        self._queue = BackgroundQueue(
            "events", self._write, max_pending=max_pending, flush_timeout=_FLUSH_TIMEOUT_SECONDS
        )
        # Unique among all replicas and restarts: the name of an Event must be.
        self._sequence = itertools.count(time.time_ns() * 1_000 + os.getpid() % 1_000)

    def __enter__(self) -> Self:
        self._queue.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.__exit__()

    def add(
        self,
        name: str,
        involved: Mapping[str, str],
        *,
        event_type: str,
        reason: str,
        message: str,
        action: str = "",
    ) -> bool:
        """Have an Event of this moment created; return False if too many wait.

        name      what its name begins with; a number follows
        involved  the reference of the object that it is about
        """
        timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            # A name has at most 253 characters; the number has 19 hex digits at most.
            "metadata": {
                "name": f"{name[:220]}.{next(self._sequence):x}",
                "namespace": involved["namespace"],
            },
            "involvedObject": {
                field: value[:MAX_REFERENCE_LENGTH] for field, value in involved.items()
            },
            "reason": reason,
            "message": message[:MAX_MESSAGE_LENGTH],
            "type": event_type,
            **({"action": action} if action else {}),
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": COMPONENT,
            "firstTimestamp": timestamp,
            "lastTimestamp": timestamp,
            "count": 1,
        }
        if not self._queue.add(event):
            self._on_drop()
            return False
        return True

    def _write(self, event: dict[str, Any]) -> None:
        try:
            self._create(event)
        except KubeApiUnavailableError as error:
            self._on_drop()
            logger.info("event_dropped", extra={"fields": {"reason": str(error)}})
