"""Rules and dashboard ask for metrics that there are; each alert has its section in the runbook."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from tests.conftest import ROOT
from tests.observability.rules import (
    ALERTS,
    FOLDER,
    RECORDING,
    Alert,
    alerts,
    in_a_hurry,
    metrics_in,
    recorded,
    rules_named_in,
)

from shared.runtime.metrics import METRICS

OTHERS: Final = {
    *("up", "process_open_fds", "process_max_fds", "process_cpu_seconds_total"),
    "process_resident_memory_bytes",
}
"""Prometheus' own, and those of every process."""
DECLARED: Final = {metric.name for metric in METRICS} | OTHERS
RUNBOOK: Final = ROOT / "deploy" / "docs" / "runbook.md"


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_asks_for_metrics_that_there_are(alert: Alert) -> None:
    assert metrics_in(alert.expr) <= DECLARED
    assert rules_named_in(alert.expr) <= set(recorded())


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_says_how_bad_it_is_and_where_the_remedy_stands(alert: Alert) -> None:
    assert alert.severity in {"critical", "warning"}
    assert alert.summary
    assert alert.runbook == f"deploy/docs/runbook.md#{alert.name.lower()}"
    headings = re.findall(r"^### (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings.count(alert.name) == 1


def test_the_runbook_has_no_section_of_an_alert_that_is_no_more() -> None:
    headings = set(
        re.findall(r"^### (Adda\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert headings == {alert.name for alert in alerts()}


def test_recording_rules_read_metrics_that_there_are() -> None:
    assert recorded()
    for expr in recorded().values():
        assert metrics_in(expr) <= DECLARED
        assert metrics_in(expr)


def test_promtool_finds_no_fault_in_the_rules() -> None:
    done = promtool("check", "rules", str(RECORDING), str(ALERTS))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["prometheus.yml", "one-machine.yml"])
def test_promtool_finds_no_fault_in_the_configuration(name: str) -> None:
    done = promtool("check", "config", str(FOLDER / name))
    assert done.returncode == 0, done.stderr


def test_in_a_hurry_the_rules_are_the_same_but_for_their_times(tmp_path: Path) -> None:
    text = ALERTS.read_text(encoding="utf-8")
    hurried = in_a_hurry(text)
    assert not re.search(r"\d+m\b", hurried)
    timeless = re.compile(r"for: \w+|\[[\w:]+\]")
    assert timeless.sub("", hurried) == timeless.sub("", text)
    (tmp_path / "alerts.yml").write_text(hurried, encoding="utf-8")
    done = promtool("check", "rules", str(tmp_path / "alerts.yml"))
    assert done.returncode == 0, done.stderr


def test_names_are_found_in_expressions() -> None:
    expr = 'sum(rate(adda_x_seconds_bucket{job="adda_y"}[5m])) / up > adda:z_seconds:p99'
    assert metrics_in(expr) == {"adda_x_seconds", "up"}
    assert rules_named_in(expr) == {"adda:z_seconds:p99"}
