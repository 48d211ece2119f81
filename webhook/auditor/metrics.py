"""What the auditor shows to Prometheus. No object is ever a label; others are bounded."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import Counter as CounterMetric
from prometheus_client import Gauge
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from webhook.runtime.metric_registry import ApiClientMetrics

MAX_RULES = 300
"""Values of the label rule: every rule id and some hundred validations of policies."""
MAX_NAMESPACES = 200
"""Values of the label namespace; a series for each pair would be 60,000, of which few exist."""
OTHER = "other"
"""The value for everything beyond a limit, so that sums stay correct."""

FindingCounts = Mapping[tuple[str, str], int]
"""Findings of one object, by rule and action ("exempt": by an exception)."""


class AuditorMetrics(ApiClientMetrics):
    """What the auditor counts."""

    def __init__(self) -> None:
        super().__init__(writes="apply and delete")
        registry = self._registry
        self._passes = CounterMetric(
            "graphgate_audit_passes",
            "Audits of all objects, by result.",
            ["result"],
            registry=registry,
        )
        self._last_pass = Gauge(
            "graphgate_audit_last_success_timestamp_seconds",
            "Time of the last audit of all objects.",
            registry=registry,
        )

    def count_pass(self, *, completed_at: float | None) -> None:
        """Count an audit of every object; None: it could not be completed."""
        self._passes.labels("failed" if completed_at is None else "completed").inc()
        if completed_at is not None:
            self._last_pass.set(completed_at)

    def register_findings(
        self, snapshot: Callable[[], Iterable[tuple[str, str, FindingCounts]]]
    ) -> None:
        """Show findings and verdicts; `snapshot` gives namespace, verdict and counts of each."""
        self._registry.register(_FindingsCollector(snapshot))


class _FindingsCollector(Collector):
    def __init__(self, snapshot: Callable[[], Iterable[tuple[str, str, FindingCounts]]]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the sums at this moment."""
        objects: Counter[tuple[str, str]] = Counter()
        findings: Counter[tuple[str, str, str]] = Counter()
        for namespace, verdict, counts in self._snapshot():
            objects[namespace, verdict] += 1
            for (rule, action), number in counts.items():
                findings[rule, action, namespace] += number
        namespaces = _most_frequent(((key[0], n) for key, n in objects.items()), MAX_NAMESPACES)
        rules = _most_frequent(((key[0], n) for key, n in findings.items()), MAX_RULES)
        bounded_findings: Counter[tuple[str, str, str]] = Counter()
        for (rule, action, namespace), number in findings.items():
            key = _bound(rule, rules), action, _bound(namespace, namespaces)
            bounded_findings[key] += number
        bounded_objects: Counter[tuple[str, str]] = Counter()
        for (namespace, verdict), number in objects.items():
            bounded_objects[_bound(namespace, namespaces), verdict] += number
        yield _family(
            "graphgate_audit_findings",
            "Findings in the objects of the cluster; exempt: covered by an exception.",
            ("rule", "action", "namespace"),
            bounded_findings,
        )
        yield _family(
            "graphgate_audit_objects",
            "SeldonDeployments of the cluster, by verdict.",
            ("namespace", "verdict"),
            bounded_objects,
        )


def _most_frequent(counts: Iterable[tuple[str, int]], limit: int) -> frozenset[str]:
    sums: Counter[str] = Counter()
    for name, number in counts:
        sums[name] += number
    ordered = sorted(sums, key=lambda name: (-sums[name], name))
    return frozenset(ordered[:limit])


def _bound(name: str, known: frozenset[str]) -> str:
    return name if name in known else OTHER


def _family(
    name: str, text: str, labels: tuple[str, ...], counts: Mapping[Any, int]
) -> GaugeMetricFamily:
    """Return a metric; `counts` has a tuple of the labels' values for each number."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in sorted(counts.items()):
        family.add_metric(values, number)
    return family
