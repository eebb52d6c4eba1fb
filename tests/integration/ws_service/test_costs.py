"""What things cost, in counts that no busy machine can change."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.chat_client import Crowd, chat
from tests.integration.api_service.counting import statements
from tests.integration.shared.message_log.test_message_log import body_of
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.integration.ws_service.steered_replica import NEVER

from shared.protocol.codec import StoredMessage, encode_body
from shared.protocol.envelopes import MessagesEnvelope
from shared.redis_schema import call_batcher
from shared.redis_schema.pipelines import run_all
from shared.runtime.redis_wire import RedisWire
from ws_service import fan_out, wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ws_service.settings import WsSettings

READERS = 5
MESSAGES = 10


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of what the fan-out writes to sockets; it does reach them."""
    sizes: list[int] = []
    write = os.write

    class Recording:
        @staticmethod
        def write(number: int, data: bytes) -> int:
            sizes.append(len(data))
            return write(number, data)

    monkeypatch.setattr(fan_out, "os", Recording)
    return sizes


@pytest.fixture
def pipelines(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """First words of the commands of each pipeline."""
    sent: list[list[str]] = []
    send = RedisWire.send

    def recording(self: RedisWire, commands: Any) -> None:
        sent.append([str(command[0]) for command in commands])
        send(self, commands)

    async def recording_all(redis: Any, calls: Any, *, pipe: Any, **options: Any) -> list[Any]:
        if pipe is None:  # in a cluster they are redis-py's own
            sent.append([str(call.words()[0]) for call in calls])
        return await run_all(redis, calls, pipe=pipe, **options)

    monkeypatch.setattr(RedisWire, "send", recording)
    monkeypatch.setattr(call_batcher, "run_all", recording_all)
    return sent


async def test_messages_of_one_tick_are_one_write_for_each_reader_and_encoded_once(
    replicas: tuple[Replica, Replica],
    room: UUID,
    writes: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[StoredMessage] = []
    message_frame = wire.message_frame

    def counting(message: StoredMessage) -> bytes:
        encoded.append(message)
        return message_frame(message)

    monkeypatch.setattr(wire, "message_frame", counting)
    hub = replicas[0].deps.hub
    async with Crowd() as crowd:
        for _ in range(READERS):
            await crowd.add(replicas[0].base, room)
        for client in crowd.clients:
            await client.wait_for("user_list", lambda e: e["total"] == READERS)
        channel = hub.parts.channels[room]
        tracker = channel.tracker
        assert tracker is not None
        bodies = [encode_body(body_of(room, f"{n}")) for n in range(MESSAGES)]
        told = [StoredMessage(n + 1, n + 1, body) for n, body in enumerate(bodies)]
        writes.clear()
        channel.take(MessagesEnvelope(tracker.position.epoch, tuple(told)))
        for client in crowd.clients:
            await client.wait_for("message", lambda e: e["seq"] == MESSAGES)
    assert len(encoded) == MESSAGES
    assert len(writes) >= READERS
    assert len(set(writes[:READERS])) == 1
    assert writes[0] == sum(len(message_frame(message)) for message in told)


async def test_who_comes_back_to_an_open_room_costs_two_pipelines_and_no_statement(
    settings_for: Callable[..., WsSettings],
    room: UUID,
    pipelines: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nothing but the newcomer asks Redis meanwhile.
    monkeypatch.setattr("ws_service.heartbeat.RENEWAL_SECONDS", NEVER)
    monkeypatch.setattr("ws_service.hub.LEAVE_GRACE_MS", int(NEVER) * 1000)
    settings = settings_for("ws-1", position_check_seconds=600, probe_seconds=600)
    async with run_replica(settings) as replica, chat(replica.base, room) as first:
        session = (await first.wait_for("welcome"))["session_id"]
        await first.wait_for("user_list")
        async with chat(replica.base, room) as other:
            await other.wait_for("user_list")
        await asyncio.sleep(0.1)
        pipelines.clear()
        async with statements() as asked, chat(f"{replica.base}", room, session_id=session) as tab:
            await tab.wait_for("user_list")
        assert asked == []
        joining = [words for words in pipelines if words != ["ZADD"]][:2]
    # Whose session it is; then capacity, presence, announcement and the room in one script.
    assert joining == [["GETEX"], ["EVALSHA"]]


async def test_fifty_messages_sent_at_once_are_few_pipelines(
    replicas: tuple[Replica, Replica], room: UUID, pipelines: list[list[str]]
) -> None:
    async with chat(replicas[0].base, room) as client:
        await client.wait_for("user_list")
        pipelines.clear()
        for n in range(50):
            await client.say(str(n), client_id=str(n))
        await client.wait_for("ack", lambda e: e["client_id"] == "49")
        published = [words for words in pipelines if "EVALSHA" in words]
    assert len(published) < 50
