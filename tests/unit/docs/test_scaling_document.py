"""The page on scaling says what was measured, and what follows from it."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import write_scaling
from draw_scaling import PICTURES, draw, picture
from scaling_tables import Case, arithmetic, number, percent, size, table, walls
from tests.bench.growth import CURVES
from tests.unit.deploy.capacity_planner.some_costs import COSTS
from tests.unit.docs.markdown_files import tables_of

from capacity_planner.arithmetic import Limits, Load

CASES = [Case.of(COSTS, Limits(), Load(people)) for people in write_scaling.CROWDS]


@pytest.fixture
def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(write_scaling.FIGURES.read_text(encoding="utf-8"))
    return loaded


def test_the_page_is_made_of_the_kept_figures(figures: dict[str, Any]) -> None:
    written = write_scaling.DOCUMENT.read_text(encoding="utf-8")
    assert written == write_scaling.document(figures)


def test_every_curve_of_the_run_is_in_the_figures(figures: dict[str, Any]) -> None:
    assert set(figures) == {*CURVES, "machine", "quick", "simulation"}
    assert not figures["quick"]


def test_each_cost_stands_in_its_own_column(figures: dict[str, Any]) -> None:
    page = write_scaling.document(figures)
    [rows] = [rows for rows in tables_of(page) if rows[0][:2] == ["rooms", "ws"]]
    kinds = [title.lower().replace("postgresql", "postgres") for title in rows[0][1:-1]]
    for shown, row in zip(rows[1:], figures["rooms"], strict=True):
        costs = [f"{number(row['cpu_us_per_message'][kind])} µs" for kind in kinds]
        assert shown[1:-1] == costs


def test_all_that_was_said_in_the_kept_run_was_heard(figures: dict[str, Any]) -> None:
    for row in figures["receivers"]:
        assert [row[way]["missing"] for way in ("one_by_one", "saturated", "at_half")] == [0] * 3
    assert [row["missing"] for row in figures["rooms"]] == [0] * len(figures["rooms"])


def test_the_kept_simulation_agrees_with_the_arithmetic(figures: dict[str, Any]) -> None:
    assert [run["connections"] for run in figures["simulation"]] == list(write_scaling.CROWDS)
    reckoned = [case.busy("ws") for case in write_scaling.cases(figures)]
    for run, ws in zip(figures["simulation"], reckoned, strict=True):
        assert run["reckoned"]["ws"] == pytest.approx(ws, rel=0.01)
        assert run["utilisation"] == pytest.approx(run["reckoned"], rel=0.1)


def test_the_pictures_are_kept_beside_the_page_and_can_be_drawn(
    figures: dict[str, Any], tmp_path: Any
) -> None:
    assert draw(figures, tmp_path) == [picture(curve) for curve in PICTURES]
    page = write_scaling.DOCUMENT.read_text(encoding="utf-8")
    for curve in PICTURES:
        assert f"({picture(curve)})" in page
        for folder in (tmp_path, write_scaling.DOCUMENT.parent):
            svg = (folder / picture(curve)).read_text(encoding="utf-8")
            assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own


def test_a_run_that_did_not_finish_or_was_quick_makes_no_page(
    figures: dict[str, Any], tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write_scaling.DOCUMENT.read_text(encoding="utf-8")
    run = tmp_path / "growth.json"
    run.write_text(json.dumps({"rooms": []}))
    assert write_scaling.main([str(run)]) == 1
    assert (
        "has not measured memory, primaries, receivers, replicas, stored" in capsys.readouterr().out
    )
    run.write_text(json.dumps(figures | {"quick": True}))
    assert write_scaling.main([str(run)]) == 1
    assert "too short" in capsys.readouterr().out
    assert write_scaling.DOCUMENT.read_text(encoding="utf-8") == before


def test_every_letter_in_a_formula_is_a_row_of_the_table() -> None:
    [rows] = tables_of(arithmetic(CASES))
    letters = [row[0] for row in rows[1:]]
    assert letters == [chr(ord("a") + place) for place in range(len(letters))]
    for row in rows[1:]:
        used = set(re.findall(r"(?<![\w%])[a-z](?![\w/])", row[2])) - {"s"}
        assert used <= set(letters), row


def test_the_numbers_of_the_table_follow_from_each_other() -> None:
    [rows] = tables_of(arithmetic(CASES))
    value = {row[0]: row[-1].strip("*").split()[0].replace(",", "") for row in rows[1:]}
    of = {letter: float(text) for letter, text in value.items()}
    assert of["a"] + of["b"] == 1_000_000
    assert of["e"] == pytest.approx(of["c"] * 50 + of["d"] * of["b"], rel=0.01)
    assert of["f"] == max(of["g"], of["h"], of["i"])
    assert of["k"] == pytest.approx((of["c"] + of["d"]) * COSTS.send_us / 1e6, rel=0.01)
    heard = of["c"] * of["j"] + of["d"] * of["f"]
    assert of["l"] == pytest.approx(heard * COSTS.hear_us / 1e6, rel=0.01)
    assert of["m"] == pytest.approx(of["e"] * COSTS.write_us / 1e6, rel=0.01)
    busy = (of["k"] + of["l"] + of["m"] + of["n"]) / of["f"] * 100
    assert of["o"] == pytest.approx(busy, rel=0.01)
    assert of["r"] == pytest.approx(of["p"] / (0.5 - of["q"]), abs=1)


def test_walls_are_the_inverse_of_costs() -> None:
    [rows] = tables_of(walls(CASES))
    full = {row[0]: row[1] for row in rows[1:]}
    assert full["ws processor, deliveries/s"] == "100,000 to 1,000,000"
    assert full["worker, rows/s"] == "25,000"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (12.34, "12.3"), (1234.4, "1,230"), (1_000_000, "1,000,000")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_shares_sizes_and_tables_are_told_plainly() -> None:
    assert percent(0.6) == "60 %"
    assert [size(count) for count in (12, 20_480, 2.5e9)] == ["12 B", "20.5 KB", "2.5 GB"]
    assert table(("a", "b"), [(1, 2)]) == "| a | b |\n|---|---|\n| 1 | 2 |\n"
