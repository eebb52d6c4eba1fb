"""Whose frames are heard at once, and whose have to wait, and with whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.chat_client import ChatClient, chat
from tests.integration.ws_service.conftest import run_replica
from tests.patience import eventually
from typing_extensions import override
from websockets.frames import Frame, Opcode

from shared.domain.budgets import Budget
from ws_service import server
from ws_service.turns import AT_ONCE, Turns

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ws_service.settings import WsSettings
    from ws_service.turns import Waiting

MANY = 5 * AT_ONCE


class Lane(Turns):
    """Counts who waited."""

    waited = 0

    @override
    def wait(self, connection: Waiting) -> None:
        self.waited += 1
        super().wait(connection)


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> list[Lane]:
    """Of the replica that is started then: of who sends much, and of who floods."""
    made: list[Lane] = []

    def make(seconds: float = 0.001, rest_seconds: float = 0.0) -> Lane:
        made.append(Lane(seconds, rest_seconds))
        return made[-1]

    monkeypatch.setattr(server, "Turns", make)
    return made


async def say_at_once(client: ChatClient, count: int) -> list[str]:
    """So many messages in one write; returns what was answered to each: `ack` or `error`."""
    said = [json.dumps({"content": "কথা", "client_id": f"{n}"}) for n in range(count)]
    frames = [Frame(Opcode.TEXT, text.encode()).serialize(mask=True) for text in said]
    before = len(client.events)
    client.socket.transport.write(b"".join(frames))

    def answers() -> list[str]:
        return [e["type"] for e in client.events[before:] if e["type"] in {"ack", "error"}]

    await eventually(lambda: len(answers()) >= count)
    return answers()


async def test_few_frames_at_once_wait_for_nobody(
    settings_for: Callable[..., WsSettings], room: UUID, lanes: list[Lane]
) -> None:
    async with run_replica(settings_for("ws-1")) as replica, chat(replica.base, room) as client:
        assert await say_at_once(client, AT_ONCE) == ["ack"] * AT_ONCE
    assert [lane.waited for lane in lanes] == [0, 0]


async def test_who_sends_much_and_may_does_not_wait_among_the_floods(
    settings_for: Callable[..., WsSettings], room: UUID, lanes: list[Lane]
) -> None:
    async with run_replica(settings_for("ws-1")) as replica, chat(replica.base, room) as client:
        assert await say_at_once(client, MANY) == ["ack"] * MANY
    much, floods = (lane.waited for lane in lanes)
    assert much >= 1
    assert floods == 0


async def test_who_was_refused_waits_among_the_floods_from_the_next_frame_on(
    settings_for: Callable[..., WsSettings], room: UUID, lanes: list[Lane]
) -> None:
    settings = settings_for("ws-1", limit_room=Budget(1, 0.1), slow_when_hot_seconds=0)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        answers = await say_at_once(client, MANY)
        assert sorted(answers) == ["ack", *["error"] * (MANY - 1)]
        much, floods = lanes
        assert much.waited == 1
        before = floods.waited
        assert before >= 1
        await say_at_once(client, MANY // 2)
        assert floods.waited > before
        assert much.waited == 1
