"""People keep chatting while a slot moves, and while a master is replaced behind its back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pydantic import SecretStr
from redis.crc import key_slot
from tests.chat_client import chat
from tests.integration.ws_service.conftest import run_replica
from tests.patience import eventually

from local_stack.cluster import start_cluster
from local_stack.sentinel import start_sentinel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from tests.chat_client import ChatClient

    from ws_service.settings import WsSettings


async def say_until_acknowledged(client: ChatClient, text: str) -> None:
    """As a client does: with an id, and again after an error that may be retried."""

    def acknowledged() -> bool:
        return any(event["client_id"] == text for event in client.of("ack"))

    while not acknowledged():
        errors = len(client.of("error"))
        await client.say(text, client_id=text)
        await eventually(lambda n=errors: acknowledged() or len(client.of("error")) > n)  # type: ignore[misc]


async def until_heard(reader: ChatClient, texts: list[str]) -> None:
    """Waits until `reader` has heard these, in order and once."""
    await reader.wait_for("message", lambda event: event["message"] == texts[-1])
    assert reader.texts == texts


@pytest.mark.parametrize("way", ["move_slot", "move_slot_at_once"])
async def test_a_slot_that_moves_under_load_costs_nobody_a_message(
    settings_for: Callable[..., WsSettings], room: UUID, reachable_path: Path, way: str
) -> None:
    cluster = start_cluster(reachable_path / "cluster")
    url = SecretStr(cluster.url)
    try:
        async with (
            run_replica(settings_for("ws-1", redis_url=url)) as first,
            run_replica(settings_for("ws-2", redis_url=url)) as second,
            chat(first.base, room) as writer,
            chat(second.base, room) as reader,
        ):
            slot = key_slot(first.deps.hub.parts.keys.meta(room).encode())
            to = (cluster.owner_of(slot) + 1) % 3
            moving = asyncio.create_task(asyncio.to_thread(getattr(cluster, way), slot, to))
            said: list[str] = []
            while not moving.done() or len(said) < 100:
                said.append(f"m{len(said)}")
                await say_until_acknowledged(writer, said[-1])
            await moving
            await until_heard(reader, said)
    finally:
        cluster.stop()


async def test_a_master_replaced_behind_its_back_is_noticed_by_the_probe(
    settings_for: Callable[..., WsSettings], room: UUID, reachable_path: Path
) -> None:
    group = start_sentinel(reachable_path / "sentinel")
    settings = settings_for("ws-1", redis_url=SecretStr(group.url), probe_seconds=0.2)
    try:
        async with run_replica(settings) as replica, chat(replica.base, room) as client:
            await say_until_acknowledged(client, "আগে")
            old = await asyncio.to_thread(group.detach_master)

            async def listens_to_the_old_one() -> bool:
                return (await replica.deps.readiness()).failing == ("broker",)

            await eventually(listens_to_the_old_one)  # and commands go to the new one
            await say_until_acknowledged(client, "পরে")
            await replica.until_ready()
            assert group.call(old, "ROLE")[0] == "master", "the sentinels were first"
            await until_heard(client, ["আগে", "পরে"])
    finally:
        group.stop()


async def test_a_node_that_is_away_stops_no_repair_of_the_rooms_on_the_others(
    settings_for: Callable[..., WsSettings], reachable_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.heartbeat.RENEWAL_SECONDS", 0.2)
    cluster = start_cluster(reachable_path / "cluster")
    url = SecretStr(cluster.url)
    try:
        settings = settings_for("ws-1", redis_url=url, position_check_seconds=0.2)
        async with run_replica(settings) as replica:
            hub, keys = replica.deps.hub, replica.deps.hub.parts.keys
            homes = {
                cluster.owner_of(key_slot(keys.meta(room).encode())): room
                for room in (uuid4() for _ in range(64))
            }
            (away, lost), (_, well) = list(homes.items())[:2]
            async with chat(replica.base, lost), chat(replica.base, well) as client:
                await say_until_acknowledged(client, "আগে")
                await client.wait_for("message")
                await asyncio.to_thread(cluster.kill, away)
                unheard, heard = keys.channel(well), replica.deps.subscriber.heard
                monkeypatch.setattr(
                    replica.deps.subscriber,
                    "heard",
                    lambda name, payload: None if name == unheard else heard(name, payload),
                )
                await say_until_acknowledged(client, "পরে")
                conns = keys.conns(keys.partition_of(well))
                await replica.deps.redis.delete(conns)
                await client.wait_for("message", lambda event: event["message"] == "পরে")

                async def is_renewed() -> bool:
                    return bool(await replica.deps.redis.zcard(conns))

                await eventually(is_renewed)
                assert len(hub.connections) == 2
    finally:
        cluster.stop()
