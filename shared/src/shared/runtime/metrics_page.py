"""The page `/metrics` of one process: reads plain numbers when Prometheus asks.

One registry per process, made by the service's wiring. Nothing here is on the way of a message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import (
    CounterMetricFamily,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from typing_extensions import override

from shared.protocol.views import SystemInfo
from shared.runtime.histogram import Histogram
from shared.runtime.metrics import BUILD, PART_FAILING, READY, Metric

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric as Family

    from shared.runtime.health import Readiness, ReadinessCheck
    from shared.runtime.metrics import Service

Reading = float | Histogram | Mapping[Any, float] | Mapping[str, Histogram]
"""What a metric is now; by label value where it has a label, by a tuple of them where several."""

Readings = Mapping[Metric, Reading]
Read = Callable[[], Awaitable[Readings]]


class MetricsPage:
    """Of one process."""

    def __init__(self, service: Service, is_ready: ReadinessCheck, read: Read) -> None:
        """`read` may leave out what cannot be known now; it is then not on the page."""
        self._service = service
        self._is_ready = is_ready
        self._read = read
        self._collector = _ReadingsCollector()
        self.registry = CollectorRegistry()
        self.registry.register(self._collector)
        for collect in (ProcessCollector, PlatformCollector, GCCollector):
            collect(registry=self.registry)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The page and its content type; OpenMetrics, with exemplars, for who accepts it."""
        readings = {**self._own(await self._is_ready()), **await self._read()}
        encode, content_type = choose_encoder(accept)
        self._collector.readings = readings  # nothing waits between here and the encoding
        return encode(self.registry), content_type

    def _own(self, readiness: Readiness) -> Readings:
        return {
            BUILD: {(self._service.value, SystemInfo().version): 1},
            READY: int(readiness.ready),
            PART_FAILING: dict.fromkeys(readiness.failing, 1),
        }


class _ReadingsCollector(Collector):
    """Turns readings into what prometheus-client writes."""

    def __init__(self) -> None:
        self.readings: Readings = {}

    @override
    def collect(self) -> Iterable[Family]:
        return [family_of(metric, reading) for metric, reading in self.readings.items()]


def family_of(metric: Metric, reading: Reading) -> Family:
    """One metric with all its label values; those that were never counted are 0.

    So the first of a kind is an increase, which an alert can see.
    """
    names = [label.name for label in metric.labels]
    by_labels = _by_labels(metric, reading)
    if metric.kind == "histogram":
        histogram_family = HistogramMetricFamily(metric.name, metric.help, labels=names)
        for values, histogram in by_labels.items():
            assert isinstance(histogram, Histogram)  # noqa: S101 - a reading of the wrong kind
            histogram_family.add_metric(values, _buckets(histogram), histogram.total)
        return histogram_family
    make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = make(metric.name, metric.help, labels=names)
    for values, value in by_labels.items():
        assert not isinstance(value, Histogram)  # noqa: S101 - as above
        family.add_metric(values, value)
    return family


def _by_labels(metric: Metric, reading: Reading) -> dict[tuple[str, ...], float | Histogram]:
    if not isinstance(reading, Mapping):
        return {(): reading}
    found: dict[tuple[str, ...], float | Histogram] = {}
    if all(label.values for label in metric.labels):
        found = dict.fromkeys(product(*(label.values for label in metric.labels)), 0)
    for values, value in reading.items():
        found[(values,) if isinstance(values, str) else values] = value
    return found


def _buckets(histogram: Histogram) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
    found: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
    for upto, count, seen in histogram.buckets():
        bound = "+Inf" if upto == float("inf") else str(upto)
        if seen is None:
            found.append((bound, count))
        else:
            found.append((bound, count, Exemplar(dict(seen.labels), seen.value, seen.at)))
    return found
