"""Events on denials: what `kubectl get events` shows of objects that were refused.

For people who did not see the response, because a GitOps tool did. A thread creates the Event after
the response, and Events may be lost. An author may cause thousands of denials: so the same denial
is reported once in ten minutes, with a few per minute for a namespace, and one per second in
total. Never on a dry run, which must have no side effects.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from webhook.admission import Endpoint, ReviewResult
from webhook.graph.well_known import SELDON_API_VERSION
from webhook.runtime.event_writer import COMPONENT, EventWriter
from webhook.server.handler import ReviewHandler

if TYPE_CHECKING:
    from webhook.kube.transport import Transport
    from webhook.runtime.metrics import ServerMetrics

REASON = "Denied"
REPEAT_SECONDS = 600.0
"""Seconds in which the same denial is not reported again: a GitOps tool retries every minute or
so."""
EVENTS_PER_NAMESPACE = 10
"""Events of one namespace per minute, so that one author cannot displace those of others."""
EVENTS_PER_MINUTE = 60
"""Events of all namespaces a minute. Kubernetes keeps them for an hour: at most 3,600 in etcd."""
_MAX_REMEMBERED = 2_000
_MAX_PENDING = 100
_MINUTE = 60.0


class DenialEvents:
    """Makes Events of denials. Its own context manager: the thread runs in between."""

    def __init__(
        self, transport: "Transport", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._writer = EventWriter(self._create, self._count_dropped, max_pending=_MAX_PENDING)
        self._told: OrderedDict[bytes, float] = OrderedDict()
        self._minute = clock()
        self._in_minute: dict[str, int] = {}
        self.created = 0
        self.dropped = 0

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.__exit__()

    def around(self, handle_review: ReviewHandler) -> ReviewHandler:
        """Return a handler that also reports denials."""

        def handle(body: bytes, endpoint: Endpoint) -> ReviewResult:
            result = handle_review(body, endpoint)
            if result.verdict == "denied":
                self.record(result)
            return result

        return handle

    def record(self, result: ReviewResult) -> None:
        """Report a denial, unless it was a dry run or exceeds a limit; does not block."""
        if result.dry_run or not result.namespace:
            return
        text = "\0".join((result.namespace, result.name, result.denial))
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        told_at = self._told.get(key)
        if told_at is not None and self._clock() - told_at < REPEAT_SECONDS:
            return
        if not self._has_room(result.namespace):
            self._count_dropped()
            return
        if not self._add(result):
            return
        self._told[key] = self._clock()
        self._told.move_to_end(key)
        if len(self._told) > _MAX_REMEMBERED:
            self._told.popitem(last=False)

    def register_metrics(self, metrics: "ServerMetrics") -> None:
        """Show how many were made and how many were not."""
        metrics.register_counter(
            "denial_events", "Events created for denials.", lambda: self.created
        )
        metrics.register_counter(
            "denial_events_dropped",
            "Denials without an Event: too many at once, or rejected by the API server.",
            lambda: self.dropped,
        )

    def _has_room(self, namespace: str) -> bool:
        now = self._clock()
        if now - self._minute >= _MINUTE:
            self._minute, self._in_minute = now, {}
        number = self._in_minute.get(namespace, 0)
        if number >= EVENTS_PER_NAMESPACE or sum(self._in_minute.values()) >= EVENTS_PER_MINUTE:
            return False
        self._in_minute[namespace] = number + 1
        return True

    def _add(self, result: ReviewResult) -> bool:
        # Not the object's name, which may be one that Kubernetes does not take.
        return self._writer.add(
            f"{COMPONENT}-denied",
            {
                "apiVersion": SELDON_API_VERSION,
                "kind": "SeldonDeployment",
                "name": result.name,
                "namespace": result.namespace,
                **({"uid": result.object_uid} if result.object_uid else {}),
            },
            event_type="Warning",
            reason=REASON,
            message=result.denial.encode("utf-8", "replace").decode(),
            action=result.operation.lower().capitalize(),
        )

    def _create(self, event: dict[str, Any]) -> None:
        from webhook.kube import collection_path, create

        namespace = event["metadata"]["namespace"]
        create(self._transport, collection_path("v1", "Event", namespace), event)
        self.created += 1

    def _count_dropped(self) -> None:
        self.dropped += 1
