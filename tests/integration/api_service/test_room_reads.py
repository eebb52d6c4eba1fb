"""Reads of a room are kept, and yet never older than what their reader knows to have happened."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest
from pydantic import SecretStr
from tests.integration.api_service.conftest import (
    Json,
    Person,
    make_person,
    make_room,
    run_api,
    say,
    sit_in,
)
from tests.integration.api_service.counting import ManualClock, commands, statements

from api_service.reads.room_reads import KEEP_SECONDS, SEEN_SECONDS, RoomReads
from api_service.wiring import Deps, open_deps
from shared.domain.entities import User
from shared.presence.presence import Member
from shared.protocol.codec import decode_body, encode
from shared.protocol.views import RoomMessagesView, RoomStatsView, RoomUsersView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx
    from tests.own_valkey import OwnValkey

    from api_service.settings import ApiSettings
    from shared.protocol.views import View

SCOPE: dict[str, Any] = {"headers": [(b"host", b"h")], "path": "/p/", "query_string": b""}


def reads_of(deps: Deps, clock: ManualClock | None = None) -> RoomReads:
    return RoomReads(
        deps.rooms, deps.history, deps.presence, deps.live, clock or deps.clock, trusted_hops=0
    )


@pytest.fixture
async def other(settings_for: Callable[..., ApiSettings]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another replica, which knows nothing of what the first one keeps."""
    async with run_api(settings_for(instance="other")) as client:
        yield client


async def contents(client: httpx.AsyncClient, room: Json, query: str = "") -> list[str]:
    page = (await client.get(f"/api/rooms/{room['id']}/messages/{query}")).json()
    return [message["content"] for message in page["messages"]]


async def test_what_another_replica_acknowledged_is_in_the_next_read(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    person, room = await make_person(client), await make_room(client)
    for n in range(20):
        await say(other, person, room["id"], f"{n}")
        for query in ("", "?limit=5", "?before=150", "?before=9007199254740991"):
            assert (await contents(client, room, query))[0] == f"{n}"
        stats = (await client.get(f"/api/rooms/{room['id']}/stats/")).json()
        assert stats["recent_messages"][0]["content"] == f"{n}"
        assert stats["total_messages"] == n + 1


async def test_what_another_replica_changed_or_deleted_is_so_in_every_page_of_the_next_read(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    person, room = await make_person(client), await make_room(client)
    sent = [await say(client, person, room["id"], f"{n}") for n in range(1, 121)]

    async def seen() -> list[list[str]]:
        return [await contents(client, room, f"?limit=3{q}") for q in ("", "&before=100")]

    assert await seen() == [["120", "119", "118"], ["99", "98", "97"]]
    for n in (119, 98):
        path = f"/api/messages/{sent[n - 1]['id']}/"
        await other.patch(path, json={"content": "বদল"}, headers=person.headers)
    assert await seen() == [["120", "বদল", "118"], ["99", "বদল", "97"]]
    for n in (119, 98):
        gone = await other.delete(f"/api/messages/{sent[n - 1]['id']}/", headers=person.headers)
        assert gone.status_code == 204
    assert await seen() == [["120", "118", "117"], ["99", "97", "96"]]
    for total in (118, 119):
        page = (await client.get(f"/api/rooms/{room['id']}/messages/?before=100")).json()
        assert page["total_messages"] == total
        await say(other, person, room["id"], "আরও একটি")


async def test_a_room_that_was_renamed_or_deleted_is_so_at_once(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    owner = await make_person(client)
    room = await make_room(client, owner)
    paths = [f"/api/rooms/{room['id']}/{name}/" for name in ("messages", "stats")]
    for path in paths:
        assert (await client.get(path)).json()["room_name"] == "ক্রিকেট"
    own = f"/api/rooms/{room['id']}/"
    await other.patch(own, json={"name": "ফুটবল"}, headers=owner.headers)
    for path in paths:
        assert (await client.get(path)).json()["room_name"] == "ফুটবল"
    await other.delete(own, headers=owner.headers)
    for path in (*paths, f"/api/rooms/{room['id']}/users/"):
        assert (await client.get(path)).status_code == 404


async def test_who_joined_left_or_took_another_name_did_so_in_the_next_read(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    room = await make_room(client)
    path = f"/api/rooms/{room['id']}"

    async def seen() -> tuple[list[str], int]:
        users = (await client.get(f"{path}/users/")).json()
        stats = (await client.get(f"{path}/stats/")).json()
        assert users["total_online"] == stats["online_users"]
        return [user["username"] for user in users["online_users"]], users["total_online"]

    assert await seen() == ([], 0)
    [first] = await sit_in(deps, room["id"], "রাকিব")
    assert await seen() == (["রাকিব"], 1)
    await sit_in(deps, room["id"], "নাসরিন")
    assert await seen() == (["রাকিব", "নাসরিন"], 2)
    renamed = User(first.id, first.session_hash, "সাদিয়া", first.color, first.created_micros)
    assert await deps.presence.rename(UUID(room["id"]), renamed)
    assert await seen() == (["সাদিয়া", "নাসরিন"], 2)
    await leave(deps, UUID(room["id"]), renamed)
    assert await seen() == (["নাসরিন"], 1)


async def leave(deps: Deps, room: UUID, user: User) -> None:
    """Ends all connections of somebody who sits in a room."""
    partition = deps.presence._keys.partition_of(room)
    key = deps.presence._keys.conns(partition)
    members: Any = await deps.redis.zrange(key, 0, -1)
    for raw in members:
        parts = [UUID(part) for part in raw.decode().split("|")]
        if parts[1] == user.id:
            await deps.presence.leave(Member(*parts), user, grace_ms=0)
    await asyncio.sleep(0.01)
    assert await deps.presence.reap(partition)


async def test_what_was_kept_is_not_shown_any_more_when_redis_has_lost_the_room(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey
) -> None:
    settings = settings_for(redis_url=SecretStr(own_valkey.url))
    async with run_api(settings) as client, open_deps(settings) as deps:
        person, room = await make_person(client), await make_room(client)
        await say(client, person, room["id"], "হারাবে")
        assert await contents(client, room) == ["হারাবে"]
        await sit_in(deps, room["id"], "রাকিব")
        users = f"/api/rooms/{room['id']}/users/"
        assert (await client.get(users)).json()["total_online"] == 1
        await deps.redis.flushall()
        # The same numbers again, in another epoch.
        await sit_in(deps, room["id"], "নাসরিন")
        await say(client, person, room["id"], "নতুন")
        assert await contents(client, room) == ["নতুন"]
        [user] = (await client.get(users)).json()["online_users"]
        assert user["username"] == "নাসরিন"
        stats = (await client.get(f"/api/rooms/{room['id']}/stats/")).json()
        assert (stats["total_messages"], stats["online_users"]) == (1, 1)


async def fill(client: httpx.AsyncClient, person: Person, room: Json, count: int) -> list[Json]:
    return [await say(client, person, room["id"], f"{n}") for n in range(1, count + 1)]


async def test_every_cursor_and_limit_gives_the_page_that_history_has_there(
    client: httpx.AsyncClient, deps: Deps, persist: Callable[[], Awaitable[None]]
) -> None:
    person, room = await make_person(client), await make_room(client)
    sent = await fill(client, person, room, 330)
    chance = random.Random(1)
    for message in chance.sample(sent, 40):
        await client.delete(f"/api/messages/{message['id']}/", headers=person.headers)
    await persist()
    await deps.redis.delete(deps.live._keys.log(UUID(room["id"])))
    reads, room_id = reads_of(deps), UUID(room["id"])
    cursors = [None, 1, 2, 100, 101, 200, 201, 300, 329, 330, 331, 400, 401, 2**53 - 1]
    cursors += [chance.randint(1, 331) for _ in range(60)]
    for before in cursors:
        limit = chance.choice([1, 3, 10, 11, 50, 99, 100])
        page = orjson.loads(await reads.messages(room_id, before=before, limit=limit))
        expected = await deps.history.before(room_id, before, limit)
        contents = [decode_body(m.body).message for m in expected.messages]
        assert [m["content"] for m in page["messages"]] == contents, (before, limit)
        assert page["has_more"] is expected.has_more, (before, limit)
        assert page["total_messages"] == 290


async def test_answers_are_the_bytes_of_their_views(client: httpx.AsyncClient, deps: Deps) -> None:
    person, room = await make_person(client), await make_room(client, description='"ক"')
    await fill(client, person, room, 3)
    await sit_in(deps, room["id"], 'রা"কিব', "নাসরিন")
    queries: list[tuple[type[View], str]] = [
        (RoomMessagesView, "messages/"),
        (RoomMessagesView, "messages/?before=3&limit=1"),
        (RoomMessagesView, "messages/?after=1"),
        (RoomUsersView, "users/"),
        (RoomUsersView, "users/?page_size=1"),
        (RoomStatsView, "stats/"),
    ]
    for view, query in queries:
        answer = await client.get(f"/api/rooms/{room['id']}/{query}")
        assert answer.headers["Content-Type"] == "application/json"
        found = view.model_validate_json(answer.content)
        assert encode(found) == answer.content, query


async def test_a_room_that_stands_still_costs_one_command_per_read_and_no_statement(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey
) -> None:
    settings = settings_for(redis_url=SecretStr(own_valkey.url))
    async with run_api(settings) as client, open_deps(settings) as deps:
        person, room = await make_person(client), await make_room(client)
        await fill(client, person, room, 5)
        await sit_in(deps, room["id"], "রাকিব")
        reads, room_id = reads_of(deps, ManualClock()), UUID(room["id"])

        async def read_all() -> None:
            await reads.messages(room_id)
            await reads.messages(room_id, before=3)
            await reads.users(SCOPE, room_id)
            await reads.stats(room_id)

        await read_all()
        async with commands(deps.redis) as told, statements() as asked:
            for _ in range(10):
                await read_all()
        assert (told, asked) == ({"hgetall": 40}, [])


async def test_readers_who_come_together_share_even_that_command(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey
) -> None:
    settings = settings_for(redis_url=SecretStr(own_valkey.url))
    async with run_api(settings) as client, open_deps(settings) as deps:
        person, room = await make_person(client), await make_room(client)
        await fill(client, person, room, 5)
        reads = reads_of(deps, ManualClock())
        async with commands(deps.redis) as told:
            pages = await asyncio.gather(*(reads.messages(UUID(room["id"])) for _ in range(50)))
        assert len(set(pages)) == 1
        # The log is read by a script, which looks at three keys; who wrote was seen, or not.
        assert {name: told[name] for name in ("hgetall", "evalsha", "zmscore")} == {
            "hgetall": 1,
            "evalsha": 1,
            "zmscore": 1,
        }


async def test_a_new_message_costs_one_reading_of_the_newest_and_none_of_older_ones(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey
) -> None:
    settings = settings_for(redis_url=SecretStr(own_valkey.url))
    async with run_api(settings) as client, open_deps(settings) as deps:
        person, room = await make_person(client), await make_room(client)
        await fill(client, person, room, 120)
        reads, room_id = reads_of(deps, ManualClock()), UUID(room["id"])

        async def read_all() -> None:
            for before in (None, *range(1, 101)):
                await reads.messages(room_id, before=before)

        await read_all()
        await say(client, person, room["id"], "নতুন")
        async with commands(deps.redis) as told, statements() as asked:
            await read_all()
            await read_all()
        assert (told["evalsha"], told["hgetall"], asked) == (1, 202, [])


async def test_what_is_kept_ages_and_who_was_seen_sooner(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey
) -> None:
    settings = settings_for(redis_url=SecretStr(own_valkey.url))
    async with run_api(settings) as client, open_deps(settings) as deps:
        person, room = await make_person(client), await make_room(client)
        await fill(client, person, room, 2)
        clock = ManualClock()
        reads = reads_of(deps, clock)
        counted = []
        for pause in (0.0, SEEN_SECONDS, KEEP_SECONDS):
            clock.now += pause
            async with commands(deps.redis) as told:
                await reads.messages(UUID(room["id"]))
                await reads.messages(UUID(room["id"]))
            counted.append((told["zmscore"], told["evalsha"]))
        assert counted == [(1, 1), (1, 0), (1, 1)]
