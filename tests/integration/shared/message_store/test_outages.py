"""PostgreSQL goes away and comes back; these tests own the server that they stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from tests.ingest_samples import message_row, room_settings, user

from local_stack.postgres import start_postgres
from shared.domain.circuit_breaker import BreakerLimits
from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.database import Database
from shared.message_store.engine import create_bulk_pool, create_engine
from shared.message_store.ingest_batch import IngestBatch
from shared.message_store.message_reader import MessageReader
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.unavailable import StoreUnavailable
from shared.message_store.user_directory import UserDirectory
from worker.migrate import upgrade

if TYPE_CHECKING:
    from pathlib import Path


async def test_callers_are_told_while_it_is_away_and_served_when_it_is_back(
    reachable_path: Path,
) -> None:
    server = start_postgres(reachable_path, durable=False)
    try:
        url = server.url
        await upgrade(url)
        engine = create_engine(url, "test-outage")
        async with create_bulk_pool(url, "test-outage") as pool:
            database = Database(engine, limits=BreakerLimits(failures=99))
            writer, rooms, room = BulkWriter(pool), RoomDirectory(database), uuid4()
            calls: list[Any] = [
                lambda: writer.write_batch(IngestBatch.of([message_row(room, 1)]), 0),
                writer.ping,
                lambda: rooms.read_room(room),
                lambda: rooms.create_room(room_settings()),
                lambda: rooms.delete_room(uuid4(), 1),
                rooms.totals,
                lambda: UserDirectory(database).create_user(user()),
                lambda: MessageReader(database).messages_before(room, None, 1),
            ]
            await asyncio.gather(*(call() for call in calls))
            port = int(url.rsplit(":", 1)[1].split("/", maxsplit=1)[0])
            server.stop()
            for call in calls:
                with pytest.raises(StoreUnavailable) as caught:
                    await call()
                assert caught.value.__cause__ is not None
            server = start_postgres(reachable_path, port=port, durable=False)
            # Sequential: each connection of the pools that died is found and replaced.
            for call in calls:
                await call()
        await engine.dispose()
    finally:
        server.stop()


async def test_a_server_that_never_answers_is_an_outage_in_seconds() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    engine = create_engine(f"postgresql://adda@127.0.0.1:{port}/adda", "test-silent")
    async with listener:
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(RoomDirectory(Database(engine)).ping(), 10)
    await engine.dispose()


async def test_a_statement_that_takes_too_long_is_an_outage(database_url: str) -> None:
    engine = create_engine(database_url, "test-slow")
    patient = RoomDirectory(Database(engine))
    hasty = RoomDirectory(Database(engine, change_seconds=0.3))
    settings = room_settings()
    await patient.create_room(settings)
    async with engine.begin() as other:
        await other.execute(text("SELECT 1 FROM rooms FOR UPDATE"))
        with pytest.raises(StoreUnavailable):
            await hasty.update_room(settings)
    assert await patient.update_room(settings) is not None
    await engine.dispose()


async def test_an_address_without_a_server_is_an_outage() -> None:
    engine = create_engine("postgresql://adda@127.0.0.1:1/adda", "test-nobody")
    with pytest.raises(StoreUnavailable):
        await RoomDirectory(Database(engine)).ping()
    await engine.dispose()


async def test_a_database_without_tables_is_a_bug_and_not_an_outage(postgres_url: str) -> None:
    engine = create_engine(postgres_url, "test-bare")
    with pytest.raises(Exception, match="does not exist") as caught:
        await RoomDirectory(Database(engine)).totals()
    assert not isinstance(caught.value, StoreUnavailable)
    await engine.dispose()
