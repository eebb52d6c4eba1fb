"""The planner says what scaling.md says, never less for more, and nothing for nonsense."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, Final

import pytest
import write_scaling
from tests.conftest import ROOT
from tests.unit.deploy.capacity_planner.some_costs import COSTS

from capacity_planner.__main__ import FIGURES, MEASURED, main, size
from capacity_planner.arithmetic import Constants, NoSize
from capacity_planner.plan import (
    SOURCES,
    STORED_CONTENT_BYTES,
    Doors,
    Line,
    Nonsense,
    Question,
    plan,
    wall,
)

DOORS: Final = Doors(api_us=350.0, gateway_us=8.0, gateway_bytes=27_000)
GROWING: Final = [
    "rows",
    *("messages", "deliveries", "requests", "replicas", "primaries", "processes", "sockets"),
    *("cores for writing", "growth", "to clients"),
]
"""What more people, or more talk, must never make less."""


@pytest.fixture
def measured() -> tuple[Constants, Doors]:
    growth, benchmarks, gateway = (
        json.loads((FIGURES / f"{name}.json").read_text(encoding="utf-8")) for name in MEASURED
    )
    return Constants.of(growth), Doors.of(benchmarks, gateway)


def values(costs: Constants, question: Question) -> dict[tuple[str, str], float]:
    return {(line.part, line.what): line.value for line in plan(costs, DOORS, question)}


def test_a_plan_of_the_measured_crowds_is_that_of_the_page(
    measured: tuple[Constants, Doors],
) -> None:
    page = write_scaling.cases(json.loads((FIGURES / "growth.json").read_text(encoding="utf-8")))
    for case in page:
        question = Question(case.load.connections, message_bytes=STORED_CONTENT_BYTES)
        found = values(measured[0], question)
        assert found["ws_service", "replicas"] == case.servers.replicas
        assert found["Redis", "primaries"] == case.servers.redis
        assert found["worker", "processes"] == case.servers.workers
        assert found["ws_service", "busy"] == pytest.approx(case.busy("ws") * 100)
        daily = case.load.messages * 86_400 * case.costs.row_bytes
        assert found["PostgreSQL", "growth"] == pytest.approx(daily)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (Question(1e3), Question(1e4)),
        (Question(1e5), Question(1e6)),
        (Question(1e4, rate=100), Question(1e4, rate=1000)),
        (Question(1e4, hot_rate=10), Question(1e4, hot_rate=100)),
        (Question(1e4, requests=10), Question(1e4, requests=1e4)),
        (Question(1e4, message_bytes=60), Question(1e4, message_bytes=2000)),
        (Question(1e5, headroom=0.2), Question(1e5, headroom=0.7)),
        (Question(1e4, rooms=200), Question(1e4, rooms=20)),
    ],
)
def test_more_of_anything_never_needs_less(less: Question, more: Question) -> None:
    few, many = values(COSTS, less), values(COSTS, more)
    for name in few:
        if name[1] in GROWING:
            assert many[name] >= few[name], name
    assert many != few


def test_a_plan_keeps_the_headroom_that_was_asked_for() -> None:
    for headroom in (0.2, 0.5, 0.8):
        found = values(COSTS, Question(3e5, headroom=headroom))
        assert found["ws_service", "busy"] <= (1 - headroom) * 100


def test_what_is_asked_for_is_reckoned_with() -> None:
    found = values(COSTS, Question(1000, rooms=10, rate=50, hot_share=0, hot_rate=0, requests=0))
    assert found["crowd", "rooms"] == 10
    assert found["crowd", "messages"] == pytest.approx(50)
    assert found["crowd", "deliveries"] == pytest.approx(50 * 100)
    assert found["gateway", "to clients"] == pytest.approx(50 * 100 * 430)
    assert found["api_service", "replicas"] == 2


@pytest.mark.parametrize(
    "question",
    [
        *(Question(count) for count in (0, -1, 1e12, float("nan"), float("inf"))),
        *(Question(10, rooms=rooms) for rooms in (0, 11, -1)),
        *(Question(10, rate=rate) for rate in (-1, float("inf"))),
        *(Question(10, headroom=headroom) for headroom in (1, 1.5, -0.1)),
        *(Question(10, hot_share=share) for share in (1, 2, -0.1)),
        *(Question(10, message_bytes=count) for count in (-1, float("nan"))),
    ],
)
def test_a_crowd_that_cannot_be_gets_no_plan(question: Question) -> None:
    with pytest.raises(Nonsense):
        plan(COSTS, DOORS, question)


def test_a_room_too_hot_for_one_node_gets_no_plan() -> None:
    with pytest.raises(NoSize, match="redis"):
        plan(replace(COSTS, send_us=0, hear_us=0, write_us=0), DOORS, Question(1e4, hot_rate=1e5))
    with pytest.raises(NoSize, match="nobody talks"):
        wall(COSTS, Question(10, rate=0, hot_rate=0))


def test_each_constant_names_its_source() -> None:
    assert set(SOURCES) == {field.name for kind in (Constants, Doors) for field in fields(kind)}
    for source in SOURCES.values():
        assert (ROOT / "deploy" / "docs" / source.partition(":")[0]).is_file()


def test_numbers_are_shown_so_that_one_can_read_them() -> None:
    lines = [(87, ""), (1.2e9, "B/s"), (0.337, "")]
    shown = [size(Line("", "", value, unit, "")) for value, unit in lines]
    assert shown == ["87", "1.2 GB/s", "0.337"]


def test_the_program_prints_a_table_or_json_or_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--connections", "1e5"]) == 0
    table = capsys.readouterr().out
    assert "ws_service   replicas" in table
    assert "Full first" in table
    assert main(["--connections", "1e5", "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert set(told) == {"plan", "constants", "first_wall"}
    assert set(told["constants"]) == set(SOURCES)
    assert main(["--connections", "0"]) == 2
    assert "no plan" in capsys.readouterr().err
    assert main(["--connections", "1e5", "--hot-rate", "1e7"]) == 2
    assert "no number of servers" in capsys.readouterr().err
    assert main(["--connections", "1", "--figures", "/nowhere"]) == 2
