"""The pages of metrics, logs and alerts are what the code says."""

from __future__ import annotations

import write_alerts
import write_metrics
from tests.observability.rules import alerts

from shared.runtime.metrics import METRICS


def test_the_page_of_metrics_is_not_stale() -> None:
    written = write_metrics.METRICS_DOCUMENT.read_text(encoding="utf-8")
    assert written == write_metrics.metrics_document(), "stale: run `make docs`"


def test_the_page_of_metrics_has_a_row_for_each() -> None:
    page = write_metrics.metrics_document()
    for metric in METRICS:
        assert page.count(f"| `{metric.name}` |") == 1


def test_the_page_of_logs_is_not_stale() -> None:
    written = write_metrics.LOGS_DOCUMENT.read_text(encoding="utf-8")
    assert written == write_metrics.logs_document(), "stale: run `make docs`"


def test_the_page_of_alerts_is_what_its_figures_say() -> None:
    written = write_alerts.DOCUMENT.read_text(encoding="utf-8")
    assert written == write_alerts.document(write_alerts.kept())


def test_every_alert_was_seen_to_fire_and_to_end() -> None:
    found = write_alerts.kept()
    assert sorted(found) == sorted(alert.name for alert in alerts())
    assert all(row["fired"] > 0 and row["ended"] > 0 for row in found.values())
