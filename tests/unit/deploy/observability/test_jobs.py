"""Alerts pick replicas out by their job: containers and one machine scrape by the same names.

Kubernetes does, too: `tests/kubernetes/test_alerts.py`.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import yaml
from tests.conftest import ROOT
from tests.observability.rules import ALERTS, FOLDER, RECORDING, jobs_in

GUIDE: Final = ROOT / "deploy" / "vm" / "README.md"
UNIT_OF: Final = {"api_service": "adda-api", "ws_service": "adda-ws", "worker": "adda-worker"}
"""By the name of a job."""


def scraped(name: str) -> dict[str, Any]:
    """What a configuration scrapes, by the names of the jobs."""
    read = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {one["job_name"]: one for one in read["scrape_configs"]}


def asked_for() -> set[str]:
    return jobs_in(ALERTS.read_text("utf-8")) | jobs_in(RECORDING.read_text("utf-8"))


def test_jobs_are_found_in_expressions() -> None:
    assert jobs_in('up{job=~"a|b_c"} == 0 or x{le="1", job!="d"}') == {"a", "b_c", "d"}


@pytest.mark.parametrize("name", ["prometheus.yml", "one-machine.yml"])
def test_a_job_that_rules_ask_for_is_one_that_is_scraped(name: str) -> None:
    assert asked_for() == set(scraped(name)) == set(UNIT_OF)


def test_on_one_machine_every_replica_that_the_guide_starts_is_scraped() -> None:
    started = set(re.findall(r"\b(adda-\w+)@(\d+)", GUIDE.read_text(encoding="utf-8")))
    [more] = re.findall(r"Another replica .*?`(adda-\w+)@(\d+)`", GUIDE.read_text(encoding="utf-8"))
    found = {
        (UNIT_OF[job], target.removeprefix("127.0.0.1:"))
        for job, one in scraped("one-machine.yml").items()
        for target in one["static_configs"][0]["targets"]
    }
    assert found == started - {more}
