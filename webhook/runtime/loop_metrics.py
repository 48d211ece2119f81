"""Counters for what one event loop counts with every call.

Those of prometheus_client take a lock for each number, since any thread may count: a few
microseconds for each review. Here counting is an addition; metrics must be collected in the same
thread, as the server's health port does.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class LoopCounter(Collector):
    """A counter with labels.

    counts  how often by the values of the labels, in their order; add to it
    """

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self.counts: Counter[tuple[object, ...]] = Counter()
        self._name, self._text, self._labels = name, text, labels

    def collect(self) -> Iterator[Metric]:
        """Yield the one metric."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for values, count in self.counts.items():
            family.add_metric([str(value) for value in values], count)
        yield family


class LoopHistogram(Collector):
    """A histogram with one label."""

    def __init__(self, name: str, text: str, label: str, buckets: Sequence[float]) -> None:
        """Take the upper bounds of the buckets but the last, which has none."""
        self._name, self._text, self._label, self._buckets = name, text, label, buckets
        self._counts: dict[str, list[int]] = {}
        self._sums: defaultdict[str, float] = defaultdict(float)

    def observe(self, value: str, amount: float) -> None:
        """Count an amount under a value of the label."""
        counts = self._counts.get(value)
        if counts is None:
            counts = self._counts[value] = [0] * (len(self._buckets) + 1)
        counts[bisect_left(self._buckets, amount)] += 1
        self._sums[value] += amount

    def collect(self) -> Iterator[Metric]:
        """Yield the one metric."""
        family = HistogramMetricFamily(self._name, self._text, labels=[self._label])
        bounds = [*map(floatToGoString, self._buckets), "+Inf"]
        for value, counts in self._counts.items():
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            family.add_metric([value], buckets, sum_value=self._sums[value])
        yield family
