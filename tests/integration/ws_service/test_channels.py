"""A room that somebody opens is no room for anybody before it is level with Redis."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from tests.chat_client import Crowd, chat
from tests.patience import eventually

from shared.protocol.errors import Unavailable
from shared.rooms.live_rules import WrittenRules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from tests.chat_client import ChatClient
    from tests.integration.ws_service.conftest import Replica

SESSION: Final = "session-of-one-who-is-in-already"


@asynccontextmanager
async def being_opened(
    replica: Replica, room: UUID, crowd: Crowd, *, fails: bool = False
) -> AsyncIterator[asyncio.Task[ChatClient]]:
    """Somebody opens the room at `replica`, and has not read yet who is in it.

    At the end of the block Redis answers, or `fails`; gives who opens it.
    """
    presence: Any = replica.deps.hub.parts.presence
    asked, answer, snapshot = asyncio.Event(), asyncio.Event(), presence.snapshot

    async def late(of: UUID) -> Any:
        asked.set()
        await answer.wait()
        if fails:
            raise Unavailable("redis")
        return await snapshot(of)

    presence.snapshot = late
    opener = asyncio.create_task(crowd.add(replica.base, room, session_id=SESSION))
    await asked.wait()
    try:
        yield opener
    finally:
        answer.set()
        await opener


async def come_meanwhile(
    replica: Replica, room: UUID, crowd: Crowd, **query: str
) -> asyncio.Task[ChatClient]:
    """Somebody more is at the door, or in."""
    hub = replica.deps.hub
    coming = asyncio.create_task(crowd.add(replica.base, room, **query))
    channels = hub.parts.channels
    await eventually(lambda: channels.wanted > 1 or hub.connections or coming.done())
    return coming


async def test_who_comes_while_a_room_is_opened_is_told_everybody_who_is_in_it(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with Crowd() as crowd, chat(replicas[1].base, room, username="আগে থেকে"):
        async with being_opened(replicas[0], room, crowd):
            coming = await come_meanwhile(replicas[0], room, crowd, roster="delta")
        client = await coming
        users = await client.wait_for("user_list")
        assert "আগে থেকে" in {user["username"] for user in users["users"]}


async def test_who_is_in_a_locked_room_comes_in_while_it_is_opened_elsewhere(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with Crowd() as crowd, chat(replicas[1].base, room, session_id=SESSION) as inside:
        await replicas[1].deps.hub.parts.guards._reader.live.put(
            WrittenRules(room, version=1, locked=True)
        )
        await inside.wait_for("room_rules", lambda e: e["rules"]["locked"])
        async with being_opened(replicas[0], room, crowd):
            coming = await come_meanwhile(replicas[0], room, crowd, session_id=SESSION)
        assert (await coming).events[0]["type"] == "welcome"


async def test_whoever_waits_for_a_room_that_cannot_be_opened_is_told_so(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with Crowd() as crowd:
        async with being_opened(replicas[0], room, crowd, fails=True) as opener:
            coming = await come_meanwhile(replicas[0], room, crowd)
        for client in (await opener, await coming):
            assert client.events[0]["code"] == "unavailable"
            assert await client.wait_closed() == 1013
