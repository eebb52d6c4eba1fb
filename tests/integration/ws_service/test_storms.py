"""Many at once, and clients that mean no good: bounds hold, and nobody else is touched."""

from __future__ import annotations

import asyncio
import functools
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from pydantic import SecretStr
from tests.chat_client import Crowd, chat
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.patience import eventually
from websockets.frames import Frame, Opcode

from shared.domain.budgets import UNLIMITED
from shared.presence.presence import Renewal
from shared.protocol.close_codes import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.own_valkey import OwnValkey

    from ws_service.settings import WsSettings


async def test_six_hundred_newcomers_at_once_are_all_identified(
    replicas: tuple[Replica, Replica],
) -> None:
    identifier = replicas[0].deps.hub.parts.identifier
    identities = await asyncio.gather(
        *(identifier.identify(None, f"জন {n}", None) for n in range(600))
    )
    assert len({identity.user.id for identity in identities}) == 600


async def test_the_limit_of_connections_holds_in_a_storm(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    async with run_replica(settings_for("ws-1", max_connections=3)) as replica, Crowd() as crowd:
        clients = await asyncio.gather(*(crowd.add(replica.base, room) for _ in range(30)))
        assert sum(client.events[0]["type"] == "welcome" for client in clients) == 3


async def test_one_session_opens_only_so_many_connections(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    async with run_replica(settings_for("ws-1", max_tabs=2)) as replica, Crowd() as crowd:
        session = "a1b2c3d4-e5f6-7890-1234-567890abcdef"
        clients = [await crowd.add(replica.base, room, session_id=session) for _ in range(3)]
        assert clients[2].events[0]["code"] == "too_many_connections"
        assert await clients[2].wait_closed() == 4009
        await clients[0].close()
        await eventually(lambda: len(replica.deps.hub.connections) == 1)
        again = await crowd.add(replica.base, room, session_id=session)
        assert again.events[0]["type"] == "welcome"


async def test_leaves_close_to_each_other_are_all_told_without_a_worker(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as watcher:
        async with chat(replicas[0].base, room, username="খ"):
            async with chat(replicas[0].base, room, username="ক"):
                await watcher.wait_for("user_list", lambda e: e["total"] == 3)
            await asyncio.sleep(1)
        for name in "কখ":
            left = f"👋 {name} চ্যাটরুম ছেড়েছেন"
            await watcher.wait_for("system", functools.partial(speaks, left))


async def test_an_envelope_that_cannot_be_read_deafens_nobody(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        redis: Any = replicas[0].deps.redis
        channel = replicas[0].deps.hub.parts.keys.channel(room)
        for payload in (b"9z new\n", b'1e e 1 1 1 1 1\n{"type":"message"}', b"\xff", b"2m e 1 1\n"):
            await redis.execute_command("SPUBLISH", channel, payload)
        await client.say("এখনও শুনি")
        await client.wait_for("message")


async def test_one_deleted_room_keeps_nobody_else_from_coming_back(
    replicas: tuple[Replica, Replica],
) -> None:
    hub = replicas[0].deps.hub
    rooms = [uuid4() for _ in range(4)]
    async with Crowd() as crowd:
        for room in rooms:
            await crowd.add(replicas[0].base, room)
        members = [connection.member for connection in hub.connections.values()]
        for member in members:
            partition = hub.parts.keys.partition_of(member.room)
            await replicas[0].deps.redis.zadd(hub.parts.keys.conns(partition), {str(member): 1})
            await hub.parts.presence.reap(partition)
        await replicas[0].deps.redis.hset(hub.parts.keys.meta(rooms[0]), "closed", "1")
        await hub.rejoin(members)
        assert await crowd.clients[0].wait_closed() == 4000
        assert await hub.parts.presence.renew(members[1:]) == Renewal([], None)


async def test_a_passing_refusal_of_redis_stops_no_heartbeat(
    settings_for: Callable[..., WsSettings], room: UUID, own_valkey: OwnValkey
) -> None:
    settings = settings_for("ws-1", redis_url=SecretStr(own_valkey.url))
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        redis: Any = replica.deps.redis
        await redis.config_set("min-replicas-to-write", 1)
        await client.say("এখন", client_id="a")
        error = await client.wait_for("error")
        assert error["code"] == "unavailable"
        assert 2.0 <= error["retry_after"] <= 4.0
        await asyncio.sleep(5)  # more than one renewal
        await redis.config_set("min-replicas-to-write", 0)
        await client.say("এখন", client_id="a")
        await client.wait_for("ack")
        await asyncio.sleep(9)
        await replica.deps.hub.parts.presence.reap(replica.deps.hub.parts.keys.partition_of(room))
        assert len((await replica.deps.hub.parts.presence.snapshot(room)).people) == 1


async def test_a_deaf_client_cannot_fill_the_memory_with_answers(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for(
        "ws-1",
        outbox_bytes=1 << 17,
        command_burst=2000,
        command_rate=2000,
        limit_room=UNLIMITED,
    )
    async with run_replica(settings) as replica, chat(replica.base, room) as writer:
        for n in range(60):
            await writer.say(f"{'ক' * 3000}{n}")
        await writer.wait_for("message", lambda e: e["seq"] == 60)
        deaf = await deaf_socket(replica.base, room)
        asked = Frame(Opcode.TEXT, b'{"type":"history","limit":100}').serialize(mask=True)
        await asyncio.to_thread(send_quietly, deaf, asked * 500)
        await eventually(lambda: replica.deps.hub.replica.closes[CloseCode.SLOW_CONSUMER])
        deaf.close()


async def test_binary_frames_count_as_commands(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", command_burst=5, command_rate=1)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        for _ in range(150):
            await client.socket.send(b"")
        assert await client.wait_closed() == 4008


async def test_a_flood_of_pings_that_nobody_reads_the_answers_of_is_ended(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    async with run_replica(settings_for("ws-1")) as replica:
        with await deaf_socket(replica.base, room) as deaf:
            await eventually(lambda: replica.deps.hub.connections)
            pings = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 1000
            for _ in range(10):
                await asyncio.to_thread(send_quietly, deaf, pings)
            await eventually(lambda: not replica.deps.hub.connections)


def speaks(text: str, event: dict[str, Any]) -> bool:
    return bool(event["message"] == text)


def send_quietly(deaf: socket.socket, data: bytes) -> None:
    """Sends what the other side takes within two seconds."""
    deaf.settimeout(2)
    try:
        deaf.sendall(data)
    except OSError:
        return


async def deaf_socket(base: str, room: UUID) -> socket.socket:
    """A client that joins and never reads again."""
    address = urlsplit(base)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((address.hostname, address.port))
    deaf.sendall(
        f"GET /ws/chat/{room}/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    answer = await asyncio.to_thread(deaf.recv, 1024)  # frames before it are not ours to send
    assert b" 101 " in answer
    return deaf
