"""What people are called over sockets: in a room, and by their session."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from tests.chat_client import ChatClient, Crowd, chat
from tests.integration.ws_service.conftest import Replica
from tests.patience import eventually

from shared.domain.ids import session_hash
from shared.domain.moderation import Sanction, SanctionKind, SubjectKind
from shared.rooms.live_rules import WrittenRules
from ws_service.session import RENAME_BURST

if TYPE_CHECKING:
    from collections.abc import Callable

SESSION = "session-of-the-second-one"


async def own_name(client: ChatClient) -> str:
    name: str = (await client.wait_for("welcome"))["username"]
    return name


def system(text: str) -> Callable[[dict[str, object]], bool]:
    return lambda event: event["message"] == text


async def test_the_second_of_a_name_has_a_number_for_everybody_on_every_replica(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, username="রাকিব") as first:
        async with chat(replicas[1].base, room, username="ৰাকিব") as second:
            assert (await own_name(first), await own_name(second)) == ("রাকিব", "ৰাকিব ২")
            await first.wait_for("system", system("🎉 ৰাকিব ২ চ্যাটরুমে যোগ দিয়েছেন!"))
            await second.say("আমি")
            message = await first.wait_for("message")
            assert message["username"] == "ৰাকিব ২"
            await second.send(type="typing", typing=True)
            assert (await first.wait_for("typing"))["username"] == "ৰাকিব ২"
        await first.wait_for("system", system("👋 ৰাকিব ২ চ্যাটরুম ছেড়েছেন"))


async def test_guests_without_a_name_can_be_told_from_each_other(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with Crowd() as crowd:
        clients = [await crowd.add(replicas[n % 2].base, room) for n in range(3)]
        names = [await own_name(client) for client in clients]
        assert names == ["অতিথি", "অতিথি ২", "অতিথি ৩"]


async def test_joins_of_one_name_at_once_give_it_to_one(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with Crowd() as crowd:
        clients = await asyncio.gather(
            *(crowd.add(replicas[n % 2].base, room, username="রাকিব") for n in range(10))
        )
        names = [await own_name(client) for client in clients]
        assert len(set(names)) == 10
        assert {"রাকিব", *(f"রাকিব {digit}" for digit in "২৩৪৫৬৭৮৯")} < set(names)


async def test_the_number_is_of_one_room_and_no_part_of_the_identity(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, username="রাকিব"),
        chat(replicas[1].base, room, username="রাকিব", session_id=SESSION) as here,
        chat(replicas[0].base, uuid4(), session_id=SESSION) as elsewhere,
    ):
        assert (await own_name(here), await own_name(elsewhere)) == ("রাকিব ২", "রাকিব")
        await here.send(type="user_update", color="#123456")
        users = await here.wait_for("user_list", lambda e: "#123456" in str(e["users"]))
        assert [user["username"] for user in users["users"]] == ["রাকিব", "রাকিব ২"]
        sessions = replicas[0].deps.hub.parts.identifier.sessions

        async def is_kept() -> bool:  # after the room has been told
            known = await sessions.find(session_hash(SESSION))
            assert known is not None
            assert known.username == "রাকিব"
            return known.color == "#123456"

        await eventually(is_kept)


async def test_a_second_tab_and_a_reload_keep_the_number(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, username="রাকিব"):
        for _ in range(2):
            async with (
                chat(replicas[0].base, room, username="রাকিব", session_id=SESSION) as one,
                chat(replicas[1].base, room, session_id=SESSION) as tab,
            ):
                assert (await own_name(one), await own_name(tab)) == ("রাকিব ২", "রাকিব ২")


async def test_a_new_name_that_somebody_wears_gets_a_number_in_every_tab(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, username="রাকিব") as rakib,
        chat(replicas[0].base, room, username="করিম", session_id=SESSION) as one,
        chat(replicas[1].base, room, session_id=SESSION) as tab,
    ):
        # Or both are told in one: that somebody came who is called so.
        await rakib.wait_for("system", system("🎉 করিম চ্যাটরুমে যোগ দিয়েছেন!"))
        await one.send(type="user_update", username="রাকিব")
        for client in (rakib, one, tab):
            await client.wait_for("system", system("📝 করিম এখন রাকিব ২ নামে পরিচিত"))
        await one.say("এক")
        await tab.say("দুই")
        for text in ("এক", "দুই"):
            message = await rakib.wait_for("message", system(text))
            assert message["username"] == "রাকিব ২"
        # The name that one wears is no new wish: elsewhere one is called what one asked for.
        await tab.send(type="user_update", username="রাকিব ২", color="#123456")
        await rakib.wait_for("user_list", lambda e: "#123456" in str(e["users"]))
        async with chat(replicas[0].base, uuid4(), session_id=SESSION) as elsewhere:
            assert await own_name(elsewhere) == "রাকিব"


async def test_an_emptied_redis_gives_everybody_the_same_name_again(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with (
        chat(replicas[0].base, room, username="রাকিব") as first,
        chat(replicas[1].base, room, username="রাকিব") as second,
    ):
        redis, keys = replicas[0].deps.redis, replicas[0].deps.hub.parts.keys
        lost = [keys.users(room), keys.roster(room), keys.tabs(room), keys.names(room)]
        await redis.delete(*lost, keys.conns(keys.partition_of(room)))
        for replica in (replicas[1], replicas[0]):  # the one with the number comes first
            hub = replica.deps.hub
            await hub.rejoin([connection.member for connection in hub.connections.values()])
        for client, name in ((first, "রাকিব"), (second, "রাকিব ২")):
            await client.say(name)
            message = await first.wait_for("message", system(name))
            assert message["username"] == name


@pytest.fixture
def no_more_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a test takes, nobody gets more names than they may take at once."""
    monkeypatch.setattr("ws_service.session.RENAMES_PER_SECOND", 1e-6)


@pytest.mark.usefixtures("no_more_names")
async def test_a_reload_brings_no_more_new_names(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, session_id=SESSION) as client:
        for n in range(int(RENAME_BURST) + 1):
            await client.send(type="user_update", username=f"নাম {n}")
        assert (await client.wait_for("error"))["code"] == "rate_limited"
    async with chat(replicas[0].base, room, session_id=SESSION) as client:
        await client.send(type="user_update", username="আরেক নাম")
        await client.send(type="ping", t=1)
        await client.wait_for("pong")
        assert [error["code"] for error in client.of("error")] == ["rate_limited"]


@pytest.mark.usefixtures("no_more_names")
async def test_who_comes_in_under_another_name_while_they_are_in_has_taken_a_new_one(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here = replicas[0]
    async with chat(here.base, room, session_id=SESSION, username="নাম ১") as first:
        await first.wait_for("user_list")
        names = []
        for n in range(int(RENAME_BURST) + 2):
            name = f"আরেক নাম {n}"
            async with chat(here.base, room, session_id=SESSION, username=name) as tab:
                names.append(await own_name(tab))
        last = f"আরেক নাম {int(RENAME_BURST) - 1}"
        assert names[:-2] == [f"আরেক নাম {n}" for n in range(int(RENAME_BURST))]
        assert names[-2:] == [last, last]
        assert await session_name(here) == last
        await first.say("কে আমি?")
        assert (await first.wait_for("message"))["username"] == last


async def test_who_came_at_another_replica_just_now_is_called_as_they_are_there(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, there = replicas
    async with chat(here.base, room):
        channel: Any = here.deps.hub.parts.channels[room]
        channel.take = lambda _: None  # it is under way
        async with (
            chat(there.base, room, session_id=SESSION, username="ওখানে"),
            chat(here.base, room, session_id=SESSION, username="এখানে") as tab,
        ):
            assert await own_name(tab) == "ওখানে"
            assert await session_name(here) == "ওখানে"


@pytest.mark.parametrize("kind", [SanctionKind.MUTE, SanctionKind.SHADOW_MUTE])
async def test_who_is_muted_comes_in_under_no_other_name(
    replicas: tuple[Replica, Replica], room: UUID, kind: SanctionKind
) -> None:
    here, there = replicas
    async with chat(there.base, room) as ears:
        async with chat(here.base, room, session_id=SESSION, username="ট্রল") as troll:
            subject = (await troll.wait_for("welcome"))["user_id"]
            muted = [Sanction(uuid4(), kind, SubjectKind.USER, subject, None)]
            live = there.deps.hub.parts.guards._reader.live
            await live.put(WrittenRules(room, version=1, notice="চুপ", sanctions=muted))
            for client in (ears, troll):
                await client.wait_for("room_rules")
            for replica in replicas:  # by a second tab
                async with chat(replica.base, room, session_id=SESSION, username="শোনো") as tab:
                    assert await own_name(tab) == "ট্রল"
        await ears.wait_for("system", lambda e: e["event"] == "left")
        # As if for the first time.
        async with chat(here.base, room, session_id=SESSION, username="শোনো") as again:
            assert await own_name(again) == "ট্রল"
            await again.wait_for("user_list", lambda e: e["total"] == 2)
        assert "শোনো" not in str([*ears.of("system"), *ears.of("user_list")])


async def test_a_name_that_was_taken_elsewhere_is_brought_along(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    for name, place in (("আগের নাম", uuid4()), ("পরের নাম", room)):
        async with chat(replicas[0].base, place, session_id=SESSION, username=name) as client:
            assert await own_name(client) == name
    async with chat(replicas[1].base, uuid4(), session_id=SESSION) as client:
        assert await own_name(client) == "পরের নাম"


async def test_who_is_not_let_in_is_called_as_before(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here = replicas[0]
    async with chat(here.base, uuid4(), session_id=SESSION, username="আগের নাম"):
        pass
    async with chat(here.base, room):
        live = here.deps.hub.parts.history.rooms.live
        found = await live.read(room)
        assert found is not None
        await live.change(replace(found.settings, max_users=1))
        async with chat(here.base, room, session_id=SESSION, username="পরের নাম") as client:
            assert client.events[0]["code"] == "room_full"
    assert await session_name(here) == "আগের নাম"


async def session_name(replica: Replica) -> str:
    user = await replica.deps.hub.parts.identifier.sessions.find(session_hash(SESSION))
    assert user is not None
    return user.username


@pytest.mark.parametrize("name", ["admin", "4dm1n", "🛡 এ ড মি ন", "Admin রাকিব", "👑"])
async def test_nobody_comes_in_as_an_administrator(
    replicas: tuple[Replica, Replica], room: UUID, name: str
) -> None:
    async with chat(replicas[0].base, room, username=name) as client:
        error = await client.wait_for("error")
        assert (error["code"], error["errors"]) == (
            "validation_error",
            {"username": ["এই নামটি সংরক্ষিত, অন্য একটি নাম দিন"]},
        )
        assert await client.wait_closed() == 4000


async def test_nobody_becomes_an_administrator(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room, username="রাকিব ✔") as client:
        assert await own_name(client) == "রাকিব"
        await client.send(type="user_update", username="আড্ডা সাপোর্ট")
        error = await client.wait_for("error")
        assert error["errors"] == {"username": ["এই নামটি সংরক্ষিত, অন্য একটি নাম দিন"]}
        await client.say("রয়ে গেলাম")
        assert (await client.wait_for("message"))["username"] == "রাকিব"
