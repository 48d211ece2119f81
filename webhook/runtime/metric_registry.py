"""The metrics of one process, which all that graphgate runs as have in common.

Labels take values from small closed sets: no object or user is ever a label.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import generate_latest


class MetricRegistry:
    """One registry of its own; subclasses have one method for each event."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._dropped_log_lines = Counter(
            "graphgate_log_lines_dropped",
            "Log lines lost because the output was not read.",
            registry=self._registry,
        )

    def count_dropped_log_lines(self, number: int) -> None:
        """Count lost log lines."""
        self._dropped_log_lines.inc(number)

    def register_gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show `value`, called at each scrape, as graphgate_NAME."""
        Gauge(f"graphgate_{name}", text, registry=self._registry).set_function(value)

    def render_metrics(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class ApiClientMetrics(MetricRegistry):
    """Those of a process that writes to the API server."""

    def __init__(self, writes: str) -> None:
        """Take the verbs that are writes, as the help text names them."""
        super().__init__()
        self._api_requests = Counter(
            "graphgate_api_requests",
            f"Requests to the API server, by verb and kind; {writes} are writes.",
            ["verb", "kind"],
            registry=self._registry,
        )

    def count_request(self, verb: str, kind: str) -> None:
        """Count one request."""
        self._api_requests.labels(verb, kind).inc()
