from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.integration.worker.harness import Ingest, running_worker
from tests.integration.worker.talking import (
    assert_sums_are_exact,
    carried,
    make_person,
    make_room,
    say,
)
from tests.patience import PATIENCE_SECONDS, eventually

from shared.message_store.deleted_rooms import DeletedRooms
from worker.emptier import Emptier

if TYPE_CHECKING:
    from uuid import UUID

    from api_service.wiring import Deps
    from worker.settings import WorkerSettings


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.emptier.MESSAGES_AT_ONCE", 3)
    monkeypatch.setattr("worker.emptier.PAUSE_SECONDS", 0.001)


@pytest.fixture
def settings(settings: WorkerSettings) -> WorkerSettings:
    return settings.model_copy(update={"empty_every_seconds": 0.05})


async def is_empty(ingest: Ingest, room: UUID) -> bool:
    left = "SELECT count(*) FROM messages WHERE room_id = $1"
    return int(await ingest.query(left, room)) == 0


async def test_messages_of_deleted_rooms_are_removed_and_all_others_stay(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user = await make_person(deps, "মিতা")
    gone = [(await make_room(deps)).id for _ in range(3)]
    stays = (await make_room(deps)).id
    for room in (*gone, stays):
        for n in range(7):
            await say(deps, user, room, f"কথা {n}")
    await carried(ingest, settings)
    for room in gone:
        await deps.room_directory.delete_room(room, deps.clock.micros())
        await deps.live.close(room)
    async with (
        running_worker(settings),
        running_worker(settings.model_copy(update={"instance": "worker-2"})),
    ):
        await say(deps, user, stays, "এর মধ্যে")
        for room in gone:
            await eventually(partial(is_empty, ingest, room))
        await ingest.wait_until_empty()
    await assert_sums_are_exact(deps, ingest, stays)
    assert (await deps.room_directory.totals()).messages == 8


async def test_what_a_worker_that_died_has_left_is_removed_by_the_next(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, room = await make_person(deps, "মিতা"), (await make_room(deps)).id
    for n in range(8):
        await say(deps, user, room, f"কথা {n}")
    await carried(ingest, settings)
    await deps.room_directory.delete_room(room, deps.clock.micros())
    piece = await DeletedRooms(deps.database).remove_messages(room, 0, 3)
    assert piece is not None
    assert not await is_empty(ingest, room)
    async with running_worker(settings):
        await eventually(lambda: is_empty(ingest, room))
    assert await ingest.query("SELECT emptied_at IS NOT NULL FROM rooms WHERE id = $1", room)


async def test_an_emptier_stops_between_two_pieces(
    deps: Deps, ingest: Ingest, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.emptier.PAUSE_SECONDS", 600.0)
    user, room = await make_person(deps, "মিতা"), (await make_room(deps)).id
    for n in range(8):
        await say(deps, user, room, f"কথা {n}")
    await carried(ingest, settings)
    await deps.room_directory.delete_room(room, deps.clock.micros())

    async def has_begun() -> bool:
        return await ingest.stored() == 5

    stop = asyncio.Event()
    working = asyncio.create_task(Emptier(DeletedRooms(deps.database)).work(stop))
    await eventually(has_begun)
    stop.set()
    await asyncio.wait_for(working, PATIENCE_SECONDS)
    assert await ingest.stored() == 5
