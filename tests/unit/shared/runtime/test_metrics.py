from __future__ import annotations

import re

import pytest

from shared.runtime.metrics import METRICS, Metric, Service, metrics_of

UNITS = ("_seconds", "_bytes", "_ratio", "_entries", "_total")
COUNTS = {
    "adda_build_info",
    "adda_ready",
    "adda_part_failing",
    "adda_connections",
    "adda_connections_limit",
    "adda_connections_paused",
    "adda_arriving",
    "adda_people",
    "adda_rooms_open",
    "adda_messages_behind_gaps",
    "adda_redis_waiting_calls",
    "adda_subscription_probe_hears",
    "adda_postgres_breaker_open",
    "adda_postgres_connections_in_use",
    "adda_postgres_connections_limit",
    "adda_postgres_waiting",
    "adda_dead_letters",
}
"""Gauges that count things, or say yes or no: their unit is their name."""


def test_no_name_stands_twice() -> None:
    # A counter's family is named without its `_total`, and a gauge must not be called so.
    names = [metric.name.removesuffix("_total") for metric in METRICS]
    assert len(names) == len(set(names))


def test_the_names_that_others_rely_on_do_not_change() -> None:
    """An autoscaler scales by them: `deploy` and dashboards of others name them."""
    names = {metric.name: metric.services for metric in METRICS}
    assert names["adda_connections"] == (Service.WS,)
    assert names["adda_ingest_lag_entries"] == (Service.WORKER,)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_says_its_unit_and_its_kind(metric: Metric) -> None:
    assert re.fullmatch(r"adda(_[a-z]+)+", metric.name)
    assert metric.name in COUNTS or metric.name.endswith(UNITS)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert metric.buckets == tuple(sorted(set(metric.buckets)))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_says_what_it_means_and_has_few_series(metric: Metric) -> None:
    assert metric.help[0].isupper() or metric.help[0].isdigit()
    assert not metric.help.endswith(".")
    assert metric.services
    series = 1
    for label in metric.labels:
        series *= len(label.values) or 1
    assert series <= 40


@pytest.mark.parametrize("service", Service)
def test_every_service_tells_whether_it_is_well(service: Service) -> None:
    names = {metric.name for metric in metrics_of(service)}
    assert {"adda_build_info", "adda_ready", "adda_event_loop_lag_seconds"} <= names
