from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import SecretStr
from tests.integration.worker.harness import Ingest, worker_process
from tests.metrics_text import scrape
from tests.patience import eventually

from shared.runtime.metrics import Service
from worker.wiring import open_deps

if TYPE_CHECKING:
    import pytest

    from worker.settings import WorkerSettings

POISON = {b"k": b"m", b"v": b"1", b"r": b"not a room", b"s": b"x"}
AWAY = "postgresql://adda@127.0.0.1:1/adda"


async def test_what_is_stored_and_what_is_refused_is_counted(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    with worker_process(settings) as worker:
        base = f"http://127.0.0.1:{worker.port}"
        await worker.wait_for_readiness(200)
        await ingest.put_messages(uuid4(), 1, 20)
        await ingest.put(0, POISON)
        await ingest.wait_until_empty()

        async def counted() -> bool:
            return (await scrape(base)).value("adda_dead_letters_buried_total") == 1

        await eventually(counted)
        seen = await scrape(base)
    assert seen.misnamed(Service.WORKER) == set()
    assert seen.unknown_labels(Service.WORKER) == set()
    assert seen.value("adda_messages_stored_total") == 20
    assert seen.value("adda_dead_letters") == 1
    assert seen.value("adda_ingest_lag_entries") == 0
    assert seen.value("adda_ingest_lag_seconds") == 0
    assert seen.value("adda_ingest_batch_entries_sum") == 21
    assert seen.value("adda_ingest_commit_seconds_count") >= 1
    assert seen.value("adda_redis_call_seconds_count", call="mark_saved") >= 1


async def test_what_waits_for_postgresql_is_told_while_it_is_away(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    await ingest.put_messages(uuid4(), 1, 30)
    with worker_process(settings, ADDA_DATABASE_URL=AWAY) as worker:
        base = f"http://127.0.0.1:{worker.port}"

        async def lags() -> bool:
            if await worker.probe("/healthz") != 200:
                return False
            return (await scrape(base)).value("adda_ingest_lag_seconds") > 0

        await eventually(lags)
        seen = await scrape(base)
    assert seen.value("adda_ingest_lag_entries") == 30
    assert seen.value("adda_ingest_fullest_ratio") == 30 / 1_000_000


async def test_redis_is_not_called_away_while_a_full_batch_waits_for_postgresql(
    ingest: Ingest, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.progress.READY_SECONDS", 3.0)
    monkeypatch.setattr("worker.progress.CHECK_SECONDS", 0.1)
    tight = settings.model_copy(update={"batch_size": 10, "database_url": SecretStr(AWAY)})
    await ingest.put_messages(uuid4(), 1, 50)
    stop = asyncio.Event()
    async with open_deps(tight, stop) as deps:
        working = asyncio.create_task(deps.supervisor.run_until(stop))

        async def full() -> bool:
            return any(consumer.batcher.full for consumer in deps.supervisor.consumers)

        await eventually(full)
        await asyncio.sleep(4)  # longer than a silent part counts as there
        failing = (await deps.progress.readiness()).failing
        stop.set()
        await working
    assert failing == ("postgres",)


async def test_a_worker_that_cannot_see_the_queues_says_nothing_of_them(
    settings: WorkerSettings,
) -> None:
    with worker_process(settings, ADDA_REDIS_URL="redis://127.0.0.1:1/0") as worker:
        await worker.wait_for_readiness(503)
        seen = await scrape(f"http://127.0.0.1:{worker.port}")
    assert "adda_ingest_lag_entries" not in seen.families
    assert seen.value("adda_part_failing", part="redis") == 1
