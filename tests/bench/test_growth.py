"""Each curve can be drawn; its figures are those of a stack that has seen next to nothing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.bench.growth import QUICK, brief, rounded, run
from tests.bench.long import LONG

from local_stack.accounts import forget_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="ws_service has a processor of its own"
)


@pytest.fixture
def directory(reachable_path: Path) -> Iterator[Path]:
    yield reachable_path
    forget_home(reachable_path)


def test_people_in_one_room_hear_all(directory: Path) -> None:
    rows = run("receivers", directory, quick=True)
    assert [row["receivers"] for row in rows] == list(QUICK["receivers"]["sizes"])
    for row in rows:
        for way in ("one_by_one", "saturated", "at_half"):
            assert row[way]["missing"] == 0
            assert row[way]["cpu_us_per_delivery"] > 0


@LONG
def test_messages_of_all_rooms_are_acknowledged(directory: Path) -> None:
    rows = run("rooms", directory, quick=True)
    assert all(row["acked_per_second"] > 0 for row in rows)
    assert all(row["acking_ms"]["count"] == row["sent"] for row in rows)


@LONG
def test_people_of_all_replicas_hear_all(directory: Path) -> None:
    rows = run("replicas", directory, quick=True)
    assert [row["one_by_one"]["missing"] for row in rows] == [0] * len(rows)


def test_rooms_of_all_primaries_are_heard(directory: Path) -> None:
    [row] = run("primaries", directory, quick=True)
    assert (row["primaries"], row["replicas"], row["missing"]) == (2, 2, 0)
    assert row["cpu_us_per_message"]["valkey"] > 0


def test_a_room_and_a_connection_take_memory(directory: Path) -> None:
    found = run("memory", directory, quick=True)
    assert found["hot_room"]["bytes_by_key"]["log"] > 50 * 64
    assert found["hot_room"]["dedup_bytes_per_message"] > 0
    assert found["idle"]["connections"][0]["valkey_bytes_per_connection"] > 0


@LONG
def test_messages_that_were_made_are_read(directory: Path) -> None:
    [row] = run("stored", directory, quick=True)
    assert row["bytes_per_message"] > 100
    assert all(took[cache]["p50"] > 0 for took in row["ms"].values() for cache in ("cold", "warm"))


def test_figures_have_four_digits() -> None:
    assert rounded({"a": [1.23456, (7,)], "b": "text"}) == {"a": [1.235, [7]], "b": "text"}


def test_what_is_shown_of_a_row_is_a_line() -> None:
    row: dict[str, Any] = {"a": 1, "b": {"c": 2.0, "d": {"e": 3}}, "f": {"g": {"h": 4}}}
    assert json.dumps(brief(row)) == '{"a": 1, "b": {"c": 2.0}, "f": {"g": ["h"]}}'
