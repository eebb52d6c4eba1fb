"""The load generator against a real stack: what it tells is true. Times are never judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT
from tests.load.__main__ import main
from tests.load.scenarios import SCENARIOS, room_of
from tests.load.tally import Durations

from local_stack.stack import Stack

SMALL = ("--clients", "20", "--seconds", "3", "--join-seconds", "0.5", "--processes", "2")


def play(stack: Stack, folder: Path, scenario: str, *more: str) -> dict[str, Any]:
    assert main([stack.url, "--scenario", scenario, *SMALL, "--out", str(folder), *more]) == 0
    assert (folder / f"{scenario}.svg").is_file()
    assert (folder / f"{scenario}.png").is_file()
    told: dict[str, Any] = json.loads((folder / f"{scenario}.json").read_text())
    return told


def test_everybody_hears_every_message_once(stack: Stack, tmp_path: Path) -> None:
    told = play(stack, tmp_path, "hot-room", "--rate", "20")
    totals = told["totals"]
    assert told["most_connected"] == 20
    assert totals["joined"] == 20
    assert totals["sent"] == totals["acked"] == 60
    assert totals["delivered"] == 60 * 20
    assert (totals["lost"], totals["doubled"]) == (0, 0)
    assert told["milliseconds"]["delivering"]["count"] == 60 * 20
    assert told["milliseconds"]["acking"]["count"] == 60


def test_who_is_cut_off_comes_back_and_misses_nothing(stack: Stack, tmp_path: Path) -> None:
    told = play(stack, tmp_path, "reconnect-storm", "--rate", "20", "--seconds", "5")
    assert told["closes"] == {"1006": 20}
    assert told["totals"]["joined"] == 40
    assert told["totals"]["recovered"] > 0
    assert (told["totals"]["lost"], told["totals"]["doubled"]) == (0, 0)


@pytest.mark.parametrize("scenario", ["many-rooms", "slow-readers", "mixed-day"])
def test_every_scenario_plays(stack: Stack, tmp_path: Path, scenario: str) -> None:
    assert play(stack, tmp_path, scenario)["totals"]["delivered"] > 0


def test_a_place_without_a_stack_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["http://127.0.0.1:9", "--out", str(tmp_path)]) == 2
    assert "no rooms at" in capsys.readouterr().out


def test_a_locust_talks(stack: Stack) -> None:
    options = ["--headless", "--users", "3", "--spawn-rate", "3", "--run-time", "8s", "--json"]
    place = ["-f", str(ROOT / "tests/load/locustfile.py"), "--host", stack.url]
    run = subprocess.run(
        [sys.executable, "-m", "locust", *place, *options],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    counts = {row["name"]: row["num_requests"] for row in json.loads(run.stdout)}
    assert counts["join"] == 3
    assert counts["ack"] > 0


def test_rooms_of_a_mixed_day_differ_in_size() -> None:
    scenario = SCENARIOS["mixed-day"]
    sizes = [0] * scenario.rooms
    for client in range(1000):
        sizes[room_of(scenario, client)] += 1
    assert sizes[0] > 3 * sizes[2] > 0
    assert sum(sizes) == 1000


def test_other_scenarios_share_their_rooms_evenly() -> None:
    scenario = SCENARIOS["many-rooms"]
    assert {room_of(scenario, client) for client in range(500)} == set(range(scenario.rooms))


def test_durations_become_a_histogram_of_microseconds() -> None:
    durations = Durations()
    for millisecond in range(1, 101):
        durations.add(millisecond * 1_000_000)
    histogram = durations.take()
    assert histogram.get_total_count() == 100
    assert abs(histogram.get_value_at_percentile(50) - 50_000) < 100
    assert durations.take().get_total_count() == 0


def test_a_message_that_was_sent_late_counts_from_when_it_was_due() -> None:
    durations = Durations()
    due = time.monotonic_ns() - 5_000_000_000
    durations.add(time.monotonic_ns() - due)
    assert durations.take().get_value_at_percentile(100) >= 5_000_000
