"""Events: what `kubectl describe` shows of changes.

They are for people, so they are allowed to be late and to be lost; reconciling is not.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from webhook.controller.api import ResourceClient
from webhook.graph.model import get_mapping, get_str
from webhook.graph.well_known import SELDON_KIND
from webhook.runtime.event_writer import EventWriter

logger = logging.getLogger("graphgate")

_MAX_PENDING = 1_000
_NORMAL_REASONS = frozenset({"Applied", "Available"})


class EventRecorder:
    """Creates events. `start` it, call it, `stop` it."""

    def __init__(self, api: ResourceClient, on_drop: Callable[[], None]) -> None:
        self._writer = EventWriter(
            lambda event: api.create_event(event["metadata"]["namespace"], event),
            on_drop,
            max_pending=_MAX_PENDING,
        )

    def start(self) -> None:
        """Begin; once."""
        self._writer.__enter__()

    def stop(self) -> None:
        """End after what waits, for two seconds at most."""
        self._writer.__exit__()

    def __call__(self, document: Mapping[str, Any], reason: str, message: str) -> None:
        """Record an Event on a SeldonDeployment."""
        metadata = get_mapping(document, "metadata")
        namespace, name = get_str(metadata, "namespace"), get_str(metadata, "name")
        is_normal = reason in _NORMAL_REASONS
        log_fields = {"object": f"{namespace}/{name}", "reason": reason, "message": message}
        logger.log(
            logging.INFO if is_normal else logging.WARNING,
            "reconciled",
            extra={"fields": log_fields},
        )
        self._writer.add(
            name,
            {
                "apiVersion": get_str(document, "apiVersion"),
                "kind": SELDON_KIND,
                "name": name,
                "namespace": namespace,
                "uid": get_str(metadata, "uid"),
                "resourceVersion": get_str(metadata, "resourceVersion"),
            },
            event_type="Normal" if is_normal else "Warning",
            reason=reason,
            message=message,
        )
