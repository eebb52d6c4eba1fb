from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from tests.ingest_samples import (
    entry_of,
    message_row,
    revision_row,
    room_snapshot,
    user_snapshot,
)
from tests.integration.worker.harness import Ingest, running_worker
from tests.patience import PATIENCE_SECONDS, eventually

from local_stack.postgres import start_postgres
from shared.domain.ids import uuid7
from shared.message_store.bulk_writer import BulkWriter
from shared.redis_schema.keys import CONSUMER_GROUP, Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.redis_client import open_redis
from worker.consumer import READ_COUNT
from worker.ingest_streams import IngestStreams
from worker.migrate import upgrade
from worker.wiring import open_deps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.own_valkey import OwnValkey

    from shared.message_store.records import IngestRow
    from worker.entry import Entry
    from worker.settings import WorkerSettings


async def test_what_redis_accepted_reaches_postgresql_and_leaves_the_queue(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    rooms = [room_snapshot() for _ in range(5)]
    for room in rooms:
        await ingest.put_row(room, room.id)
        await ingest.put_row(user_snapshot(), room.id)
        for seq in range(1, 21):
            message = message_row(room.id, seq)
            await ingest.redis.zadd(ingest.keys.unsaved(room.id), {str(seq): seq})
            await ingest.put_row(message, room.id)
            if seq % 5 == 0:
                await ingest.put_row(revision_row(message, 1, "নতুন"), room.id)
    async with running_worker(settings):
        await ingest.wait_until_empty()
    assert await ingest.stored() == 100
    assert await ingest.query("SELECT sum(total_messages)::int FROM room_stats") == 100
    assert await ingest.query("SELECT count(*) FROM messages WHERE revision = 1") == 20
    assert await ingest.query("SELECT count(*) FROM rooms") == 5
    assert await ingest.query("SELECT count(*) FROM users") == 5
    for room in rooms:
        assert await ingest.redis.exists(ingest.keys.unsaved(room.id)) == 0
    for partition in range(settings.partitions):
        pending = await ingest.redis.xpending(ingest.keys.ingest(partition), CONSUMER_GROUP)
        assert pending["pending"] == 0


async def test_poison_goes_to_the_dead_letters_and_the_rest_is_stored(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    partition = ingest.keys.partition_of(room)
    good = [message_row(room, seq) for seq in (1, 2, 3)]
    poison = {**entry_of(message_row(room, 9)), b"b": b"{broken"}
    await ingest.redis.zadd(ingest.keys.unsaved(room), {"9": 9})
    await ingest.put_row(good[0], room)
    poison_id = await ingest.put(partition, poison)
    await ingest.put_row(good[1], room)
    await ingest.put(partition, {**entry_of(message_row(room, 10)), b"v": b"2"})
    await ingest.put_row(good[2], room)
    async with running_worker(settings):
        await ingest.wait_until_empty()
    assert await ingest.stored() == 3
    broken, newer = await ingest.letters(partition)
    assert broken[b"reason"].startswith(b"malformed")
    assert broken[b"entry"] == poison_id
    assert {name: broken[name] for name in poison} == poison
    assert newer[b"reason"].startswith(b"newer_version")
    assert await ingest.redis.exists(ingest.keys.unsaved(room)) == 0


async def test_of_a_refused_batch_only_the_culprit_is_buried(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    partition = ingest.keys.partition_of(room)
    # A rule that the decoder does not know: only PostgreSQL itself can find this one.
    await ingest.query("ALTER TABLE messages ADD CHECK (content <> 'forbidden')")
    for seq in range(1, 101):
        text = "forbidden" if seq in (17, 64) else "fine"
        await ingest.put_row(message_row(room, seq, content=text), room)
    async with running_worker(settings):
        await ingest.wait_until_empty()
    assert await ingest.stored() == 98
    letters = await ingest.letters(partition)
    assert [letter[b"s"] for letter in letters] == [b"17", b"64"]
    assert all(letter[b"reason"].startswith(b"23514") for letter in letters)
    assert await ingest.query("SELECT total_messages FROM room_stats") == 98


async def test_a_message_without_a_place_goes_to_the_dead_letters(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    first, second = message_row(room, 1), message_row(room, 1)
    async with running_worker(settings):
        await ingest.put_row(first, room)
        await ingest.wait_until_empty()
        await ingest.put_row(second, room)
        await ingest.put_row(revision_row(second, 1, "x"), room)
        await ingest.wait_until_empty()
    letters = await ingest.letters(ingest.keys.partition_of(room))
    assert [letter[b"reason"] for letter in letters] == [b"seq_taken", b"seq_taken"]
    assert await ingest.query("SELECT id FROM messages") == first.id


async def test_a_restarted_worker_finishes_what_was_pending(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    await ingest.create_groups()
    await ingest.put_messages(room, 1, 700)
    await ingest.read_as(settings.instance, ingest.keys.partition_of(room))
    await ingest.put_row(message_row(room, 701), room)
    patient = settings.model_copy(update={"reclaim_idle_seconds": 3600.0})
    async with running_worker(patient):
        await ingest.wait_until_empty()
    assert await ingest.stored() == 701


async def test_a_peers_entries_are_taken_over_when_it_is_silent(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    await ingest.create_groups()
    await ingest.put_messages(room, 1, 700)
    await ingest.read_as("worker-that-died", ingest.keys.partition_of(room))
    async with running_worker(settings):
        await ingest.wait_until_empty()
    assert await ingest.stored() == 701 - 1


async def test_pending_entries_that_somebody_deleted_are_passed_over(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    partition = ingest.keys.partition_of(room)
    await ingest.create_groups()
    ids = [await ingest.put_row(message_row(room, seq), room) for seq in (1, 2, 3)]
    await ingest.read_as(settings.instance, partition)
    await ingest.redis.xdel(ingest.keys.ingest(partition), ids[1])
    async with running_worker(settings):
        await ingest.wait_until_empty()

        async def nothing_pending() -> bool:
            summary = await ingest.redis.xpending(ingest.keys.ingest(partition), CONSUMER_GROUP)
            return bool(summary["pending"] == 0)

        await eventually(nothing_pending)
    assert await ingest.stored() == 2


async def test_totals_are_exact_under_two_workers_and_random_redelivery(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    luck = random.Random(3)
    rooms = [uuid7(n, luck.getrandbits(74)) for n in range(6)]
    rows: list[tuple[IngestRow, UUID]] = []
    for room in rooms:
        for seq in range(1, 101):
            message = message_row(room, seq)
            rows.append((message, room))
            if luck.random() < 0.2:
                deleted = luck.random() < 0.5
                rows.append((revision_row(message, 1, "x", deleted=deleted), room))
    # As if acknowledgements had been lost: a third of all comes twice, out of order.
    rows += luck.sample(rows, len(rows) // 3)
    luck.shuffle(rows)
    peer = settings.model_copy(update={"instance": "worker-2", "batch_size": 70})
    async with running_worker(settings.model_copy(update={"batch_size": 50})), running_worker(peer):
        for row, room in rows:
            await ingest.put_row(row, room)
        await ingest.wait_until_empty()
    living = await ingest.query("SELECT count(*) FROM messages WHERE deleted_at IS NULL")
    assert await ingest.stored() == 600
    assert await ingest.query("SELECT sum(total_messages)::int FROM room_stats") == living
    assert (
        await ingest.query("SELECT sum(value)::int FROM counters WHERE name='messages'") == living
    )


async def test_entries_are_kept_while_postgresql_is_away(
    ingest: Ingest, settings: WorkerSettings, reachable_path: Path
) -> None:
    room = uuid4()
    server = start_postgres(reachable_path, durable=False)
    url = server.url
    port = int(url.rsplit(":", 1)[1].split("/", maxsplit=1)[0])
    try:
        await upgrade(url)
        own = Ingest(ingest.redis, ingest.keys, url)
        there = settings.model_copy(update={"database_url": SecretStr(url), "batch_size": 100})
        async with running_worker(there):
            await own.put_row(message_row(room, 1), room)
            await own.wait_until_empty()
            server.stop()
            await own.put_messages(room, 2, 501)
            await asyncio.sleep(1.0)
            assert await own.left() == 500
            server = start_postgres(reachable_path, port=port, durable=False)
            await own.wait_until_empty()
        assert await own.stored() == 501
        assert await own.query("SELECT total_messages FROM room_stats") == 501
        assert await own.letters(own.keys.partition_of(room)) == []
    finally:
        server.stop()


@pytest.fixture
async def own(
    own_valkey: OwnValkey, ingest: Ingest, settings: WorkerSettings
) -> AsyncIterator[Ingest]:
    """Ingest streams on a server of the test's own."""
    redis = open_redis(own_valkey.url, "test")
    yield Ingest(redis, Keys(settings.key_prefix, settings.partitions), ingest.database_url)
    await redis.aclose()


@pytest.fixture
def own_settings(own_valkey: OwnValkey, settings: WorkerSettings) -> WorkerSettings:
    return settings.model_copy(update={"redis_url": SecretStr(own_valkey.url)})


@pytest.mark.parametrize("how", ["restarted", "emptied"])
async def test_the_worker_goes_on_after_redis_was(
    how: str, own: Ingest, own_settings: WorkerSettings, own_valkey: OwnValkey
) -> None:
    room = uuid4()
    async with running_worker(own_settings):
        await own.put_row(message_row(room, 1), room)
        await own.wait_until_empty()
        if how == "emptied":
            await own.redis.flushall()
        else:
            own_valkey.stop()
            await asyncio.sleep(0.5)
            own_valkey.start()
        await own.put_row(message_row(room, 2), room)
        await own.wait_until_empty()
    assert await own.stored() == 2


async def test_the_worker_outlives_a_redis_that_refuses_writes_for_a_moment(
    own: Ingest, own_settings: WorkerSettings
) -> None:
    room = uuid4()
    async with running_worker(own_settings):
        await own.put_row(message_row(room, 1), room)
        await own.wait_until_empty()
        await own.redis.config_set("min-replicas-to-write", 1)
        await asyncio.sleep(1.5)
        await own.redis.config_set("min-replicas-to-write", 0)
        await own.put_row(message_row(room, 2), room)
        await own.wait_until_empty()
    assert await own.stored() == 2


async def test_a_dead_peers_entries_are_taken_over_under_load_too(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    held, busy = uuid4(), uuid4()
    while ingest.keys.partition_of(busy) == ingest.keys.partition_of(held):
        busy = uuid4()
    await ingest.create_groups()
    await ingest.put_messages(held, 1, 5)
    await ingest.read_as("worker-that-died", ingest.keys.partition_of(held))
    stop = asyncio.Event()

    async def load() -> None:
        first = 1
        while not stop.is_set():
            await ingest.put_messages(busy, first, first + 299)
            first += 300

    async with running_worker(settings):
        loading = asyncio.create_task(load())
        partition = ingest.keys.partition_of(held)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await ingest.redis.xlen(ingest.keys.ingest(partition)):
                    await asyncio.sleep(0.05)
        finally:
            stop.set()
            await loading


async def test_reading_goes_on_while_postgresql_writes_and_nothing_is_let_go_before(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    stream = ingest.keys.ingest(ingest.keys.partition_of(room))
    small = settings.model_copy(update={"batch_size": READ_COUNT, "reclaim_idle_seconds": 3600.0})
    connection = await asyncpg.connect(ingest.database_url)
    async with running_worker(small):
        await ingest.put_messages(room, 1, 1)
        await ingest.wait_until_empty()
        try:
            async with connection.transaction():
                await connection.execute("SELECT FROM room_stats FOR UPDATE")
                await ingest.put_messages(room, 2, 1001)

                async def two_batches_are_in_hand() -> bool:
                    pending = await ingest.redis.xpending(stream, CONSUMER_GROUP)
                    return bool(pending["pending"] >= 2 * READ_COUNT)

                await eventually(two_batches_are_in_hand)
                await asyncio.sleep(0.2)
                pending = await ingest.redis.xpending(stream, CONSUMER_GROUP)
                assert pending["pending"] < 1000  # bounded, while nothing is written
                assert await ingest.left() == 1000
        finally:
            await connection.close()
        await ingest.wait_until_empty()
    assert await ingest.stored() == 1001


async def test_round_trips_of_a_backlog_are_of_batches_not_of_entries(
    ingest: Ingest, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()

    def count(owner: type, name: str) -> None:
        real = getattr(owner, name)

        async def counted(*args: Any, **options: Any) -> Any:
            answer = await real(*args, **options)
            calls[name] += answer != []  # a read that found nothing was the last one
            return answer

        monkeypatch.setattr(owner, name, counted)

    for owner, name in (
        (BulkWriter, "write_batch"),
        (Scripts, "mark_saved"),
        (IngestStreams, "read"),
    ):
        count(owner, name)
    await ingest.create_groups()
    await ingest.put_messages(uuid4(), 1, 4000)
    # However slow the machine: its own entries are not taken over, to wait as a fifth batch.
    patient = {"batch_age_seconds": 120.0, "reclaim_idle_seconds": 3600.0}
    async with running_worker(settings.model_copy(update=patient)):
        await ingest.wait_until_empty()
    assert await ingest.stored() == 4000
    assert calls == {"write_batch": 4, "mark_saved": 4, "read": 4000 // READ_COUNT}


async def test_a_bug_ends_the_worker_and_acknowledges_nothing(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    room = uuid4()
    await ingest.query("DROP TABLE messages")
    await ingest.put_row(message_row(room, 1), room)
    stop = asyncio.Event()
    async with open_deps(settings, stop) as deps:
        assert await asyncio.wait_for(deps.supervisor.run_until(stop), 10) == 1
    assert await ingest.left() == 1


async def test_what_is_let_go_while_it_is_claimed_once_more_is_not_buried_again(
    ingest: Ingest, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = IngestStreams.claim

    async def claim_slowly(self: IngestStreams, count: int, _: float) -> list[Entry]:
        entries = await claim(self, count, 0.0)
        await asyncio.sleep(0.2)  # the answer is under way
        return entries

    monkeypatch.setattr(IngestStreams, "claim", claim_slowly)
    often = settings.model_copy(update={"reclaim_every_seconds": 0.001})
    async with running_worker(often):
        await ingest.put(0, {b"k": b"?", b"v": b"1"})
        await ingest.wait_until_empty()
        await asyncio.sleep(0.5)
    assert len(await ingest.letters(0)) == 1
