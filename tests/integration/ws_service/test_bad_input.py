"""What clients must not be able to do, and what they are told instead."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from tests.chat_client import Crowd, chat
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.integration.ws_service.test_storms import deaf_socket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from shared.domain.budgets import UNLIMITED
from shared.protocol.close_codes import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ws_service.settings import WsSettings


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "bad_json"),
        ("[1]", "bad_json"),
        ('{"type":"dance"}', "unknown_type"),
        ('{"type":"message","content":5}', "validation_error"),
        ('{"type":"message"}', "validation_error"),
        ('{"type":"message","content":"' + "ক" * 4001 + '"}', "validation_error"),
        ('{"type":"user_update","username":"a\u202eb"}', "validation_error"),
        ('{"type":"user_update","color":"red"}', "validation_error"),
        ('{"type":"history","limit":1000}', "validation_error"),
        (b"\x00\x01", "binary_not_supported"),
    ],
)
async def test_a_bad_command_is_refused_and_the_connection_stays(
    replicas: tuple[Replica, Replica], room: UUID, frame: str | bytes, code: str
) -> None:
    async with chat(replicas[0].base, room) as client:
        await client.socket.send(frame)
        error = await client.wait_for("error")
        assert error["code"] == code
        assert error["message"]
        await client.say("এখনও আছি")
        await client.wait_for("message")


async def test_blank_messages_are_ignored(replicas: tuple[Replica, Replica], room: UUID) -> None:
    async with chat(replicas[0].base, room) as client:
        for blank in ("", "   ", "\n", "\u200b\u200d"):
            await client.say(blank, client_id="x")
        await client.say("কথা")
        await client.wait_for("message")
        assert client.texts == ["কথা"]
        assert client.of("ack") == client.of("error") == []


async def test_a_frame_of_a_megabyte_is_too_big(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        await client.wait_for("welcome")
        await client.socket.send("x" * (1 << 20))
        assert await client.wait_closed() == 1009


async def test_invalid_utf8_is_a_protocol_error(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        await client.wait_for("welcome")
        client.socket.transport.write(
            Frame(Opcode.TEXT, b'{"content":"\xff"}').serialize(mask=True)
        )
        assert await client.wait_closed() == 1007


@pytest.mark.parametrize(
    "path", ["lobby", "5", "%E0%A6%95", "123e4567-e89b-12d3-a456-4266141740000"]
)
async def test_a_malformed_room_is_a_bad_request(
    replicas: tuple[Replica, Replica], path: str
) -> None:
    async with chat(replicas[0].base, path) as client:
        error = await client.wait_for("error")
        assert error["errors"] == {"room_id": ["সঠিক UUID দিন"]}
        assert await client.wait_closed() == 4000


@pytest.mark.parametrize(
    "parameters",
    [
        {"username": "a\u0000b"},
        {"username": "ক" * 101},
        {"username": "a\u2066b"},
        {"session_id": "short"},
        {"since": "5"},
        {"epoch": "ab", "since": "-1"},
    ],
)
async def test_bad_parameters_are_a_bad_request(
    replicas: tuple[Replica, Replica], room: UUID, parameters: dict[str, str]
) -> None:
    async with chat(replicas[0].base, room, **parameters) as client:
        assert (await client.wait_for("error"))["code"] == "validation_error"
        assert await client.wait_closed() == 4000


async def test_another_path_is_not_found(replicas: tuple[Replica, Replica]) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{replicas[0].base}/ws/other/", proxy=None)
    assert caught.value.response.status_code == 404


async def test_fifty_simultaneous_joins_fill_a_room_exactly(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    await replicas[0].deps.hub.parts.history.rooms.open(room, create=True)
    live = replicas[0].deps.hub.parts.history.rooms.live
    found = await live.read(room)
    assert found is not None
    await live.change(replace(found.settings, max_users=20))
    async with Crowd() as crowd:
        clients = await asyncio.gather(
            *(crowd.add(replicas[n % 2].base, room, username=f"জন {n}") for n in range(50))
        )
        full = [client for client in clients if client.events[0]["type"] == "error"]
        assert {client.events[0]["code"] for client in full} == {"room_full"}
        assert [await client.wait_closed() for client in full] == [4001] * 30


async def test_more_connections_than_a_replica_takes_are_told_to_come_back(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", max_connections=1)
    async with run_replica(settings) as replica, chat(replica.base, room) as first:
        await first.wait_for("welcome")
        async with chat(replica.base, room) as second:
            error = await second.wait_for("error")
            assert error["code"] == "overloaded"
            assert await second.wait_closed() == 1013
        told = set[float]()
        for _ in range(10):
            async with chat(replica.base, room) as refused:
                told.add(refused.events[0]["retry_after"])
        assert 1.0 <= min(told) < max(told) <= 2.0


async def test_who_cannot_get_in_by_our_fault_is_told_when_to_come_back(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("shared.usecases.identify.Identifier.identify", broken)
    async with chat(replicas[0].base, room) as client:
        error = client.events[0]
        assert error["code"] == "internal_error"
        assert 2.0 <= error["retry_after"] <= 4.0
        assert await client.wait_closed() == 1013


async def test_a_flood_is_slowed_down_then_cut_off(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", command_burst=5, command_rate=0.01)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await client.wait_for("welcome")
        # All at once: what was answered before must not be lost in the close that follows.
        ping = Frame(Opcode.TEXT, b'{"type":"ping"}')
        client.socket.transport.write(b"".join(ping.serialize(mask=True) for _ in range(120)))
        error = await client.wait_for("error")
        assert error["code"] == "rate_limited"
        assert 0 < error["retry_after"] <= 200
        assert await client.wait_closed() == 4008
        assert len(client.of("pong")) == 5


async def test_a_slow_consumer_is_cut_off_and_harms_nobody(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for(
        "ws-1",
        outbox_bytes=1 << 16,
        command_burst=2000,
        command_rate=2000,
        limit_room=UNLIMITED,
    )
    async with run_replica(settings) as replica, chat(replica.base, room) as writer:
        slow = await deaf_socket(replica.base, room)
        await writer.wait_for("user_list", lambda e: e["total"] == 2)
        text = "ক" * 4000
        for n in range(400):
            await writer.say(f"{text[:3990]}{n}")
        await writer.wait_for("message", lambda e: e["seq"] == 400)
        assert replica.deps.hub.replica.closes[CloseCode.SLOW_CONSUMER] == 1
        assert len(writer.of("message")) == 400
        slow.close()
