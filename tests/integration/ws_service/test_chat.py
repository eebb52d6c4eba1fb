"""What people in one room see of each other, whichever replica they are on."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from tests.chat_client import Crowd, chat
from tests.integration.ws_service.conftest import Replica, run_replica

from shared.usecases.read_history import PAGE_BYTES
from ws_service.announcer import WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ws_service.settings import WsSettings

SESSION = "a1b2c3d4-e5f6-7890-1234-567890abcdef"


async def test_welcome_is_the_first_event_and_names_the_room(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, username="রাকিব") as rakib:
        await rakib.wait_for("user_list")
        welcome = rakib.events[0]
        assert welcome["type"] == "welcome"
        assert welcome["room"]["name"] == f"রুম {str(room)[:8]}"
        assert (welcome["username"], welcome["seq"], welcome["protocol"]) == ("রাকিব", 0, 1)
        assert len(welcome["session_id"]) >= 22


async def test_a_given_session_is_not_told_back(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, session_id=SESSION) as client:
        assert (await client.wait_for("welcome"))["session_id"] is None


async def test_a_message_reaches_both_replicas_once_with_its_number(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as here, chat(replicas[1].base, room) as there:
        await there.wait_for("user_list")
        await here.say("সবাইকে সালাম!", client_id="m1")
        ack = await here.wait_for("ack")
        for client in (here, there):
            message = await client.wait_for("message")
            assert (message["message"], message["seq"]) == ("সবাইকে সালাম!", 1)
            assert (message["message_id"], message["timestamp"]) == (
                ack["message_id"],
                ack["timestamp"],
            )
        await asyncio.sleep(0.1)
        assert len(here.of("message")) == len(there.of("message")) == 1


async def test_all_readers_see_one_order_without_gaps(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with Crowd() as crowd:
        clients = [await crowd.add(replicas[n % 2].base, room) for n in range(6)]
        await asyncio.gather(
            *(client.say(f"{n}-{m}") for n, client in enumerate(clients) for m in range(10))
        )
        for client in clients:
            await client.wait_for("message", lambda e: e["seq"] == 60)
        orders = [[(e["seq"], e["message"]) for e in c.of("message")] for c in clients]
        assert [seq for seq, _ in orders[0]] == list(range(1, 61))
        assert all(order == orders[0] for order in orders)


async def test_an_authors_messages_keep_their_order(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        for n in range(40):
            await client.say(str(n))
        await client.wait_for("message", lambda e: e["seq"] == 40)
        assert client.texts == [str(n) for n in range(40)]


async def test_joins_leaves_and_renames_are_told_in_bangla(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, username="রাকিব") as rakib:
        async with chat(replicas[1].base, room, username="সুমি") as sumi:
            text = "🎉 সুমি চ্যাটরুমে যোগ দিয়েছেন!"
            await rakib.wait_for("system", lambda e: e["message"] == text)
            await sumi.wait_for("system", lambda e: e["message"] == text)
            await sumi.send(type="user_update", username="সুমাইয়া", color="#00ff00")
            renamed = "📝 সুমি এখন সুমাইয়া নামে পরিচিত"
            await rakib.wait_for("system", lambda e: e["message"] == renamed)
            await sumi.say("আমি")
            message = await rakib.wait_for("message")
            assert (message["username"], message["user_color"]) == ("সুমাইয়া", "#00ff00")
            people = await rakib.wait_for("user_list", lambda e: e["total"] == 2)
            assert {user["username"] for user in people["users"]} <= {"রাকিব", "সুমি", "সুমাইয়া"}
        left = "👋 সুমাইয়া চ্যাটরুম ছেড়েছেন"
        await rakib.wait_for("system", lambda e: e["message"] == left)
        await rakib.wait_for("user_list", lambda e: e["total"] == 1)


async def test_a_second_tab_is_not_announced_and_gets_its_list(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, username="দর্শক") as watcher,
        chat(replicas[0].base, room, username="রাকিব", session_id=SESSION) as first,
    ):
        await watcher.wait_for("user_list", lambda e: e["total"] == 2)
        await asyncio.sleep(0.4)
        before = len(watcher.of("system"))
        async with chat(replicas[1].base, room, username="রাকিব", session_id=SESSION) as second:
            await second.wait_for("user_list", lambda e: e["total"] == 2)
            user = (await first.wait_for("welcome"))["user_id"]
            assert (await second.wait_for("welcome"))["user_id"] == user
        await asyncio.sleep(2.6)
        assert len(watcher.of("system")) == before
        assert watcher.of("user_list")[-1]["total"] == 2


async def test_a_reload_is_not_seen_by_others(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.hub.LEAVE_GRACE_MS", 60_000)  # for a machine that is busy
    parts = replicas[0].deps.hub.parts
    async with chat(replicas[0].base, room, username="দর্শক") as watcher:
        async with chat(replicas[0].base, room, session_id=SESSION) as reader:
            await reader.wait_for("user_list", lambda e: e["total"] == 2)
            await watcher.wait_for("user_list", lambda e: e["total"] == 2)
            before = watcher.of("system")
        await asyncio.sleep(2 * WINDOW_SECONDS)  # a page loads longer than its leave is folded
        async with chat(replicas[1].base, room, session_id=SESSION) as reader:
            await reader.wait_for("user_list", lambda e: e["total"] == 2)
            await reader.say("আবার এলাম")
            await watcher.wait_for("message")
            await asyncio.sleep(2 * WINDOW_SECONDS)  # what is folded would be told
            assert watcher.of("system") == before
            leaving = parts.keys.leaving(parts.keys.partition_of(room))
            assert await replicas[0].deps.redis.zcard(leaving) == 0


async def test_typing_is_told_and_expires(replicas: tuple[Replica, Replica], room: UUID) -> None:
    async with chat(replicas[0].base, room) as here, chat(replicas[1].base, room) as there:
        await there.wait_for("user_list")
        await here.send(type="typing", typing=True)
        event = await there.wait_for("typing")
        assert event["typing"] is True
        await there.wait_for("typing", lambda e: e["typing"] is False)


async def test_a_ping_is_answered_with_the_servers_time(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        await client.send(type="ping", t=5)
        pong = await client.wait_for("pong")
        assert pong["t"] == 5
        assert pong["server_time"].endswith("+06:00")


async def test_a_retry_gets_the_first_ack_and_nothing_is_sent_twice(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, session_id=SESSION) as first,
        chat(replicas[1].base, room, session_id=SESSION) as second,
    ):
        await first.say("একবার", client_id="x")
        ack = await first.wait_for("ack")
        await second.say("একবার", client_id="x")
        assert await second.wait_for("ack") == ack
        await second.say("অন্য কথা", client_id="x")
        error = await second.wait_for("error")
        assert (error["code"], error["client_id"]) == ("client_id_conflict", "x")
        await asyncio.sleep(0.1)
        assert first.texts == ["একবার"]


async def test_history_answers_the_asker_alone(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as asker, chat(replicas[0].base, room) as other:
        for n in range(5):
            await asker.say(str(n + 1))
        await asker.wait_for("message", lambda e: e["seq"] == 5)
        await asker.send(type="history", before=4, limit=2)
        answer = await asker.wait_for("history")
        assert [m["message"] for m in answer["messages"]] == ["2", "3"]
        assert answer["has_more"] is True
        assert other.of("history") == []


async def test_a_page_of_long_messages_is_short_enough_for_a_slow_link(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        for n in range(12):
            await client.say(f"{'ক' * 3990}{n}")
        await client.wait_for("message", lambda e: e["seq"] == 12)
        found: list[int] = []
        for direction in ({"after": 0}, {"before": 13}):
            await client.send(type="history", limit=100, **direction)
            page = await client.wait_for("history")
            client.events.remove(page)
            assert len(json.dumps(page, ensure_ascii=False).encode()) < PAGE_BYTES * 1.1
            assert page["has_more"] is True
            found += [message["seq"] for message in page["messages"]]
        assert found == [*range(1, 11), *range(3, 13)]
    async with chat(replicas[1].base, room, epoch="other", since=0) as newcomer:
        newest = await newcomer.wait_for("recovered")
        assert [message["seq"] for message in newest["messages"]] == list(range(3, 13))


@pytest.mark.parametrize("allowed", [("https://adda.example",)])
async def test_a_page_of_another_origin_is_refused_so_that_it_sees_why(
    settings_for: Callable[..., WsSettings], room: UUID, allowed: tuple[str, ...]
) -> None:
    async with run_replica(settings_for("ws-1", allowed_origins=allowed)) as replica:
        async with chat(replica.base, room, origin="https://evil.example") as client:
            assert (await client.wait_for("error"))["code"] == "origin_refused"
            assert await client.wait_closed() == 4003
        async with chat(replica.base, room, origin="https://adda.example") as client:
            await client.wait_for("welcome")


async def test_a_session_may_travel_as_a_subprotocol(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, subprotocols=["adda", SESSION]) as client:
        assert client.socket.subprotocol == "adda"
        assert (await client.wait_for("welcome"))["session_id"] is None


async def test_texts_are_english_for_who_prefers_it(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    headers = {"Accept-Language": "en"}
    async with chat(replicas[0].base, room, additional_headers=headers) as client:
        await client.socket.send("{")
        assert (await client.wait_for("error"))["message"] == "Invalid JSON"


async def test_with_roster_deltas_the_list_comes_once_and_then_what_changes(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, username="ক") as classic,
        chat(replicas[0].base, room, username="খ", roster="delta") as modern,
    ):
        await modern.wait_for("user_list")
        async with chat(replicas[1].base, room, username="গ") as third:
            await modern.wait_for("joined", lambda e: e["user"]["username"] == "গ")
            await third.send(type="user_update", username="ঘ")
            await modern.wait_for("joined", lambda e: e["user"]["username"] == "ঘ")
        await modern.wait_for("left")
        await classic.wait_for("user_list", lambda e: e["total"] == 3)
        await classic.wait_for("system", lambda e: e["event"] == "left")
        await asyncio.sleep(0.3)
        assert len(modern.of("user_list")) == 1
        assert classic.of("joined") == classic.of("left") == []
        people = {user["id"]: user for user in modern.of("user_list")[0]["users"]}
        for event in modern.events:
            if event["type"] == "joined":
                people[event["user"]["id"]] = event["user"]
            elif event["type"] == "left":
                people.pop(event["user_id"])
        fresh = classic.of("user_list")[-1]
        assert sorted(people) == sorted(user["id"] for user in fresh["users"])


async def test_the_handshake_carries_a_request_id(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    headers = {"X-Request-ID": "from-the-gateway"}
    async with chat(replicas[0].base, room, additional_headers=headers) as client:
        assert client.socket.response is not None
        assert client.socket.response.headers["X-Request-ID"] == "from-the-gateway"
