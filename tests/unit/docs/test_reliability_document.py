"""The page on reliability says what was measured, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import write_reliability


@pytest.fixture
def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(write_reliability.FIGURES.read_text(encoding="utf-8"))
    return loaded


def test_the_page_is_made_of_the_kept_figures(figures: dict[str, Any]) -> None:
    written = write_reliability.DOCUMENT.read_text(encoding="utf-8")
    assert written == write_reliability.document(figures)


def test_every_drill_of_the_run_is_in_the_figures(figures: dict[str, Any]) -> None:
    assert set(figures) >= write_reliability.NEEDED


def test_the_kept_run_met_its_bars(figures: dict[str, Any]) -> None:
    storm = figures["storm"]
    assert sum(storm["faults"].values()) >= 500
    assert min(storm["faults"].values()) >= 20
    assert storm["sent"] / storm["seconds"] >= 500
    for run in ("storm", "emptied_redis", "rolling_restart", "sentinel", "cluster"):
        assert figures[run]["violations"] == 0
        assert figures[run]["acked"] == figures[run]["sent"]
    assert figures["killed_replica"]["ghosts_gone_seconds"] <= 15
    assert figures["killed_replica"]["talk_again_p99_seconds"] <= 5
    assert figures["rolling_restart"]["peak_over_mean"] <= 2
    assert figures["deaf_link"]["green_after_seconds"] <= 30
    assert figures["postgres_away"]["p50_ratio"] <= 1.2
    assert figures["postgres_away"]["drained_seconds"] <= 30
    assert figures["state_equation"]["interleavings"] >= 10_000


def test_a_run_that_did_not_finish_makes_no_page(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "storm.json").write_text("{}")
    before = write_reliability.DOCUMENT.read_text(encoding="utf-8")
    assert write_reliability.main([str(tmp_path)]) == 1
    assert "the run has not finished cluster, deaf_link" in capsys.readouterr().out
    assert write_reliability.DOCUMENT.read_text(encoding="utf-8") == before
