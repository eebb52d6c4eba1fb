"""Somebody is erased while others talk, over two replicas of the socket service."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from tests.chat_client import ChatClient, chat
from tests.integration.api_service.conftest import bearer, make_person, run_api
from tests.integration.worker.harness import running_worker
from tests.patience import PATIENCE_SECONDS, eventually

from api_service.settings import ApiSettings
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from uuid import UUID

    import pytest
    from tests.integration.ws_service.conftest import Replica


async def say(client: ChatClient, *texts: str) -> None:
    for text in texts:
        await client.say(text, client_id=text)
        await client.wait_for("ack", lambda ack, text=text: ack["client_id"] == text)  # type: ignore[misc]


async def close_code(client: ChatClient) -> int | None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.socket.wait_closed()
    return client.socket.close_code


async def assert_only_the_rest_is_left(back: ChatClient) -> None:
    """Who comes back is shown two empty messages, and the one of somebody else."""
    recovered = await back.wait_for("recovered")
    assert recovered["complete"] is True
    assert [(e["seq"], e["message"], e["username"]) for e in recovered["messages"]] == [
        (1, "", ""),
        (2, "", ""),
        (3, "থাকবে", "এক"),
    ]
    assert [e.get("deleted", False) for e in recovered["messages"]] == [True, True, False]
    await back.send(type="history", before=10, limit=10)
    history = await back.wait_for("history")
    assert [e["seq"] for e in history["messages"]] == [3]


async def test_both_replicas_hear_it_and_who_comes_back_sees_only_what_is_left(
    replicas: tuple[Replica, Replica],
    room: UUID,
    redis_url: str,
    redis_key_prefix: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.eraser.AGAIN_SECONDS", 0.1)
    servers: dict[str, Any] = {
        "redis_url": SecretStr(redis_url),
        "database_url": SecretStr(database_url),
        "key_prefix": redis_key_prefix,
    }
    api = ApiSettings(**servers, instance="api-1")
    worker = WorkerSettings(
        **servers, instance="worker-1", erase_every_seconds=0.1, erase_settle_seconds=0.2
    )
    first, second = (replica.base for replica in replicas)
    async with (
        run_api(api) as rest,
        running_worker(worker),
        chat(first, room, username="এক") as near,
        chat(second, room, username="দুই") as far,
    ):
        person = await make_person(rest, "গোপনবালা")
        async with (
            chat(first, room, session_id=person.session_id) as one_tab,
            chat(second, room, session_id=person.session_id) as other_tab,
        ):
            epoch = one_tab.of("welcome")[0]["epoch"]
            await say(one_tab, "গোপন ১", "গোপন ২")
            await say(near, "থাকবে")
            await far.wait_for("message", lambda e: e["seq"] == 3)
            answer = await rest.request(
                "DELETE", "/api/me/", json={"confirm": True}, headers=bearer(person.session_id)
            )
            assert answer.status_code == 202
            assert await close_code(one_tab) == 4003
            assert await close_code(other_tab) == 4003
        for client in (near, far):
            for seq in (1, 2):
                await client.wait_for("message_deleted", lambda e, seq=seq: e["seq"] == seq)  # type: ignore[misc]

        async def done() -> bool:
            found = await rest.get(answer.headers["Location"])
            return bool(found.json()["status"] == "done")

        await eventually(done)
        async with chat(second, room, epoch=epoch, since=0, username="তিন") as back:
            await assert_only_the_rest_is_left(back)
        async with chat(first, room, session_id=person.session_id) as anew:
            welcome = anew.of("welcome")[0]
            assert welcome["user_id"] != person.id
            assert welcome["session_id"] not in {None, person.session_id}
        page = await rest.get(f"/api/rooms/{room}/messages/")
        assert page.json()["total_messages"] == 1
