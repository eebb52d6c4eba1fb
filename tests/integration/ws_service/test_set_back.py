"""Redis comes back without its newest messages, but with the room: as after a failover."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.chat_client import chat
from tests.integration.ws_service.conftest import Replica, run_replica

from shared.message_log.message_log import MessageLog
from shared.redis_schema.scripts import EPOCH_GAP, Scripts
from shared.usecases.post_message import CheckedDraft, MessagePoster
from ws_service.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ws_service.settings import WsSettings

NEVER = 600.0
"""Seconds between position checks where the test makes them: none sees half of what is set back."""


async def set_back(replica: Replica, room: UUID, **fields: int) -> None:
    """The room loses its newest changes, as one that was replicated a moment ago."""
    redis: Any = replica.deps.redis
    keys = replica.deps.hub.parts.keys
    for field, count in fields.items():
        await redis.hincrby(keys.meta(room), field, -count)
    if seqs := fields.get("seq"):
        entries = await redis.xrange(keys.log(room))
        await redis.delete(keys.log(room))
        for entry, content in entries[:-seqs]:
            await redis.xadd(keys.log(room), content, id=entry)


async def test_numbers_that_were_shown_are_not_given_out_again(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer, chat(replicas[1].base, room) as reader:
        for n in range(5):
            await writer.say(str(n), client_id=str(n))
        await reader.wait_for("message", lambda e: e["seq"] == 5)
        await set_back(replicas[0], room, seq=2)
        await writer.say("পরে", client_id="later")
        ack = await writer.wait_for("ack", lambda e: e["client_id"] == "later")
        assert ack["seq"] == 5 + EPOCH_GAP + 1
        for client in (writer, reader):
            recovered = await client.wait_for("recovered")
            assert recovered["complete"] is False
            assert recovered["messages"][-1]["message"] == "পরে"
            assert client.texts == ["0", "1", "2", "3", "4"]
        await writer.say("আরও")
        await reader.wait_for("message", lambda e: e["message"] == "আরও")


async def test_a_number_that_a_stranger_gave_out_again_is_noticed(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    """By one who has not seen it: an api_service, or a replica that has just come."""
    async with chat(replicas[0].base, room) as reader:
        for n in range(3):
            await reader.say(str(n))
        await reader.wait_for("message", lambda e: e["seq"] == 3)
        await set_back(replicas[0], room, seq=1)
        assert await stranger_says(replicas[0], room, "অন্য") == 3
        recovered = await reader.wait_for("recovered")
        assert recovered["complete"] is False
        assert [m["message"] for m in recovered["messages"]] == ["0", "1", "অন্য"]
        await reader.say("আবার")
        event = await reader.wait_for("message", lambda e: e["message"] == "আবার")
        assert event["seq"] == 3 + 1 + EPOCH_GAP + 1


async def test_what_a_stranger_wrote_on_is_not_read_as_if_it_followed(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    """Nothing of it was heard, and the position check finds the room further on."""
    settings = settings_for("ws-1", position_check_seconds=NEVER)
    async with run_replica(settings) as replica, chat(replica.base, room) as reader:
        for n in range(3):
            await reader.say(str(n))
        await reader.wait_for("message", lambda e: e["seq"] == 3)
        channel = replica.deps.hub.parts.channels[room]
        take = channel.take
        channel.take = lambda envelope: None  # type: ignore[method-assign]  # noqa: ARG005
        await set_back(replica, room, seq=1)
        for text in ("অন্য", "আরও"):
            await stranger_says(replica, room, text)
        await Heartbeat(replica.deps.hub).check_positions()
        recovered = await reader.wait_for("recovered")
        channel.take = take  # type: ignore[method-assign]
        assert [m["message"] for m in recovered["messages"]] == ["0", "1", "অন্য", "আরও"]
        assert reader.texts == ["0", "1", "2"]


async def stranger_says(replica: Replica, room: UUID, text: str) -> int:
    """By one who has not seen the room; returns the number."""
    parts = replica.deps.hub.parts
    log = MessageLog(replica.deps.redis, Scripts(replica.deps.redis, parts.keys))
    user = parts.identifier.new_user("a" * 32, None, None)
    draft = CheckedDraft(text, None, "text", None, None)
    _, place = await MessagePoster(log, parts.poster.rooms, parts.ids).post(user, room, draft)
    return place.seq


async def test_a_room_that_was_set_back_is_noticed_by_the_position_check(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", position_check_seconds=NEVER)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        before = await client.wait_for("welcome")
        for n in range(3):
            await client.say(str(n))
        await client.wait_for("message", lambda e: e["seq"] == 3)
        await set_back(replica, room, seq=3)
        await Heartbeat(replica.deps.hub).check_positions()
        recovered = await client.wait_for("recovered")
        assert (recovered["complete"], recovered["seq"]) == (False, 3 + EPOCH_GAP)
        assert recovered["epoch"] != before["epoch"]


async def test_a_roster_that_was_set_back_is_read_anew(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", position_check_seconds=NEVER)
    async with (
        run_replica(settings) as replica,
        chat(replica.base, room) as client,
        chat(replica.base, room, username="মিতা") as lost,
    ):
        await client.wait_for("user_list", lambda e: e["total"] == 2)
        user = (await lost.wait_for("welcome"))["user_id"]
        redis: Any = replica.deps.redis
        keys = replica.deps.hub.parts.keys
        await set_back(replica, room, rv=1)
        await redis.hdel(keys.users(room), user)
        await redis.zrem(keys.roster(room), user)
        before = len(client.of("user_list"))
        await Heartbeat(replica.deps.hub).check_positions()
        await client.wait_for("user_list", lambda _: len(client.of("user_list")) > before)
        assert client.of("user_list")[-1]["total"] == 1


async def test_a_roster_of_an_older_epoch_says_nothing_of_this_one(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        await client.wait_for("user_list")
        channel = replicas[0].deps.hub.parts.channels[room]
        await channel.catch_up()
        before = await replicas[0].deps.hub.parts.history.log.head(room)
        channel.roster.epoch, channel.roster.rv = "older", 99
        await channel.catch_up()
        after = await replicas[0].deps.hub.parts.history.log.head(room)
        assert before is not None
        assert after is not None
        assert (after.rv, channel.roster.rv) == (before.rv, before.rv)


async def test_what_is_only_late_does_not_begin_a_new_epoch(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer, chat(replicas[1].base, room) as reader:
        for n in range(50):
            await writer.say(str(n))
            for replica in replicas:
                replica.deps.hub.parts.channels[room].check()
        await reader.wait_for("message", lambda e: e["seq"] == 50)
        await asyncio.sleep(0.1)
        assert not reader.of("recovered")
        assert reader.texts == [str(n) for n in range(50)]
