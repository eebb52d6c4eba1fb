"""Changes of a roster that a replica never heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.chat_client import chat
from tests.integration.ws_service.conftest import Replica

from shared.protocol.envelopes import RosterEnvelope

if TYPE_CHECKING:
    from uuid import UUID

SESSION = "a1b2c3d4-e5f6-7890-1234-567890abcdef"


async def lose_roster_changes(replica: Replica, room: UUID) -> None:
    channel: Any = replica.deps.hub.parts.channels[room]
    take = channel.take
    channel.take = lambda e: None if isinstance(e, RosterEnvelope) else take(e)


@pytest.mark.parametrize("roster", ["full", "delta"])
async def test_who_came_unheard_is_in_the_list_after_a_check(
    replicas: tuple[Replica, Replica], room: UUID, roster: str
) -> None:
    async with chat(replicas[0].base, room, roster=roster) as client:
        await client.wait_for("user_list")
        await lose_roster_changes(replicas[0], room)
        async with chat(replicas[1].base, room, username="নতুন"):
            replicas[0].deps.hub.parts.channels[room].check()
            people = await client.wait_for("user_list", lambda e: e["total"] == 2)
            assert "নতুন" in {user["username"] for user in people["users"]}


async def test_a_tab_that_did_not_hear_of_its_new_name_takes_it_from_the_roster(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, session_id=SESSION, username="আগে") as deaf,
        chat(replicas[1].base, room, session_id=SESSION) as other,
    ):
        await deaf.wait_for("user_list", lambda e: e["total"] == 1)
        await lose_roster_changes(replicas[0], room)
        await other.send(type="user_update", username="এখন")
        await other.wait_for("system", lambda e: e["event"] == "renamed")
        replicas[0].deps.hub.parts.channels[room].check()
        await deaf.wait_for("user_list", lambda e: e["users"][0]["username"] == "এখন")
        await asyncio.sleep(0)
        await deaf.say("কে আমি?")
        assert (await other.wait_for("message"))["username"] == "এখন"
