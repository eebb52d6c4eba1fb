from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.runtime.health import Readiness
from shared.runtime.histogram import Histogram
from shared.runtime.metrics import (
    BREAKER_OPEN,
    CLOSES,
    CONNECTIONS,
    LIMITS_REACHED,
    PUBLISH_SECONDS,
    REDIS_CALLS,
    Service,
)
from shared.runtime.metrics_page import MetricsPage

if TYPE_CHECKING:
    from shared.runtime.metrics_page import Readings

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def page_of(readings: Readings, *failing: str) -> MetricsPage:
    async def is_ready() -> Readiness:
        return Readiness(failing)

    async def read() -> Readings:
        return readings

    return MetricsPage(Service.WS, is_ready, read)


async def samples_of(readings: Readings, *failing: str) -> Samples:
    text, _ = await page_of(readings, *failing).render("")
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def test_a_plain_number_is_told_as_it_is() -> None:
    samples = await samples_of({CONNECTIONS: 3, BREAKER_OPEN: 1})
    assert samples["adda_connections", ()] == 3
    assert samples["adda_postgres_breaker_open", ()] == 1


async def test_what_was_never_counted_is_nought_so_that_the_first_is_an_increase() -> None:
    samples = await samples_of({CLOSES: {"flood": 2}})
    assert samples["adda_closes_total", (("reason", "flood"),)] == 2
    assert samples["adda_closes_total", (("reason", "slow_consumer"),)] == 0


async def test_several_labels_are_told_each_by_its_name() -> None:
    samples = await samples_of({LIMITS_REACHED: {("room", "true"): 4}})
    assert samples["adda_limits_reached_total", (("dry_run", "true"), ("scope", "room"))] == 4
    assert samples["adda_limits_reached_total", (("dry_run", "false"), ("scope", "slow"))] == 0


async def test_histograms_have_buckets_a_sum_and_a_count() -> None:
    times = Histogram(PUBLISH_SECONDS.buckets)
    times.observe(0.004)
    times.observe(9.0)
    samples = await samples_of({PUBLISH_SECONDS: times, REDIS_CALLS: {"publish": times}})
    assert samples["adda_publish_seconds_bucket", (("le", "0.005"),)] == 1
    assert samples["adda_publish_seconds_bucket", (("le", "+Inf"),)] == 2
    assert samples["adda_publish_seconds_count", ()] == 2
    assert samples["adda_publish_seconds_sum", ()] == pytest.approx(9.004)
    assert samples["adda_redis_call_seconds_count", (("call", "publish"),)] == 2


async def test_readiness_names_what_is_missing() -> None:
    samples = await samples_of({}, "broker")
    assert samples["adda_ready", ()] == 0
    assert samples["adda_part_failing", (("part", "broker"),)] == 1
    assert samples["adda_part_failing", (("part", "redis"),)] == 0


async def test_the_process_itself_is_measured() -> None:
    names = {name for name, _ in await samples_of({})}
    assert {"process_resident_memory_bytes", "process_open_fds", "python_info"} <= names


async def test_exemplars_are_told_to_who_asks_for_openmetrics() -> None:
    times = Histogram(PUBLISH_SECONDS.buckets)
    times.observe(0.004, lambda: {"request_id": "a1b2"})
    page = page_of({PUBLISH_SECONDS: times})
    plain, _ = await page.render("text/plain")
    openly, content_type = await page.render(OPEN_METRICS)
    assert b"a1b2" not in plain
    assert b'# {request_id="a1b2"} 0.004' in openly
    assert content_type.startswith("application/openmetrics-text")


async def test_two_pages_do_not_know_of_each_other() -> None:
    one, other = page_of({}), page_of({})
    assert one.registry is not other.registry
