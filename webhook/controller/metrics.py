"""What the reconciler counts, for Prometheus; `docs/reconciler.md` lists it for people.

Labels take values from small closed sets: no object or namespace is ever a label.
"""

from prometheus_client import Counter, Histogram

from webhook.runtime.metric_registry import ApiClientMetrics

# A reconciliation without requests takes a millisecond; one with ten requests, tens; 30 s is the
# longest wait for one answer.
_DURATION_BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0)


class ControllerMetrics(ApiClientMetrics):
    """What the reconciler counts, with one method for each event."""

    def __init__(self) -> None:
        super().__init__(writes="apply, status and delete")
        registry = self._registry
        self._reconciles = Counter(
            "graphgate_reconcile",
            "Reconciliations of an object, by result.",
            ["result"],
            registry=registry,
        )
        self._durations = Histogram(
            "graphgate_reconcile_duration_seconds",
            "Duration of a reconciliation, including requests.",
            buckets=_DURATION_BUCKETS,
            registry=registry,
        )
        self._dropped_events = Counter(
            "graphgate_events_dropped",
            "Events that could not be recorded.",
            registry=registry,
        )

    def observe_reconcile(self, outcome: str, seconds: float) -> None:
        """Count one reconciliation."""
        self._reconciles.labels(outcome).inc()
        self._durations.observe(seconds)

    def count_dropped_event(self) -> None:
        """Count an Event that was dropped."""
        self._dropped_events.inc()
