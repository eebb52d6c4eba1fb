"""The page of benchmarks says what was measured, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import write_benchmarks


@pytest.fixture
def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(write_benchmarks.FIGURES.read_text(encoding="utf-8"))
    return loaded


def test_the_page_is_what_the_kept_figures_make(figures: dict[str, Any]) -> None:
    written = write_benchmarks.DOCUMENT.read_text(encoding="utf-8")
    assert written == write_benchmarks.document(figures)


def test_every_server_that_was_measured_has_a_row(figures: dict[str, Any]) -> None:
    page = write_benchmarks.document(figures)
    for server in figures["comparison"]["servers"].values():
        assert f"| {server['title']} |" in page


def test_ratios_are_those_of_medians() -> None:
    trials = [{"saturated": {"cpu_us_per_delivery": cost}} for cost in (1.0, 9.0, 2.0)]
    assert write_benchmarks.median({"trials": trials}, "saturated", "cpu_us_per_delivery") == 2.0
    assert write_benchmarks.median({"trials": [{"error": "gone"}]}, "saturated") is None


def test_a_run_without_the_comparison_makes_no_page(tmp_path: Path) -> None:
    before = write_benchmarks.DOCUMENT.read_text(encoding="utf-8")
    assert write_benchmarks.main([str(tmp_path)]) == 1
    assert write_benchmarks.DOCUMENT.read_text(encoding="utf-8") == before
