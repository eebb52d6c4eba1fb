"""Each service can do its work as its own role of PostgreSQL, and nothing more."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.chat_client import chat
from tests.ingest_samples import (
    message_row,
    revision_row,
    room_settings,
    room_snapshot,
    user,
    user_snapshot,
)
from tests.integration.ws_service.conftest import run_replica

from local_stack.ports import free_ports
from shared.domain.moderation import Sanction, SanctionKind, SubjectKind
from shared.domain.word_filter import WordRule
from shared.domain.word_index import WordAction
from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.database import Database, open_database
from shared.message_store.deleted_rooms import DeletedRooms, Piece
from shared.message_store.engine import create_bulk_pool, create_engine
from shared.message_store.erasures import Erasures
from shared.message_store.grants import GRANTS, Role, role_name
from shared.message_store.ingest_batch import IngestBatch
from shared.message_store.message_reader import MessageReader
from shared.message_store.moderation_directory import Deed, ModerationDirectory
from shared.message_store.retention import Retention
from shared.message_store.review_directory import (
    Deciding,
    HeldRecord,
    ReportRecord,
    ReviewDirectory,
)
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.tables import Base
from shared.message_store.user_directory import UserDirectory
from shared.runtime.clock import IdMaker, SystemClock
from worker.database_roles import make_roles
from worker.migrate import newest_version, upgrade
from worker.seed_demo import seed_once
from ws_service.settings import WsSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
SERVICES = (Role.API, Role.WS, Role.WORKER)


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one test; their names are unique, as roles are a whole server's."""

    owner_url: str
    prefix: str
    passwords: dict[Role, str]

    def url(self, role: Role) -> str:
        """Address of the database for `role`."""
        parts = urlsplit(self.owner_url)
        account = f"{role_name(role, self.prefix)}:{self.passwords[role]}"
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{account}@{place}"))

    async def make(self) -> None:
        """As `python -m worker.database_roles` does."""
        await make_roles(self.owner_url, self.passwords, prefix=self.prefix)


@asynccontextmanager
async def roles_for(url: str) -> AsyncIterator[Roles]:
    prefix = f"t{uuid4().hex[:12]}"
    passwords = {role: f"of-{role}-{uuid4().hex}" for role in Role}
    yield Roles(url, prefix, passwords)
    connection = await asyncpg.connect(url)
    names = [role_name(role, prefix) for role in Role]
    for name in await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", names
    ):
        await connection.execute(f'REASSIGN OWNED BY "{name[0]}" TO CURRENT_USER')
        await connection.execute(f'DROP OWNED BY "{name[0]}"')
        await connection.execute(f'DROP ROLE "{name[0]}"')
    await connection.close()


@pytest.fixture
async def roles(database_url: str) -> AsyncIterator[Roles]:
    """Roles for a database whose tables were made before there were any."""
    async with roles_for(database_url) as made:
        await made.make()
        yield made


@asynccontextmanager
async def database_as(roles: Roles, role: Role) -> AsyncIterator[Database]:
    database = open_database(
        roles.url(role), "test", pool_size=2, max_overflow=0, read_seconds=5, change_seconds=5
    )
    yield database
    await database.dispose()


async def may(roles: Roles, role: Role, statement: str) -> bool:
    """Does PostgreSQL let `role` do this?"""
    connection = await asyncpg.connect(roles.url(role))
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.close()
    return True


async def test_each_service_may_do_with_each_table_what_is_written_and_no_more(
    roles: Roles,
) -> None:
    tables = [*Base.metadata.tables, "alembic_version"]
    ask = "SELECT array_agg(v) FROM unnest($3::text[]) v WHERE has_table_privilege($1, $2, v)"
    found = {}
    connection = await asyncpg.connect(roles.owner_url)
    for table in tables:
        for role in SERVICES:
            name = role_name(role, roles.prefix)
            granted = await connection.fetchval(ask, name, table, VERBS)
            found[table, role] = tuple(granted or ())
    await connection.close()
    assert found == {
        (table, role): GRANTS.get(table, {}).get(role, ()) for table in tables for role in SERVICES
    }


@pytest.mark.parametrize("role", SERVICES)
async def test_a_service_can_do_nothing_but_work_with_rows(roles: Roles, role: Role) -> None:
    refused = [
        "CREATE TABLE own (id int)",
        "CREATE TEMPORARY TABLE own (id int)",
        "CREATE SCHEMA own",
        "CREATE ROLE own",
        "CREATE DATABASE own",
        "TRUNCATE messages",
        "DROP TABLE messages",
        "ALTER TABLE messages ADD COLUMN own int",
        "CREATE INDEX own ON messages (seq)",
        "SELECT * FROM alembic_version",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY messages TO PROGRAM 'cat'",
        "ALTER SYSTEM SET fsync = off",
        f'SET ROLE "{role_name(Role.MIGRATE, roles.prefix)}"',
        "GRANT DELETE ON messages TO PUBLIC",
    ]
    allowed = [statement for statement in refused if await may(roles, role, statement)]
    # PostgreSQL only warns of a GRANT that grants nothing.
    assert [one for one in allowed if not one.startswith("GRANT")] == []
    assert not await may(roles, Role.WS, "DELETE FROM messages")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM messages",
        "UPDATE messages SET content = ''",
        "INSERT INTO room_stats (room_id) VALUES (gen_random_uuid())",
        "UPDATE users SET username = ''",
        "DELETE FROM rooms",
        "SELECT * FROM counters",
        "SELECT * FROM rooms FOR UPDATE",
    ],
)
async def test_the_socket_service_only_reads(roles: Roles, statement: str) -> None:
    assert not await may(roles, Role.WS, statement)


async def test_the_worker_stores_batches_of_every_kind(roles: Roles) -> None:
    room, closed = uuid4(), uuid4()
    async with create_bulk_pool(roles.url(Role.WORKER), "test") as pool:
        writer = BulkWriter(pool)
        await writer.ping()
        rows = [message_row(room, seq, client_id=f"c{seq}") for seq in (1, 2, 3)]
        person = user_snapshot()
        await writer.write_batch(IngestBatch.of([room_snapshot(id=room), person, *rows]), 0)
        # Once more, row by row, with a revision and a person that changed.
        revision = revision_row(rows[0], 1, "নতুন")
        report = await writer.write_batch(IngestBatch.of([*rows, revision, person]), 1)
        assert (report.inserted, report.revised) == (0, 1)
        async with database_as(roles, Role.API) as database:
            await RoomDirectory(database).create_room(room_settings(id=closed))
            await RoomDirectory(database).delete_room(closed, SystemClock().micros())
        late = await writer.write_batch(IngestBatch.of([message_row(closed, 1)]), 1)
        assert late.inserted == 0
        async with database_as(roles, Role.API) as database:
            await RoomDirectory(database).delete_room(room, SystemClock().micros())
    async with database_as(roles, Role.WORKER) as database:
        removed = await DeletedRooms(database).remove_messages(room, 0, 9)
        assert removed == Piece(3, 3, is_last=True)


async def test_the_rest_service_keeps_rooms_and_people(roles: Roles) -> None:
    async with database_as(roles, Role.API) as database:
        rooms, people, reader = (
            RoomDirectory(database),
            UserDirectory(database),
            MessageReader(database),
        )
        settings, person = room_settings(), user()
        await rooms.ping()
        assert await rooms.create_room(settings)
        assert await rooms.update_room(settings)
        assert (await rooms.list_rooms(1, 10, "x")).count == 0
        assert (await rooms.totals()).rooms == 1
        assert await rooms.count_public() == 1
        assert await people.create_user(person)
        assert await people.user_by_session(person.session_hash) == person
        assert await people.users_by_ids([person.id])
        async with create_bulk_pool(roles.url(Role.WORKER), "test") as pool:
            await BulkWriter(pool).write_batch(IngestBatch.of([message_row(settings.id, 1)]), 0)
        assert len(await reader.messages_before(settings.id, None, 5)) == 1
        assert await rooms.delete_room(settings.id, SystemClock().micros())
        assert await reader.messages_before(settings.id, None, 5) == []
        assert (await reader.newest_public(5)).messages == ()


async def test_the_rest_service_keeps_what_staff_decide_and_who_wants_to_be_erased(
    roles: Roles,
) -> None:
    room, now, ids = uuid4(), SystemClock().micros(), IdMaker(SystemClock())
    deed = Deed(ids.new(), room, "owner:x", "rules", "", now, {})

    def line() -> Deed:
        return replace(deed, id=ids.new())

    async with database_as(roles, Role.API) as database:
        staff, reviews, people = (
            ModerationDirectory(database),
            ReviewDirectory(database),
            UserDirectory(database),
        )
        await staff.change_rules(deed, {"locked": True})
        sanction = Sanction(ids.new(), SanctionKind.BAN, SubjectKind.USER, "x", None)
        await staff.add_sanction(line(), sanction, "ট্রল")
        assert await staff.lift_sanction(line(), sanction.id)
        word = await staff.put_word(line(), ids.new(), WordRule("বোকা", WordAction.MASK))
        assert await staff.drop_word(line(), word)
        await staff.set_moderator_key(line(), b"k" * 32)
        moderator = uuid4()
        assert await staff.add_moderator(line(), b"k" * 32, moderator, "সহায়ক")
        assert await staff.drop_moderator(line(), moderator)
        assert len(await staff.deeds(room, None, 10)) == 8
        await reviews.add_report(ReportRecord(ids.new(), room, room, room, "", "", room, "", now))
        assert await reviews.decide_reports(room, room, "owner:x", "dismissed", now) == 1
        person = user()
        assert await people.create_user(person)
        erased = await Erasures(database).request(ids.new(), person, now)
        assert erased.user_id == person.id
    for statement in ("UPDATE audit_log SET action = ''", "DELETE FROM audit_log"):
        assert not await may(roles, Role.API, statement)


async def test_the_worker_erases_and_prunes(roles: Roles) -> None:
    person, now = user(), SystemClock().micros()
    async with database_as(roles, Role.API) as database:
        await UserDirectory(database).create_user(person)
        await Erasures(database).request(uuid4(), person, now)
    async with database_as(roles, Role.WORKER) as database:
        erasures = Erasures(database)
        wish = await erasures.take(now + 1, 60)
        assert wish is not None
        await erasures.empty_records(person.id, now)
        await erasures.put_off(wish, now)
        await Retention(database).remove_users([person.id], now)
        assert await Retention(database).remove_messages(uuid4(), now, 10) == 0


def held_in(room: UUID, now: int) -> HeldRecord:
    return HeldRecord(uuid4(), room, room, "রাকিব", "#ff0000", "ছাগল", "text", None, None, now)


async def test_the_rest_service_decides_about_what_waits(roles: Roles) -> None:
    room, now = uuid4(), SystemClock().micros()
    deed = Deed(uuid4(), room, "owner:x", "held_approved", "", now, {})
    async with database_as(roles, Role.API) as database:
        reviews, held = ReviewDirectory(database), held_in(room, now)
        await reviews.hold(held)
        async with reviews.deciding_held(deed, held.id, "approved") as deciding:
            assert deciding == Deciding(held, said=False)


async def test_the_socket_service_knows_the_rules_and_keeps_what_must_wait(roles: Roles) -> None:
    room, now = uuid4(), SystemClock().micros()
    async with database_as(roles, Role.WS) as database:
        assert (await ModerationDirectory(database).rules(room, now)).version == 0
        await ReviewDirectory(database).hold(held_in(room, now))
    for statement in ("UPDATE sanctions SET reason = ''", "SELECT * FROM admins"):
        assert not await may(roles, Role.WS, statement)


async def test_a_replica_of_the_socket_service_reads_through(
    roles: Roles, redis_url: str, redis_key_prefix: str
) -> None:
    room = uuid4()
    async with create_bulk_pool(roles.url(Role.WORKER), "test") as pool:
        batch = IngestBatch.of([room_snapshot(id=room), message_row(room, 1, content="পুরনো কথা")])
        await BulkWriter(pool).write_batch(batch, 0)
    values: dict[str, Any] = {
        "redis_url": redis_url,
        "database_url": roles.url(Role.WS),
        "key_prefix": redis_key_prefix,
        "port": free_ports(1)[0],
        "drain_seconds": 0.2,
    }
    async with (
        run_replica(WsSettings(**values)) as replica,
        chat(replica.base, room) as client,
    ):
        await client.say("নতুন কথা", client_id="1")
        await client.wait_for("ack")
        await client.send(type="history", before=3, limit=5)
        history = await client.wait_for("history")
        assert "পুরনো কথা" in [one["message"] for one in history["messages"]]
        session = client.events[0]["session_id"]
        async with chat(replica.base, room, session_id=session) as again:
            assert again.events[0]["type"] == "welcome"


async def test_who_migrates_makes_everything_from_nothing_and_the_rest_follows(
    postgres_url: str,
) -> None:
    name = f"bare{uuid4().hex}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name}")
    async with roles_for(urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))) as roles:
        await roles.make()
        version = await upgrade(roles.url(Role.MIGRATE), role_prefix=roles.prefix)
        assert version == newest_version()
        engine = create_engine(roles.url(Role.MIGRATE), "test")
        assert await seed_once(engine, SystemClock())
        await engine.dispose()
        async with database_as(roles, Role.API) as database:
            assert (await RoomDirectory(database).totals()).rooms == 4
        assert not await may(roles, Role.WS, "DELETE FROM messages")
        # And again, on what is there.
        await roles.make()
        await upgrade(roles.url(Role.MIGRATE), role_prefix=roles.prefix)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def test_making_roles_again_takes_back_what_was_granted_by_hand(roles: Roles) -> None:
    connection = await asyncpg.connect(roles.owner_url)
    ws = role_name(Role.WS, roles.prefix)
    await connection.execute(f'GRANT ALL ON messages TO "{ws}"')
    await connection.execute(f'ALTER ROLE "{ws}" CREATEROLE')
    assert await may(roles, Role.WS, "DELETE FROM messages")
    await roles.make()
    assert not await may(roles, Role.WS, "DELETE FROM messages")
    flags = "SELECT rolcreaterole OR rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = $1"
    assert await connection.fetchval(flags, ws) is False
    await connection.close()


async def test_nobody_else_comes_into_the_database(roles: Roles) -> None:
    stranger = f"s{uuid4().hex}"
    connection = await asyncpg.connect(roles.owner_url)
    await connection.execute(f"CREATE ROLE {stranger} LOGIN PASSWORD 'of-a-stranger'")
    parts = urlsplit(roles.owner_url)
    place = parts.netloc.rpartition("@")[2]
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(
                urlunsplit(parts._replace(netloc=f"{stranger}:of-a-stranger@{place}"))
            )
    finally:
        await connection.execute(f"DROP ROLE {stranger}")
        await connection.close()
