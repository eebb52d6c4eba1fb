"""Servers that go away and come back. They belong to one test each."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pydantic import SecretStr
from tests.integration.api_service.conftest import (
    Json,
    make_person,
    make_room,
    run_api,
    say,
    sit_in,
)
from tests.patience import PATIENCE_SECONDS
from tests.tcp_proxy import Mode, proxied

from api_service.callers import Caller
from api_service.staff import actor_in
from api_service.wiring import open_deps
from local_stack.postgres import start_postgres
from shared.domain.moderation import Role
from shared.protocol.errors import Unavailable
from shared.rooms.live_rules import WrittenRules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from tests.own_valkey import OwnValkey

    from api_service.settings import ApiSettings


async def expect_outage(answer: httpx.Response) -> None:
    assert answer.status_code == 503, (answer.url, answer.text)
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["message"].startswith("সেবা সাময়িকভাবে বন্ধ")
    assert int(answer.headers["Retry-After"]) >= 1


async def until_healthy(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.get("/api/health/")).status_code != 200:
            await asyncio.sleep(0.1)


async def test_while_redis_is_away_requests_fail_fast_and_then_work_again(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey
) -> None:
    async with run_api(settings_for(redis_url=SecretStr(own_valkey.url))) as client:
        person = await make_person(client)
        room = await make_room(client, person)
        sent = await say(client, person, room["id"], "আগে")
        await asyncio.to_thread(own_valkey.kill)
        began = time.monotonic()
        for path in ("rooms/", "public-rooms/", f"rooms/{room['id']}/messages/", "status/"):
            await expect_outage(await client.get(f"/api/{path}"))
        body = {"room_id": room["id"], "content": "এখন"}
        await expect_outage(await client.post("/api/messages/", json=body, headers=person.headers))
        assert time.monotonic() - began < 25
        health = await client.get("/api/health/")
        await expect_outage(health)
        assert health.json()["failing"] == ["redis"]
        assert (await client.get("/readyz")).json()["failing"] == ["redis"]
        assert (await client.get("/healthz")).status_code == 200
        own_valkey.start()
        await until_healthy(client)
        page = (await client.get(f"/api/rooms/{room['id']}/messages/")).json()
        assert page["messages"] == [sent]
        await say(client, person, room["id"], "পরে")


async def test_while_postgresql_is_away_the_chat_goes_on(
    settings_for: Callable[..., ApiSettings],
    reachable_path: Path,
    migrate: Callable[[str], None],
) -> None:
    server = start_postgres(reachable_path, durable=False)
    await asyncio.to_thread(migrate, server.url)
    settings = settings_for(database_url=SecretStr(server.url))
    try:
        async with run_api(settings) as client, open_deps(settings) as deps:
            person = await make_person(client)
            room = await make_room(client, person)
            await say(client, person, room["id"], "আগে")
            await sit_in(deps, room["id"], "নাসরিন")
            await asyncio.to_thread(server.stop)
            await check_what_fails(client, room)
            await say(client, person, room["id"], "এখন")
            page = (await client.get(f"/api/rooms/{room['id']}/messages/")).json()
            assert [message["content"] for message in page["messages"]] == ["এখন", "আগে"]
            joined = await client.post(
                "/api/join-room/", json={"room_id": room["id"], "username": "নতুন"}
            )
            assert joined.status_code == 200
            users = (await client.get(f"/api/rooms/{room['id']}/users/")).json()
            assert users["total_online"] == 1
            server = start_postgres(reachable_path, port=urlsplit(server.url).port, durable=False)
            await until_healthy(client)
            await make_person(client)
            assert (await client.get("/api/rooms/")).json()["count"] == 1
    finally:
        server.stop()


async def test_who_may_moderate_is_not_remembered_while_it_cannot_be_asked(
    settings_for: Callable[..., ApiSettings],
    reachable_path: Path,
    migrate: Callable[[str], None],
) -> None:
    server = start_postgres(reachable_path, durable=False)
    await asyncio.to_thread(migrate, server.url)
    try:
        async with open_deps(settings_for(database_url=SecretStr(server.url))) as deps:
            user, room = deps.identifier.new_user(deps.ids.session_id(), "নাসরিন", None), uuid4()
            await deps.rooms.open(room, create=True)
            live = deps.rules.live
            await live.put(WrittenRules(room, version=1, moderators=[str(user.id)]))
            actor = await actor_in(deps, room, Caller(user))
            assert actor.role is Role.MODERATOR
            await live._redis.delete(live._scripts.keys.rules(room))
            await asyncio.to_thread(server.stop)
            with pytest.raises(Unavailable):
                await actor_in(deps, room, Caller(user))
            with pytest.raises(Unavailable):  # whom they may not act against is not known either
                await deps.moderator._check_rank(actor, room, [str(user.id)])
    finally:
        server.stop()


async def test_half_open_redis_is_told_in_seconds_and_by_its_name(
    settings_for: Callable[..., ApiSettings], own_valkey: OwnValkey
) -> None:
    async with (
        proxied(own_valkey.url) as (proxy, url),
        run_api(settings_for(redis_url=SecretStr(url))) as client,
    ):
        person = await make_person(client)
        room = await make_room(client, person)
        body = {"room_id": room["id"], "content": "এখন", "client_id": "a"}
        proxy.mode = Mode.HOLD
        began = time.monotonic()
        await expect_outage(await client.post("/api/messages/", json=body, headers=person.headers))
        assert time.monotonic() - began < 25  # the session, and the message
        health = await client.get("/api/health/")
        await expect_outage(health)
        assert health.json()["failing"] == ["redis"]
        assert (await client.get("/readyz")).json()["failing"] == ["redis"]
        assert (await client.get("/healthz")).status_code == 200
        proxy.mode = Mode.PASS
        await until_healthy(client)
        sent = await client.post("/api/messages/", json=body, headers=person.headers)
        assert sent.status_code in {200, 201}
        page = (await client.get(f"/api/rooms/{room['id']}/messages/")).json()
        assert [message["content"] for message in page["messages"]] == ["এখন"]


async def test_half_open_postgresql_is_waited_for_by_a_few_and_only_once(
    settings_for: Callable[..., ApiSettings], database_url: str
) -> None:
    async with proxied(database_url) as (proxy, url):
        settings = settings_for(database_url=SecretStr(url), database_read_seconds=1.0)
        async with run_api(settings) as client:
            await make_room(client)
            proxy.mode = Mode.HOLD
            for answer in await asyncio.gather(*(client.get("/api/rooms/") for _ in range(50))):
                await expect_outage(answer)
            before = proxy.accepted
            for answer in await asyncio.gather(*(client.get("/api/rooms/") for _ in range(50))):
                await expect_outage(answer)
            # Now and then one tries, by a new connection and perhaps a word of cancelling.
            assert proxy.accepted - before <= 6
            assert (await client.get("/readyz")).json()["failing"] == ["postgres"]
            proxy.mode = Mode.PASS
            await until_healthy(client)
            assert (await client.get("/api/rooms/")).status_code == 200


async def check_what_fails(client: httpx.AsyncClient, room: Json) -> None:
    """Everything that needs PostgreSQL, and quickly."""
    began = time.monotonic()
    await expect_outage(await client.post("/api/create-user/", json={"username": "ক"}))
    await expect_outage(await client.post("/api/rooms/", json={"name": "ক"}))
    for path in ("rooms/", "public-rooms/", "status/", f"rooms/{uuid4()}/", "messages/"):
        await expect_outage(await client.get(f"/api/{path}"))
    health = await client.get("/api/health/", headers={"Accept-Language": "en"})
    assert (health.status_code, health.json()["failing"]) == (503, ["postgres"])
    assert health.json()["message"] == "Temporarily unavailable"
    assert (await client.get(f"/api/rooms/{room['id']}/")).status_code == 200
    assert time.monotonic() - began < 25
