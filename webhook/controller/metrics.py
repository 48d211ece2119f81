"""What the reconciler counts, for Prometheus; `docs/reconciler.md` lists it for people.

Labels take values from small closed sets: no object or namespace is ever a label.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

# A look that sends nothing takes a millisecond; one that sends ten requests, tens; 30 s is the
# longest wait for one answer.
_DURATION_BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0)


class ControllerMetrics:
    """One registry of its own, and one method for each event."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._reconciles = Counter(
            "graphgate_reconcile",
            "Looks at an object, by what came of it.",
            ["result"],
            registry=registry,
        )
        self._durations = Histogram(
            "graphgate_reconcile_duration_seconds",
            "How long a look took, requests included.",
            buckets=_DURATION_BUCKETS,
            registry=registry,
        )
        self._requests = Counter(
            "graphgate_api_requests",
            "Requests to the API server, by verb and kind; apply, status and delete are writes.",
            ["verb", "kind"],
            registry=registry,
        )
        self._dropped_events = Counter(
            "graphgate_events_dropped",
            "Events that could not be recorded.",
            registry=registry,
        )
        self._dropped_log_lines = Counter(
            "graphgate_log_lines_dropped",
            "Log lines lost because nobody read the output.",
            registry=registry,
        )

    def observe_reconcile(self, outcome: str, seconds: float) -> None:
        """Count one look at an object."""
        self._reconciles.labels(outcome).inc()
        self._durations.observe(seconds)

    def count_request(self, verb: str, kind: str) -> None:
        """Count one request."""
        self._requests.labels(verb, kind).inc()

    def count_dropped_event(self) -> None:
        """Count an event that nobody will read."""
        self._dropped_events.inc()

    def count_dropped_log_lines(self, number: int) -> None:
        """Count lost log lines."""
        self._dropped_log_lines.inc(number)

    def register_gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show `value`, asked at each scrape, as graphgate_NAME."""
        gauge = Gauge(f"graphgate_{name}", text, registry=self._registry)
        gauge.set_function(value)

    def render_metrics(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
