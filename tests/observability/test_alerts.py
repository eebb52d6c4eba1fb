"""Each alert fires for a real fault, alone, and ends with it: `make alerts` does them all."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest
from tests.faults.bed import SERVICES, Bed, Size, open_bed
from tests.observability.drills import DRILLS, MOST_SOCKETS, SHORT, SLOWNESS, Drill
from tests.observability.prometheus_server import (
    PROGRAM,
    Prometheus,
    run_prometheus,
    wait_until_up,
)
from tests.observability.rules import alerts

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL: Final = os.environ.get("ADDA_ALERTS") == "all"
PATIENCE_SECONDS: Final = 240.0
ENVIRONMENT: Final = {
    "ADDA_LIMIT_SESSION": "120/20",
    "ADDA_LIMIT_ROOM": "off",
    "ADDA_MAX_CONNECTIONS": str(MOST_SOCKETS),
    "ADDA_OUTBOX_BYTES": "65536",
    "ADDA_COMMAND_BURST": "5000",
    "ADDA_COMMAND_RATE": "5000",
}
JOBS: Final = {"api": "api_service", "ws": "ws_service", "worker": "worker"}

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="needs Prometheus: apt-get install prometheus"),
    pytest.mark.timeout(3000 if ALL else 400),
]


def targets_of(bed: Bed) -> dict[str, list[str]]:
    """Addresses by job, as DNS would tell them."""
    return {
        JOBS[kind]: [urlsplit(bed.stack.service_url(name)).netloc for name in bed.names(kind)]
        for kind in SERVICES
    }


async def run_drill(prometheus: Prometheus, bed: Bed, drill: Drill) -> Mapping[str, object]:
    """Sees the alert fire and end; returns after how many seconds, and what else fired."""
    allowed = {drill.alert} | drill.beside | SLOWNESS
    await prometheus.wait(lambda now: not now, PATIENCE_SECONDS)
    prometheus.seen.clear()
    began = time.monotonic()
    async with drill.act(bed):
        await prometheus.wait(lambda now: drill.alert in now, PATIENCE_SECONDS)
        fired = time.monotonic() - began
        healing = time.monotonic()
    await prometheus.wait(lambda now: drill.alert not in now, PATIENCE_SECONDS)
    ended = time.monotonic() - healing
    await prometheus.wait(lambda now: not now, PATIENCE_SECONDS)
    assert prometheus.seen <= allowed, f"{drill.alert}: also {prometheus.seen - allowed}"
    beside = sorted(prometheus.seen - {drill.alert})
    return {"fault": drill.fault, "fired": fired, "ended": ended, "beside": beside}


def keep(alert: str, figures: Mapping[str, object]) -> None:
    """For the page; beside those of earlier runs, each of which may do some of the drills."""
    print(alert, figures, flush=True)
    folder = os.environ.get("ADDA_ALERTS_RESULTS")
    if not folder:
        return
    path = Path(folder) / "alerts.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**found, alert: figures}, indent=1) + "\n", encoding="utf-8")


async def test_alerts_fire_for_real_faults_and_end_with_them(reachable_path: Path) -> None:
    asyncio.get_running_loop().set_debug(False)  # the crowd lives in this loop
    chosen = [drill for drill in DRILLS if ALL or drill.alert in SHORT]
    only = os.environ.get("ADDA_ALERTS_ONLY", "").split()
    with open_bed(reachable_path, Size(api=1, workers=1), ENVIRONMENT) as bed:
        targets = targets_of(bed)
        with run_prometheus(reachable_path / "prometheus", targets) as prometheus:
            await wait_until_up(prometheus, sum(map(len, targets.values())), 60)
            for drill in chosen:
                if only and drill.alert not in only:
                    continue
                keep(drill.alert, await run_drill(prometheus, bed, drill))


def test_every_alert_has_a_drill() -> None:
    assert sorted(drill.alert for drill in DRILLS) == sorted(alert.name for alert in alerts())
