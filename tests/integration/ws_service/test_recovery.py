"""Nothing is missed: reconnects, lost pub/sub, restarts, an emptied Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from tests.chat_client import ChatClient, Crowd, chat
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.patience import eventually
from tests.redis_nodes import tell_all
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from shared.protocol.codec import decode_body
from shared.protocol.envelopes import MessagesEnvelope
from shared.usecases.post_message import CheckedDraft

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.own_valkey import OwnValkey

    from ws_service.settings import WsSettings

SESSION = "a1b2c3d4-e5f6-7890-1234-567890abcdef"


async def position_of(client: ChatClient) -> dict[str, Any]:
    epoch = (await client.wait_for("welcome"))["epoch"]
    return {"epoch": epoch, "since": max([e["seq"] for e in client.of("message")], default=0)}


async def test_a_reconnect_to_another_replica_gets_what_it_missed_in_order(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer:
        async with chat(replicas[0].base, room, session_id=SESSION) as reader:
            await writer.say("১")
            await reader.wait_for("message")
            position = await position_of(reader)
        for text in ("২", "৩", "৪"):
            await writer.say(text)
        await writer.wait_for("message", lambda e: e["seq"] == 4)
        async with chat(replicas[1].base, room, session_id=SESSION, **position) as reader:
            recovered = await reader.wait_for("recovered")
            assert recovered["complete"] is True
            assert [m["message"] for m in recovered["messages"]] == ["২", "৩", "৪"]
            await writer.say("৫")
            await reader.wait_for("message")
            assert reader.texts == ["৫"]


async def test_a_reconnect_under_load_sees_every_number_once(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer:
        await writer.wait_for("user_list")
        position = await position_of(writer)
        seen: list[int] = []

        async def write() -> None:
            for n in range(200):
                await writer.say(str(n))
                await asyncio.sleep(0.005)

        writing = asyncio.create_task(write())
        for turn in range(8):
            base = replicas[turn % 2].base
            async with chat(base, room, session_id=SESSION, **position) as reader:
                await reader.wait_for("recovered")
                await asyncio.sleep(0.1)
            recovered = reader.of("recovered")[0]
            assert recovered["complete"]
            seen += [m["seq"] for m in recovered["messages"]]
            seen += [m["seq"] for m in reader.of("message")]
            position["since"] = seen[-1] if seen else 0
        await writing
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) > 50


async def test_an_unknown_epoch_gets_the_newest_fifty_and_is_told_so(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer:
        for n in range(60):
            await writer.say(str(n))
        await writer.wait_for("message", lambda e: e["seq"] == 60)
        async with chat(replicas[1].base, room, epoch="other", since=3) as reader:
            recovered = await reader.wait_for("recovered")
            assert recovered["complete"] is False
            assert [m["seq"] for m in recovered["messages"]] == list(range(11, 61))


async def test_a_position_from_the_future_is_not_believed(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer:
        await writer.say("১")
        position = await position_of(writer) | {"since": 99}
        async with chat(replicas[0].base, room, **position) as reader:
            assert (await reader.wait_for("recovered"))["complete"] is False


async def test_a_message_that_pub_sub_lost_is_noticed_by_the_next_one(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer, chat(replicas[1].base, room) as reader:
        await writer.say("১")
        await reader.wait_for("message")
        lose_messages(replicas[1], room, 1)
        await writer.say("২")
        await writer.say("৩")
        await reader.wait_for("message", lambda e: e["seq"] == 3)
        assert reader.texts == ["১", "২", "৩"]


async def test_a_last_message_that_pub_sub_lost_is_noticed_by_the_position_check(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", position_check_seconds=0.2)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await client.wait_for("user_list")
        lose_messages(replica, room, 1)
        await client.say("১")
        await client.wait_for("message")


def lose_messages(replica: Replica, room: UUID, count: int) -> None:
    """The next messages of a room do not reach the replica, as when pub/sub drops them."""
    channel = replica.deps.hub.parts.channels[room]
    take = channel.take

    def losing(envelope: Any) -> None:
        nonlocal count
        if isinstance(envelope, MessagesEnvelope) and count > 0:
            count -= 1
        else:
            take(envelope)

    channel.take = losing  # type: ignore[method-assign]


async def test_a_killed_subscription_is_rebuilt_and_nothing_is_missed(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as writer, chat(replicas[1].base, room) as reader:
        await reader.wait_for("user_list", lambda e: e["total"] == 2)
        for turn in range(3):
            await tell_all(replicas[0].deps.redis, "CLIENT", "KILL", "TYPE", "pubsub")
            await writer.say(str(turn))
        await reader.wait_for("message", lambda e: e["seq"] == 3)
        await writer.wait_for("message", lambda e: e["seq"] == 3)
        assert reader.texts == writer.texts == ["0", "1", "2"]


async def test_a_draining_replica_closes_with_1012_and_nobody_is_told_left(
    replicas: tuple[Replica, Replica], settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, username="দর্শক") as watcher,
        run_replica(settings_for("ws-3")) as third,
        Crowd() as crowd,
    ):
        for n in range(5):
            await crowd.add(third.base, room, username=f"জন {n}", session_id=f"{SESSION}-{n}")
        await watcher.wait_for("user_list", lambda e: e["total"] == 6)
        before = len(watcher.of("system"))
        third.stop.set()
        assert [await client.wait_closed() for client in crowd.clients] == [1012] * 5
        for n in range(5):
            await crowd.add(replicas[1].base, room, username=f"জন {n}", session_id=f"{SESSION}-{n}")
        for client in crowd.clients[5:]:
            await client.wait_for("user_list", lambda e: e["total"] == 6)
        await asyncio.sleep(2.5)
        assert len(watcher.of("system")) == before


async def test_a_draining_replica_sends_newcomers_on_before_it_stops_to_listen(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-3", drain_settle_seconds=1.0)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await client.wait_for("welcome")
        replica.stop.set()
        await eventually(lambda: replica.deps.hub.draining)
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{replica.base}/ws/chat/{room}/", proxy=None)
        assert caught.value.response.status_code == 503  # which the gateway takes elsewhere
        assert await client.wait_closed() == 1012


async def test_presence_comes_back_after_redis_was_emptied(
    settings_for: Callable[..., WsSettings], room: UUID, own_valkey: OwnValkey
) -> None:
    settings = settings_for("ws-1", redis_url=SecretStr(own_valkey.url), position_check_seconds=0.2)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await client.say("আগে")
        await client.wait_for("message")
        await replica.deps.redis.flushall()
        recovered = await client.wait_for("recovered")
        assert recovered["complete"] is False
        await client.say("পরে", client_id="x")
        await client.wait_for("ack")
        await client.wait_for("message", lambda e: e["message"] == "পরে")

        async def is_back() -> bool:
            return bool((await replica.deps.hub.parts.presence.snapshot(room)).people)

        await eventually(is_back)


async def test_a_restart_of_redis_loses_nothing_that_was_acknowledged(
    settings_for: Callable[..., WsSettings], room: UUID, own_valkey: OwnValkey
) -> None:
    settings = settings_for("ws-1", redis_url=SecretStr(own_valkey.url))
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await client.say("আগে", client_id="a")
        await client.wait_for("ack")
        own_valkey.stop()
        await client.say("মাঝে", client_id="b")
        error = await client.wait_for("error", lambda e: e["client_id"] == "b")
        assert error["code"] == "unavailable"
        assert error["retry_after"] > 0
        assert not (await replica.deps.readiness()).ready
        own_valkey.start()
        await replica.until_ready()
        await client.say("মাঝে", client_id="b")
        ack = await client.wait_for("ack", lambda e: e["client_id"] == "b")
        assert ack["seq"] == 2
        await client.wait_for("message", lambda e: e["seq"] == 2)
        assert client.texts == ["আগে", "মাঝে"]
        assert client.close_code is None


async def test_what_was_changed_or_deleted_meanwhile_is_told_on_the_return(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    parts = replicas[0].deps.hub.parts
    async with chat(replicas[0].base, room) as writer:
        async with chat(replicas[1].base, room, session_id=SESSION) as reader:
            for n in range(3):
                await writer.say(str(n), client_id=str(n))
            await reader.wait_for("message", lambda e: e["seq"] == 3)
            position = await position_of(reader)
        page = await parts.history.log.before(room, None, 3)
        for message, delete in zip(page.messages[1:], (True, False), strict=True):
            body = decode_body(message.body)
            changed = body._replace(message="" if delete else "বদলে গেছে")
            await parts.history.log.revise(room, message, changed, delete=delete)
        async with chat(replicas[1].base, room, session_id=SESSION, **position) as reader:
            recovered = await reader.wait_for("recovered")
            assert recovered["complete"] is True
            assert [(e["type"], e["seq"]) for e in recovered["revisions"]] == [
                ("message_deleted", 2),
                ("message_updated", 1),
            ]
            assert recovered["revisions"][1]["message"] == "বদলে গেছে"


async def test_a_change_that_pub_sub_lost_is_noticed_by_the_position_check(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", position_check_seconds=0.2)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await client.say("আগে")
        await client.wait_for("message")
        log = replica.deps.hub.parts.history.log
        (message,) = (await log.before(room, None, 1)).messages
        channel = replica.deps.hub.parts.channels[room]
        take = channel.take
        channel.take = lambda envelope: None  # type: ignore[method-assign]  # noqa: ARG005
        body = decode_body(message.body)._replace(message="পরে")
        await log.revise(room, message, body, delete=False)
        await asyncio.sleep(0.05)
        channel.take = take  # type: ignore[method-assign]
        updated = await client.wait_for("message_updated")
        assert (updated["message"], updated["seq"]) == ("পরে", 1)


async def test_a_room_whose_end_was_not_heard_is_closed_by_the_position_check(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", position_check_seconds=0.2)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        keys = replica.deps.hub.parts.keys
        await replica.deps.redis.hset(keys.meta(room), "closed", "1")
        assert await client.wait_closed() == 4000


async def test_a_message_whose_answer_was_lost_is_not_sent_twice(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    """As when a link breaks after Redis has carried the script out: the same call comes again."""
    async with chat(replicas[1].base, room) as reader:
        parts = replicas[0].deps.hub.parts
        user = parts.identifier.new_user(SESSION, None, None)
        draft = CheckedDraft("একবার", None, "text", None, None)
        body, first = await parts.poster.post(user, room, draft)
        second = await parts.history.log.publish(body)
        assert (second.seq, second.message_id) == (first.seq, first.message_id)
        await reader.wait_for("message")
        await asyncio.sleep(0.1)
        assert reader.texts == ["একবার"]
