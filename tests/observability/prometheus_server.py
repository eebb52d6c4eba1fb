"""A real Prometheus that scrapes a stack of the tests by the rules of the product."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
from tests.observability.rules import ALERTS, RECORDING, SCRAPE_SECONDS, in_a_hurry

from local_stack.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

PROGRAM: Final = shutil.which("prometheus")
PROMTOOL: Final = shutil.which("promtool")
LOOK_SECONDS: Final = 0.25


@dataclass(slots=True)
class Prometheus:
    """Running, and asked over HTTP."""

    base: str
    seen: set[str]
    """Alerts that were seen firing since this was cleared."""

    async def firing(self) -> set[str]:
        """Names of alerts that fire now."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            answer: Any = (await http.get(f"{self.base}/api/v1/alerts")).json()
        names = {
            a["labels"]["alertname"] for a in answer["data"]["alerts"] if a["state"] == "firing"
        }
        self.seen |= names
        return names

    async def value(self, expr: str) -> float | None:
        """The only value of an expression, if there is one."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            answer: Any = (
                await http.get(f"{self.base}/api/v1/query", params={"query": expr})
            ).json()
        found = answer["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    async def wait(self, holds: Callable[[set[str]], bool], seconds: float) -> float:
        """Returns after how many seconds the alerts that fire were as wanted."""
        began = time.monotonic()
        while not holds(now := await self.firing()):
            assert time.monotonic() - began < seconds, f"firing: {sorted(now)}"
            await asyncio.sleep(LOOK_SECONDS)
        return time.monotonic() - began


@contextmanager
def run_prometheus(directory: Path, targets: Mapping[str, Sequence[str]]) -> Iterator[Prometheus]:
    """Scrapes `targets` (addresses by job) every 2 s, and judges as often."""
    assert PROGRAM is not None
    directory.mkdir()
    for rules in (ALERTS, RECORDING):
        text = in_a_hurry(rules.read_text(encoding="utf-8"))
        (directory / rules.name).write_text(text, encoding="utf-8")
    jobs = "".join(
        f"  - job_name: {job}\n    static_configs: [{{targets: [{', '.join(addresses)}]}}]\n"
        for job, addresses in targets.items()
    )
    every = f"{SCRAPE_SECONDS}s"
    (directory / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {every}, scrape_timeout: {every}, evaluation_interval: 1s}}\n"
        f"rule_files: [recording.yml, alerts.yml]\nscrape_configs:\n{jobs}"
    )
    [port] = free_ports(1)
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                PROGRAM,
                f"--config.file={directory}/prometheus.yml",
                f"--storage.tsdb.path={directory}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            yield Prometheus(f"http://127.0.0.1:{port}", set())
        finally:
            process.terminate()
            process.wait(20)


async def wait_until_up(prometheus: Prometheus, targets: int, seconds: float) -> None:
    """Returns when every target was scraped."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if await prometheus.value("sum(up)") == targets:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "Prometheus does not reach the stack"
        await asyncio.sleep(LOOK_SECONDS)
