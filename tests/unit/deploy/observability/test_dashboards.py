from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import dashboards
import pytest
from tests.observability.rules import alerts, metrics_in, recorded, rules_named_in
from tests.unit.deploy.observability.test_rules import DECLARED

from shared.runtime.metrics import METRICS

if TYPE_CHECKING:
    from pathlib import Path

PANELS: list[dict[str, Any]] = dashboards.dashboard()["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel.get("targets", [])]


def test_the_dashboard_is_not_stale() -> None:
    written = dashboards.DOCUMENT.read_text(encoding="utf-8")
    assert written == dashboards.document(), "stale: run `make docs`"
    assert json.loads(written)["uid"] == "adda"


def test_no_query_names_a_metric_that_there_is_not() -> None:
    for expr in EXPRESSIONS:
        assert metrics_in(expr) <= DECLARED, expr
        assert rules_named_in(expr) <= set(recorded()), expr


def test_every_metric_is_looked_at_somewhere() -> None:
    looked_at = set()
    for expr in [*EXPRESSIONS, *recorded().values(), *(alert.expr for alert in alerts())]:
        looked_at |= metrics_in(expr)
    assert {metric.name for metric in METRICS} - looked_at == set()


def test_panels_have_numbers_of_their_own_and_stand_side_by_side() -> None:
    numbers = [panel["id"] for panel in PANELS]
    assert len(numbers) == len(set(numbers))
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= dashboards.WIDTH
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_first_row_is_one_screen_that_says_whether_chat_is_healthy() -> None:
    first = [panel for panel in PANELS if panel["gridPos"]["y"] == 0]
    assert len(first) == len(dashboards.HEALTH)
    assert {panel["type"] for panel in first} == {"stat"}


def test_every_panel_asks_the_data_source_that_is_provisioned() -> None:
    folder = dashboards.DOCUMENT.parents[1] / "provisioning" / "datasources"
    provisioned = (folder / "prometheus.yml").read_text(encoding="utf-8")
    assert f"uid: {dashboards.DATASOURCE['uid']}\n" in provisioned
    for panel in PANELS:
        for target in panel.get("targets", []):
            assert target["datasource"] == dashboards.DATASOURCE


def test_promtool_can_read_every_query(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    rules = "".join(
        f"      - record: query:{n}\n        expr: {json.dumps(expr)}\n"
        for n, expr in enumerate(EXPRESSIONS)
    ).replace("$__rate_interval", "1m")
    path = tmp_path / "queries.yml"
    path.write_text(f"groups:\n  - name: queries\n    rules:\n{rules}", encoding="utf-8")
    done = subprocess.run(
        [promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
