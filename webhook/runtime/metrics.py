"""What is counted, for Prometheus. `docs/operations/server.md` lists it for people.

Labels take values from small closed sets: no object, namespace or user is ever a label.
"""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import Counter, Gauge
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook.runtime.health import Check
from webhook.runtime.loop_metrics import LoopCounter, LoopHistogram
from webhook.runtime.metric_registry import MetricRegistry

# From half a millisecond (a small review takes 0.1) to the 10 s after which no caller waits.
_DURATION_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0)
# Rules number about a hundred and policies are an operator's; whatever exceeds it is counted
# together, so that no policy can fill the memory.
_MAX_RULE_SERIES = 1000
_STATE_VALUES = {"ok": 0, "degraded": 1, "failed": 2}


class ServerMetrics(MetricRegistry):
    """What the server counts, with one method for each event."""

    def __init__(self) -> None:
        super().__init__()
        registry = self._registry
        self._requests = LoopCounter(
            "graphgate_requests",
            "Calls answered, by endpoint (mutate, validate, other) and HTTP status.",
            ("endpoint", "code"),
        )
        self._durations = LoopHistogram(
            "graphgate_request_duration_seconds",
            "Time from the head of a call to its response.",
            "endpoint",
            _DURATION_BUCKETS,
        )
        self._decisions = LoopCounter(
            "graphgate_admission_decisions",
            "Objects evaluated, by decision (allowed, denied).",
            ("endpoint", "decision"),
        )
        self._findings = LoopCounter(
            "graphgate_findings",
            "Findings, by rule and the action taken.",
            ("rule", "action"),
        )
        for collector in (self._requests, self._durations, self._decisions, self._findings):
            registry.register(collector)
        self._rule_errors = Counter(
            "graphgate_rule_errors",
            "Rules or policies that crashed.",
            registry=registry,
        )
        self._aborted_connections = Counter(
            "graphgate_connections_aborted",
            "Connections ended because the peer kept them waiting, by reason.",
            ["reason"],
            registry=registry,
        )
        self._reload_failures = Counter(
            "graphgate_reload_failures",
            "Changed files that could not be loaded, by source.",
            ["source"],
            registry=registry,
        )

    def observe_request(self, endpoint: str, code: int, seconds: float) -> None:
        """Count one answered call."""
        self._requests.counts[endpoint, code] += 1
        self._durations.observe(endpoint, seconds)

    def observe_decision(
        self, endpoint: str, verdict: str, findings: Sequence[tuple[str, str]], failures: int
    ) -> None:
        """Count one evaluated object; `findings` are (rule, action)."""
        self._decisions.counts[endpoint, verdict] += 1
        counts = self._findings.counts
        for finding in findings:
            is_full = finding not in counts and len(counts) >= _MAX_RULE_SERIES
            counts[("other", finding[1]) if is_full else finding] += 1
        if failures:
            self._rule_errors.inc(failures)

    def count_aborted_connection(self, reason: str) -> None:
        """Count a connection that was ended because its peer kept it waiting."""
        self._aborted_connections.labels(reason).inc()

    def count_reload_failure(self, source: str) -> None:
        """Count changed files that could not be used."""
        self._reload_failures.labels(source).inc()

    def register_info(self, name: str, text: str, label: str, value: Callable[[], str]) -> None:
        """Show graphgate_NAME{label="…"} 1 with the text of this moment; nothing while it is ""."""
        self._registry.register(_CallbackInfo(f"graphgate_{name}", text, label, value))

    def register_counter(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show `value`, which only rises and is called at each scrape, as graphgate_NAME_total."""
        self._registry.register(_CallbackCounter(f"graphgate_{name}", text, value))

    def register_checks(self, checks: Sequence[Check]) -> None:
        """Show the state of each readiness check: 0 ok, 1 degraded, 2 failed."""
        gauge = Gauge(
            "graphgate_readiness_check_state",
            "Readiness checks: 0 ok, 1 degraded, 2 failed.",
            ["check"],
            registry=self._registry,
        )
        for check in checks:
            gauge.labels(check.name).set_function(
                lambda probe=check.probe: _STATE_VALUES[probe().state]  # type: ignore[misc]
            )

    def register_reload_sources(self, names: Sequence[str]) -> None:
        """Show a zero for each source, so that the first failure is a change and not a birth."""
        for name in names:
            self._reload_failures.labels(name)


class _CallbackCounter(Collector):
    """A counter whose value is computed elsewhere."""

    def __init__(self, name: str, text: str, value: Callable[[], float]) -> None:
        self._name, self._text, self._value = name, text, value

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(self._name, self._text, value=self._value())


class _CallbackInfo(Collector):
    """One label value that is computed elsewhere; always one series."""

    def __init__(self, name: str, text: str, label: str, value: Callable[[], str]) -> None:
        self._name, self._text, self._label, self._value = name, text, label, value

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._text, labels=[self._label])
        if label_value := self._value():
            family.add_metric([label_value], 1)
        yield family
