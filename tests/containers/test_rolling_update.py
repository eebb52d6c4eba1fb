"""An update of the socket service under a thousand people: none of them misses anything."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.containers.bed import bed_of
from tests.faults.catalogue import Fault
from tests.faults.crowd import Load, gather_crowd
from tests.faults.leftovers import FORESEEN
from tests.faults.results import record
from tests.faults.storm import Lane, storm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

    from tests.containers.compose import ComposeStack
    from tests.faults.bed import Bed

CLIENTS = 1000
LOAD = Load(
    rooms=CLIENTS // 20,
    clients=CLIENTS,
    rest_authors=5,
    messages_per_second=50,
    cuts_per_second=0,
)


@contextmanager
def followed_logs(stack: ComposeStack, path: Path) -> Iterator[None]:
    """Those of containers that are removed meanwhile, too."""
    command = ["docker", "compose", "--project-name", stack.project]
    command += ["logs", "--follow", "--no-color", "--no-log-prefix"]
    with path.open("w") as file:
        follower = subprocess.Popen(
            [*command, "api_service", "ws_service", "worker"], stdout=file, stderr=file
        )
        try:
            yield
        finally:
            follower.terminate()
            follower.wait(20)


def errors_in(log: Path) -> list[str]:
    lines = [line for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
    assert lines
    return [
        line
        for line in lines
        if json.loads(line).get("level") in {"error", "critical"}
        and not any(event in line for event in FORESEEN)
    ]


def rolling_update(stack: ComposeStack) -> Fault:
    async def act(_bed: Bed, _chance: Random) -> None:
        command = "python3 deploy/compose/roll.py --restart ws_service"
        await asyncio.to_thread(stack.run, command)

    return Fault("rolling update of ws_service", act)


@pytest.mark.alone
async def test_a_thousand_people_miss_nothing_of_an_update(
    stack: ComposeStack, tmp_path: Path
) -> None:
    asyncio.get_running_loop().set_debug(False)
    before = set(stack.containers("ws_service"))
    (tmp_path / "logs").mkdir()
    bed = await asyncio.to_thread(bed_of, stack, tmp_path / "logs")
    with followed_logs(stack, tmp_path / "followed.log"):
        crowd = await gather_crowd(bed, LOAD)
        outcome = await storm(bed, crowd, [Lane([rolling_update(stack)], 1, calm=3.0)], seed=1)
    outcome.assert_clean()
    after = set(stack.containers("ws_service"))
    assert len(after) == 3
    assert not before & after
    assert outcome.reconnects >= CLIENTS
    assert errors_in(tmp_path / "followed.log") == []
    print(outcome.figures())
    record("containers_rolling_update", outcome.figures() | {"clients": CLIENTS})


async def ask_on(stack: ComposeStack, answers: Counter[int]) -> None:
    """Some people who ask what needs no other server, until cancelled."""

    async def reader(http: httpx.AsyncClient) -> None:
        while True:
            answers[(await http.get("/api/")).status_code] += 1
            await asyncio.sleep(0.05)

    async with (
        httpx.AsyncClient(base_url=stack.url, trust_env=False, timeout=30) as http,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(8):
            group.create_task(reader(http))


async def test_an_update_of_the_rest_service_refuses_nobody(stack: ComposeStack) -> None:
    answers: Counter[int] = Counter()
    asking = asyncio.create_task(ask_on(stack, answers))
    for _ in range(2):
        command = "python3 deploy/compose/roll.py --restart api_service"
        await asyncio.to_thread(stack.run, command)
    await asyncio.sleep(3)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    print(answers)
    assert set(answers) == {200}
