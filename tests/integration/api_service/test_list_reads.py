"""Lists are shared for a moment, and show at once what was changed through the same replica."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from tests.integration.api_service.conftest import make_person, make_room, run_api, sit_in
from tests.integration.api_service.counting import ManualClock, commands, statements

from api_service.reads.list_reads import SHARED_SECONDS, ListReads
from api_service.wiring import open_deps
from shared.domain.rules import RuleViolation
from shared.protocol.codec import encode
from shared.protocol.views import (
    PopularRoomsView,
    PublicRoomsView,
    RoomPageView,
    SystemStatusView,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx
    from tests.own_valkey import OwnValkey

    from api_service.settings import ApiSettings
    from api_service.wiring import Deps
    from shared.protocol.views import View

SCOPE: dict[str, Any] = {"headers": [(b"host", b"h")], "path": "/p/", "query_string": b""}
READS: dict[str, Callable[[ListReads], Awaitable[bytes]]] = {
    "rooms": lambda lists: lists.rooms(SCOPE),
    "public": lambda lists: lists.public(),
    "popular": lambda lists: lists.popular(),
    "status": lambda lists: lists.status(),
}
STATEMENTS = {"rooms": 2, "public": 2, "popular": 1, "status": 1}


@pytest.mark.parametrize("name", READS)
async def test_all_who_ask_within_half_a_second_cost_the_servers_one_question(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey, name: str
) -> None:
    async with open_deps(settings_for(redis_url=SecretStr(own_valkey.url))) as deps:
        clock = ManualClock()
        lists = ListReads(deps.live, deps.room_directory, clock, 0)

        async def cost() -> tuple[int, int]:
            async with commands(deps.redis) as told, statements() as asked:
                for _ in range(3):
                    await asyncio.gather(*(READS[name](lists) for _ in range(20)))
            return len(asked), told.total()

        once = await cost()
        assert once[0] == STATEMENTS[name]
        assert once[1] <= 3 * deps.settings.partitions
        clock.now += SHARED_SECONDS - 0.01
        assert await cost() == (0, 0)
        clock.now += 0.01
        assert await cost() == once


async def test_what_was_changed_through_a_replica_is_in_its_next_lists(
    client: httpx.AsyncClient,
) -> None:
    owner = await make_person(client)

    async def names() -> list[list[str]]:
        found = []
        for path in ("rooms", "rooms/popular", "public-rooms"):
            answer = (await client.get(f"/api/{path}/")).json()
            rooms = answer["results"] if path == "rooms" else answer["rooms"]
            found.append([room["name"] for room in rooms])
        return found

    assert await names() == [[]] * 3
    room = await make_room(client, owner)
    assert await names() == [["ক্রিকেট"]] * 3
    assert (await client.get("/api/status/")).json()["statistics"]["total_rooms"] == 1
    path = f"/api/rooms/{room['id']}/"
    await client.patch(path, json={"name": "ফুটবল"}, headers=owner.headers)
    assert await names() == [["ফুটবল"]] * 3
    await client.patch(path, json={"is_public": False}, headers=owner.headers)
    assert await names() == [[]] * 3
    await client.patch(path, json={"is_public": True}, headers=owner.headers)
    assert await names() == [["ফুটবল"]] * 3
    await client.delete(path, headers=owner.headers)
    assert await names() == [[]] * 3


async def test_what_changes_elsewhere_is_seen_half_a_second_later(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    clock = ManualClock()
    lists = ListReads(deps.live, deps.room_directory, clock, 0)
    room = await make_room(client)

    async def online() -> int:
        return PublicRoomsView.model_validate_json(await lists.public()).rooms[0].online_users

    assert await online() == 0
    await sit_in(deps, room["id"], "রাকিব")
    clock.now += SHARED_SECONDS
    assert await online() == 1


async def test_answers_are_the_bytes_of_their_views(client: httpx.AsyncClient, deps: Deps) -> None:
    for n in range(3):
        await make_room(client, name=f'"রুম" {n}', description=None if n else "ক\n")
    await sit_in(deps, (await make_room(client))["id"], "রাকিব")
    queries: list[tuple[type[View], str]] = [
        (RoomPageView, "rooms/"),
        (RoomPageView, "rooms/?page_size=2&page=2"),
        (RoomPageView, "rooms/?search=নাই"),
        (PopularRoomsView, "rooms/popular/"),
        (PublicRoomsView, "public-rooms/"),
        (PublicRoomsView, "public-rooms/?limit=2"),
        (SystemStatusView, "status/"),
        (SystemStatusView, "health/"),
    ]
    for view, query in queries:
        answer = await client.get(f"/api/{query}")
        assert answer.headers["Content-Type"] == "application/json"
        assert encode(view.model_validate_json(answer.content)) == answer.content, query


async def test_the_time_of_the_status_is_that_of_the_answer(deps: Deps) -> None:
    clock = ManualClock()
    lists = ListReads(deps.live, deps.room_directory, clock, 0)
    first = SystemStatusView.model_validate_json(await lists.status())
    clock.now += 0.25
    second = SystemStatusView.model_validate_json(await lists.status())
    assert second.statistics == first.statistics
    assert second.server_time > first.server_time


async def test_a_foreign_cursor_asks_nobody(deps: Deps) -> None:
    async with statements() as asked:
        with pytest.raises(RuleViolation):
            await ListReads(deps.live, deps.room_directory, deps.clock, 0).public(cursor="x")
    assert asked == []


async def test_a_page_of_a_list_names_its_neighbours_as_each_reader_found_us(
    settings_for: Callable[..., ApiSettings],
) -> None:
    async with run_api(settings_for()) as client:
        for n in range(3):
            await make_room(client, name=f"রুম {n}")
        for host in ("one.example", "other.example"):
            page = await client.get("/api/rooms/?page_size=2", headers={"Host": host})
            assert page.json()["next"] == f"http://{host}/api/rooms/?page_size=2&page=2"
