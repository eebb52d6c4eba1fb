"""The worker as its own process: signals, probes, kill -9."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.integration.worker.harness import Ingest, worker_process

if TYPE_CHECKING:
    from worker.settings import WorkerSettings


async def test_a_worker_becomes_ready_works_and_stops_on_sigterm(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    with worker_process(settings) as worker:
        await worker.wait_for_readiness(200)
        assert await worker.probe("/healthz") == 200
        await ingest.put_messages(room, 1, 2000)
        assert await asyncio.to_thread(worker.terminate) == 0
    # Everything is either stored or still in the queue.
    stored = await ingest.stored()
    assert stored + await ingest.left() == 2000
    with worker_process(settings):
        await ingest.wait_until_empty()
    assert await ingest.stored() == 2000


async def test_a_worker_without_its_servers_lives_but_is_not_ready(
    settings: WorkerSettings,
) -> None:
    away = {
        "ADDA_DATABASE_URL": "postgresql://adda@127.0.0.1:1/adda",
        "ADDA_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    with worker_process(settings, **away) as worker:
        await worker.wait_for_readiness(503)
        assert await worker.probe("/healthz") == 200
        assert await asyncio.to_thread(worker.terminate) == 0


async def test_a_killed_workers_entries_are_taken_over_by_its_peer(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    peer = settings.model_copy(update={"instance": "worker-2"})
    with worker_process(settings) as doomed:
        await doomed.wait_for_readiness(200)
        doomed.process.send_signal(signal.SIGSTOP)
        await ingest.put_messages(room, 1, 3000)
        doomed.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.05)
        doomed.kill()
    with worker_process(peer) as worker:
        await worker.wait_for_readiness(200)
        await ingest.wait_until_empty()
    assert await ingest.stored() == 3000
    assert await ingest.query("SELECT total_messages FROM room_stats") == 3000


async def test_settings_that_are_not_usable_are_told_by_the_exit_code(
    settings: WorkerSettings,
) -> None:
    with worker_process(settings, ADDA_PARTITIONS="none") as worker:
        assert await asyncio.to_thread(worker.process.wait, 20) == 2
