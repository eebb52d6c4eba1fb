"""What Redis knows at this moment, read for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from tests.integration.api_service.conftest import make_person, make_room, say, sit_in

from api_service.admin.live import ConnectionFilter, LiveState

if TYPE_CHECKING:
    import httpx

    from api_service.wiring import Deps


@pytest.fixture
def live(deps: Deps) -> LiveState:
    """Over the test's Redis."""
    return LiveState(deps.redis, deps.keys)


async def test_where_nothing_is_all_numbers_are_nought(live: LiveState, deps: Deps) -> None:
    queues = await live.queues()
    assert [queue.partition for queue in queues] == list(range(deps.keys.partitions))
    assert {(q.queued, q.pending, q.oldest_micros, q.dead, q.connections) for q in queues} == {
        (0, 0, None, 0, 0)
    }
    assert await live.page(0, 10) == ([], 0)
    assert await live.find(ConnectionFilter(), 10) == ([], True)
    assert await live.people([]) == {}


async def test_what_waits_what_is_in_hand_and_what_was_refused_is_counted(
    api: httpx.AsyncClient, live: LiveState, deps: Deps
) -> None:
    person = await make_person(api)
    room = await make_room(api, person)
    before = deps.clock.micros()
    for n in range(3):
        await say(api, person, room["id"], f"বার্তা {n}")
    partition = deps.keys.partition_of(UUID(room["id"]))
    ingest, dead = deps.keys.ingest(partition), deps.keys.dead(partition)
    await deps.redis.xadd(dead, {"reason": "x"})
    queued = await deps.redis.xlen(ingest)
    assert queued >= 3
    queue = (await live.queues())[partition]
    assert (queue.queued, queue.pending, queue.dead) == (queued, 0, 1)
    assert queue.oldest_micros is not None
    assert before // 1000 <= queue.oldest_micros // 1000 <= deps.clock.micros() // 1000
    await deps.redis.xgroup_create(ingest, "persist", "0")
    await deps.redis.xreadgroup("persist", "worker", {ingest: ">"}, count=2)
    assert (await live.queues())[partition].pending == 2


async def test_connections_are_paged_over_all_partitions_each_once(
    api: httpx.AsyncClient, live: LiveState, deps: Deps
) -> None:
    for n in range(6):
        room = await make_room(api)
        await sit_in(deps, room["id"], f"এক {n}", f"দুই {n}")
    seen = []
    for offset in range(0, 15, 5):
        some, total = await live.page(offset, 5)
        assert total == 12
        seen += [one.id for one in some]
    assert len(seen) == len(set(seen)) == 12
    assert await live.page(100, 5) == ([], 12)


async def test_connections_are_found_by_room_name_id_and_time(
    api: httpx.AsyncClient, live: LiveState, deps: Deps
) -> None:
    here, there = (await make_room(api))["id"], (await make_room(api))["id"]
    await sit_in(deps, here, "রাকিব", "মিতা")
    between = deps.clock.micros() // 1000 * 1000 + 1000
    while deps.clock.micros() < between:
        pass
    [shafiq] = await sit_in(deps, there, "শফিক")

    async def found(**wanted: object) -> set[str]:
        some, complete = await live.find(ConnectionFilter(**wanted), 10)  # type: ignore[arg-type]
        assert complete
        return {person.username for person in (await live.people(some)).values()}

    assert await found() == {"রাকিব", "মিতা", "শফিক"}
    assert await found(room=UUID(here)) == {"রাকিব", "মিতা"}
    assert await found(term="মিতা") == {"মিতা"}
    assert await found(since_micros=between) == {"শফিক"}
    assert await found(room=UUID(here), since_micros=between) == set()
    [one], _ = await live.find(ConnectionFilter(room=UUID(there)), 10)
    assert one.user == shafiq.id
    assert await found(term=str(one.id)[:30]) == {"শফিক"}
    assert one.connected_micros is not None
    assert one.connected_micros <= deps.clock.micros()


async def test_the_newest_connections_come_first_and_no_more_than_asked_for(
    api: httpx.AsyncClient, live: LiveState, deps: Deps
) -> None:
    room = (await make_room(api))["id"]
    await sit_in(deps, room, *(f"জন {n}" for n in range(8)))
    some, _ = await live.find(ConnectionFilter(room=UUID(room)), 3)
    every, _ = await live.find(ConnectionFilter(room=UUID(room)), 99)
    assert [one.id for one in some] == sorted((one.id for one in every), reverse=True)[:3]


async def test_who_is_online_is_told_by_their_ids(
    api: httpx.AsyncClient, live: LiveState, deps: Deps
) -> None:
    people = await sit_in(deps, (await make_room(api))["id"], "রাকিব", "মিতা")
    now_ms = deps.clock.micros() // 1000
    assert set(await live.online_users(now_ms, 10)) == {person.id for person in people}
    assert len(await live.online_users(now_ms, 1)) == 1
    assert await live.online_users(now_ms + 3_600_000, 10) == []
