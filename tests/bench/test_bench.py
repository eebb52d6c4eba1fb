"""The benchmark in small: every part of it runs and makes sense. Times are never judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import write_benchmarks
from tests.bench.__main__ import main
from tests.bench.long import LONG


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a quick comparison with the peers that every machine has."""
    folder = tmp_path_factory.mktemp("bench")
    only = ["--only", "fastapi-naive", "kernel"]
    assert main(["compare", "--quick", "--rounds", "1", "--out", str(folder), *only]) == 0
    return folder


def test_the_product_and_its_peers_lose_nothing(folder: Path) -> None:
    figures = json.loads((folder / "comparison.json").read_text())
    assert set(figures["servers"]) == {"adda", "fastapi-naive", "kernel"}
    for name, server in figures["servers"].items():
        for trial in server["trials"]:
            assert "error" not in trial, f"{name}: {trial['error']}"
            assert trial["one_by_one"]["missing"] == 0, name
            assert trial["at_half"]["missing"] == 0, name
            assert trial["saturated"]["deliveries_per_second"] > 0, name
    [first, *_] = figures["servers"]["adda"]["trials"]
    assert first["saturated"]["acked"] > 0


def test_the_page_has_a_row_for_each_server(folder: Path) -> None:
    figures = {"comparison": json.loads((folder / "comparison.json").read_text())}
    page = write_benchmarks.document(figures)
    for title in ("| Adda |", "FastAPI", "kernel"):
        assert title in page


@pytest.mark.parametrize(
    "name",
    [
        "hot_room",
        "join_storm",
        *(
            pytest.param(name, marks=LONG)
            for name in ("publishes_many_rooms", "accept", "reconnect_storm")
        ),
    ],
)
def test_a_promised_figure_can_be_measured(name: str, tmp_path: Path) -> None:
    assert main(["bars", "--quick", "--only", name, "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "bars.json").read_text())["bars"]
    assert set(figures) == {name}
    assert write_benchmarks.bars_section({"bars": {"bars": figures}})
