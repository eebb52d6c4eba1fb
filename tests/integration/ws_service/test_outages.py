"""Redis or PostgreSQL away, at the start and in the middle: told clearly, mended by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import SecretStr
from tests.chat_client import chat
from tests.integration.ws_service.conftest import Replica, run_replica

from local_stack.postgres import start_postgres

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from tests.own_valkey import OwnValkey

    from ws_service.settings import WsSettings

SESSION = "a1b2c3d4-e5f6-7890-1234-567890abcdef"


async def test_a_replica_that_starts_before_redis_refuses_and_then_serves(
    settings_for: Callable[..., WsSettings], room: UUID, own_valkey: OwnValkey
) -> None:
    settings = settings_for("ws-1", redis_url=SecretStr(own_valkey.url))
    own_valkey.stop()
    async with run_replica(settings, ready=False) as replica:
        assert (await replica.deps.readiness()).failing == ("redis", "broker")
        async with chat(replica.base, room) as client:
            error = client.events[0]
            assert (error["code"], error["retry_after"] > 0) == ("unavailable", True)
            assert await client.wait_closed() == 1013
        own_valkey.start()
        await replica.until_ready()
        async with chat(replica.base, room) as client:
            await client.say("অবশেষে")
            await client.wait_for("message")


async def test_chat_goes_on_without_postgresql(
    settings_for: Callable[..., WsSettings], room: UUID, reachable_path: Path
) -> None:
    server = start_postgres(reachable_path / "own", durable=False)
    settings = settings_for("ws-1", database_url=SecretStr(server.url))
    server.stop()
    async with run_replica(settings) as replica:
        # Nothing is known of the room, and nobody can say whether it exists.
        async with chat(replica.base, room) as client:
            assert client.events[0]["code"] == "unavailable"
            assert await client.wait_closed() == 1013
        await know_room(replica, room)
        async with chat(replica.base, room) as first, chat(replica.base, room) as second:
            await first.say("চলছে", client_id="a")
            await first.wait_for("ack")
            await second.wait_for("message")
            await second.send(type="history", limit=1)
            assert len((await second.wait_for("history"))["messages"]) == 1
        # Whose session it is cannot be looked up either; a new guest gets in.
        async with chat(replica.base, room, session_id=SESSION) as client:
            assert client.events[0]["code"] == "unavailable"


async def know_room(replica: Replica, room: UUID) -> None:
    """Puts a room into Redis as somebody did while PostgreSQL was there."""
    opener = replica.deps.hub.parts.history.rooms
    await opener.live.load(opener._new_room(room), epoch="aa", last_seq=0, total=0, closed=False)


async def test_older_history_needs_postgresql_and_says_so(
    settings_for: Callable[..., WsSettings], room: UUID, reachable_path: Path
) -> None:
    server = start_postgres(reachable_path / "own", durable=False)
    settings = settings_for("ws-1", database_url=SecretStr(server.url))
    server.stop()
    async with run_replica(settings) as replica:
        opener = replica.deps.hub.parts.history.rooms
        await opener.live.load(
            opener._new_room(room), epoch="aa", last_seq=500, total=500, closed=False
        )
        async with chat(replica.base, room) as client:
            await client.send(type="history", before=400)
            error = await client.wait_for("error")
            assert error["code"] == "unavailable"
            await client.say("তবু চলছে")
            await client.wait_for("message")


async def test_a_room_and_a_session_that_redis_forgot_are_read_from_postgresql(
    replicas: tuple[Replica, Replica],
) -> None:
    first, _ = replicas
    opener = first.deps.hub.parts.history.rooms
    settings = opener._new_room(uuid4())
    await opener.directory.create_room(settings)
    identifier = first.deps.hub.parts.identifier
    user = identifier.new_user(SESSION, "পুরনো", None)
    await identifier.directory.create_user(user)
    async with chat(first.base, settings.id, session_id=SESSION) as client:
        welcome = client.events[0]
        assert (welcome["user_id"], welcome["username"]) == (str(user.id), "পুরনো")


async def test_a_deleted_room_is_not_made_again_by_who_enters(
    replicas: tuple[Replica, Replica],
) -> None:
    opener = replicas[0].deps.hub.parts.history.rooms
    settings = opener._new_room(uuid4())
    await opener.directory.create_room(settings)
    async with chat(replicas[0].base, settings.id) as inside:
        await opener.directory.delete_room(settings.id, settings.created_micros)
        await opener.live.close(settings.id)
        assert (await inside.wait_for("system", lambda e: e["event"] == "room_closed"))["message"]
        assert await inside.wait_closed() == 4000
    async with chat(replicas[1].base, settings.id) as late:
        assert late.events[0]["code"] == "room_not_found"
        assert await late.wait_closed() == 4000
