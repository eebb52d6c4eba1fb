"""PostgreSQL behind a bad network: few wait, the others are refused at once, and it comes back."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from tests.ingest_samples import room_settings
from tests.patience import PATIENCE_SECONDS
from tests.tcp_proxy import Mode, TcpProxy, proxied

from shared.domain.circuit_breaker import BreakerLimits
from shared.message_store.database import SLOT_SECONDS, Database
from shared.message_store.engine import create_engine
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.unavailable import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FAILURES = 3
SLOTS = 4
READ_SECONDS = 1.0
LONGEST_PAUSE = 0.4
SPARE_SECONDS = 2.0
"""For a machine that is busy with other tests."""


@asynccontextmanager
async def database_at(url: str, slots: int = SLOTS, **more: Any) -> AsyncIterator[Database]:
    engine = create_engine(url, "test-database", pool_size=slots, max_overflow=0)
    limits = BreakerLimits(failures=FAILURES, shortest_seconds=0.2, longest_seconds=LONGEST_PAUSE)
    options: dict[str, Any] = {"slots": slots, "read_seconds": READ_SECONDS, "limits": limits}
    database = Database(engine, **(options | more))
    try:
        yield database
    finally:
        await database.dispose()


@pytest.fixture
async def link(database_url: str) -> AsyncIterator[tuple[TcpProxy, str]]:
    """A proxy before the test's PostgreSQL, and its URL."""
    async with proxied(database_url) as link:
        yield link


@pytest.fixture
def proxy(link: tuple[TcpProxy, str]) -> TcpProxy:
    return link[0]


@pytest.fixture
async def database(link: tuple[TcpProxy, str]) -> AsyncIterator[Database]:
    """Reached through the proxy."""
    async with database_at(link[1]) as database:
        yield database


async def refusal_seconds(rooms: RoomDirectory) -> float:
    """How long a read took to be refused."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await rooms.read_room(uuid4())
    return time.monotonic() - began


async def until_served(rooms: RoomDirectory, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                await rooms.read_room(uuid4())
            except StoreUnavailable:
                await asyncio.sleep(0.01)
            else:
                return


async def open_the_breaker(rooms: RoomDirectory, proxy: TcpProxy) -> None:
    await asyncio.gather(*(rooms.read_room(uuid4()) for _ in range(SLOTS)))  # fills the pool
    proxy.mode = Mode.HOLD
    await asyncio.gather(*(refusal_seconds(rooms) for _ in range(FAILURES)))


async def test_who_has_much_to_do_is_not_taken_for_one_without_postgresql(
    link: tuple[TcpProxy, str],
) -> None:
    proxy, url = link
    async with database_at(url, read_seconds=10) as database:
        rooms = RoomDirectory(database)

        async def lend_all(stack: AsyncExitStack) -> None:
            for _ in range(SLOTS):
                await stack.enter_async_context(database.reading())

        async with AsyncExitStack() as stack:
            await lend_all(stack)
            with pytest.raises(StoreUnavailable, match="too many wait"):
                await rooms.ping()  # nobody was answered yet
        async with AsyncExitStack() as stack:
            await lend_all(stack)
            began = time.monotonic()
            await rooms.ping()
            assert time.monotonic() - began < SLOT_SECONDS
        proxy.mode = Mode.HOLD
        with pytest.raises((StoreUnavailable, TimeoutError)):
            async with asyncio.timeout(SLOT_SECONDS):  # a connection is free: PostgreSQL is asked
                await rooms.ping()


async def test_of_a_crowd_at_a_silent_server_a_few_wait_and_the_rest_are_refused_at_once(
    database: Database, proxy: TcpProxy
) -> None:
    rooms = RoomDirectory(database)
    await open_the_breaker(rooms, proxy)
    crowd = [asyncio.create_task(refusal_seconds(rooms)) for _ in range(50)]
    await asyncio.sleep(READ_SECONDS / 2)
    assert sum(not each.done() for each in crowd) <= 1, "all but one trial"
    assert max(await asyncio.gather(*crowd)) < READ_SECONDS + SPARE_SECONDS


async def test_who_comes_when_it_falls_silent_waits_for_two_time_outs_at_most(
    database: Database, proxy: TcpProxy
) -> None:
    rooms = RoomDirectory(database)
    await asyncio.gather(*(rooms.read_room(uuid4()) for _ in range(SLOTS)))
    proxy.mode = Mode.HOLD
    before = proxy.accepted
    waits = await asyncio.gather(*(refusal_seconds(rooms) for _ in range(50)))
    # A few take the places of the first who gave up, just before it opens.
    assert max(waits) < 2 * READ_SECONDS + SPARE_SECONDS
    second = min(waits) + 0.9 * READ_SECONDS  # a busy machine makes them all wait longer
    assert sum(wait > second for wait in waits) < FAILURES
    # Nobody else asked at all; each may have sent a word of cancelling.
    assert proxy.accepted - before <= 2 * (SLOTS + FAILURES)


async def test_a_silent_server_that_heals_serves_again_within_the_pause(
    database: Database, proxy: TcpProxy
) -> None:
    rooms = RoomDirectory(database)
    await open_the_breaker(rooms, proxy)
    proxy.mode = Mode.PASS
    await until_served(rooms, LONGEST_PAUSE + SPARE_SECONDS)
    await asyncio.gather(*(rooms.read_room(uuid4()) for _ in range(2 * SLOTS)))


async def test_links_that_died_unseen_are_not_what_trials_are_spent_on(
    link: tuple[TcpProxy, str],
) -> None:
    """As after a firewall forgot them: new connections work, old ones stay silent for ever."""
    proxy, url = link
    idle = 2 * FAILURES
    async with database_at(url, slots=idle) as database:
        rooms = RoomDirectory(database)
        async with AsyncExitStack() as stack:
            for _ in range(idle):
                await stack.enter_async_context(database.reading())
        proxy.forget()
        for _ in range(FAILURES):
            assert await refusal_seconds(rooms) > READ_SECONDS / 2
        await asyncio.sleep(LONGEST_PAUSE)
        await rooms.read_room(uuid4())
        assert proxy.accepted > idle


async def test_while_nobody_listens_callers_are_refused_without_trying(
    database: Database, proxy: TcpProxy
) -> None:
    rooms = RoomDirectory(database)
    proxy.mode = Mode.REFUSE
    waits = [await refusal_seconds(rooms) for _ in range(200)]
    assert sum(waits) < 5
    proxy.mode = Mode.PASS
    await until_served(rooms, LONGEST_PAUSE + SPARE_SECONDS)


async def test_a_change_at_a_silent_server_waits_no_longer_than_for_a_connection(
    database: Database, proxy: TcpProxy
) -> None:
    rooms = RoomDirectory(database)
    assert await rooms.create_room(room_settings())
    proxy.mode = Mode.HOLD
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(rooms.create_room(room_settings()), 4)


async def test_cut_links_are_replaced_and_nobody_is_refused(link: tuple[TcpProxy, str]) -> None:
    proxy, url = link
    async with database_at(url, read_seconds=10) as database:
        rooms = RoomDirectory(database)
        await asyncio.gather(*(rooms.read_room(uuid4()) for _ in range(SLOTS)))
        proxy.cut()
        await asyncio.gather(*(rooms.read_room(uuid4()) for _ in range(SLOTS)))


async def test_readiness_asks_while_others_are_refused_and_a_good_answer_ends_that(
    database: Database, proxy: TcpProxy
) -> None:
    limits = BreakerLimits(failures=1, shortest_seconds=60)
    database._breaker = type(database._breaker)(limits, lambda: 0.5)
    rooms = RoomDirectory(database)
    proxy.mode = Mode.HOLD
    await refusal_seconds(rooms)
    with pytest.raises(StoreUnavailable):
        await rooms.ping()
    assert await refusal_seconds(rooms) < READ_SECONDS / 2
    proxy.mode = Mode.PASS
    await rooms.ping()
    await rooms.read_room(uuid4())


async def test_bugs_and_contention_and_impatient_callers_do_not_open_it(database_url: str) -> None:
    limits = BreakerLimits(failures=1, shortest_seconds=60)
    async with database_at(database_url, limits=limits) as database:
        rooms, settings = RoomDirectory(database), room_settings()
        await rooms.create_room(settings)
        with pytest.raises(Exception, match="nonsense"):
            async with database.reading() as connection:
                await connection.execute(text("SELECT nonsense"))
        with pytest.raises(ZeroDivisionError):
            async with database.reading():
                raise ZeroDivisionError
        async with database.changing() as holder:
            await holder.execute(text("SELECT 1 FROM rooms FOR UPDATE"))
            with pytest.raises(StoreUnavailable):
                async with database.changing() as connection:
                    await connection.execute(text("SELECT 1 FROM rooms FOR UPDATE NOWAIT"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(rooms.update_room(settings), 0.1)
        assert await rooms.read_room(settings.id) is not None


async def test_a_trial_whose_caller_left_is_made_by_the_next(
    database: Database, proxy: TcpProxy
) -> None:
    rooms = RoomDirectory(database)
    await open_the_breaker(rooms, proxy)
    await asyncio.sleep(LONGEST_PAUSE)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rooms.read_room(uuid4()), 0.05)
    proxy.mode = Mode.PASS
    await rooms.read_room(uuid4())


async def test_who_finds_no_slot_is_refused_and_that_is_no_outage(database_url: str) -> None:
    limits = BreakerLimits(failures=1, shortest_seconds=60)
    async with (
        database_at(database_url, limits=limits, slots=1, read_seconds=5) as database,
        database.reading(),
    ):
        with pytest.raises(StoreUnavailable, match="too many"):
            await RoomDirectory(database).read_room(uuid4())
    async with database_at(database_url, slots=1) as database:
        rooms = RoomDirectory(database)
        await asyncio.gather(*(rooms.read_room(uuid4()) for _ in range(4)))


async def test_what_a_caller_gave_up_does_not_go_on_in_postgresql(database_url: str) -> None:
    running = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(60)%'"
        " AND pid <> pg_backend_pid()"
    )
    async with database_at(database_url) as database:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                async with database.reading() as connection:
                    await connection.execute(text("SELECT pg_sleep(60)"))
        async with database.reading() as connection, asyncio.timeout(PATIENCE_SECONDS):
            while await connection.scalar(running):
                await asyncio.sleep(0.02)
