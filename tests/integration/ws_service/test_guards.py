from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.chat_client import chat
from tests.integration.ws_service.conftest import Replica, run_replica

from shared.domain.budgets import parse_budget
from shared.domain.moderation import EVERYWHERE
from shared.protocol.errors import Unavailable
from shared.rooms.live_rules import RULES_KEEP_SECONDS, WrittenRules, encode_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ws_service.settings import WsSettings


async def put_quietly(replica: Replica, rules: WrittenRules) -> None:
    """A change of which nobody is told, as if what was published had been lost."""
    key = replica.deps.hub.parts.keys.rules(rules.room)
    value = b"%d " % rules.version + encode_rules(rules)
    await replica.deps.redis.set(key, value, ex=RULES_KEEP_SECONDS)


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_change_that_was_missed_is_found_by_the_next_check(
    replicas: tuple[Replica, Replica],
    room: UUID,
    everywhere: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    async with chat(replicas[0].base, room) as client:
        place = EVERYWHERE if everywhere else room
        await put_quietly(replicas[1], WrittenRules(place, version=1, notice="খেলা"))
        await replicas[0].deps.hub.parts.guards.check()
        event = await client.wait_for("room_rules")
        assert event["rules"]["notice"] == "খেলা"


async def test_what_is_published_is_felt_at_once_and_told_once(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        live = replicas[1].deps.hub.parts.guards._reader.live
        for version in (1, 2):
            await live.put(WrittenRules(room, version=version, notice="খেলা"))
        await live.put(WrittenRules(room, version=3, notice="খেলা শেষ"))
        await client.wait_for("room_rules", lambda e: e["rules"]["notice"] == "খেলা শেষ")
        notices = [event["rules"]["notice"] for event in client.of("room_rules")]
        assert notices in (["খেলা", "খেলা শেষ"], ["খেলা শেষ"])


async def test_a_room_over_its_limit_goes_into_slow_mode_and_out_again(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.guards.ADAPTIVE_SECONDS", 1.5)
    settings = settings_for("ws-1", limit_room=parse_budget("15/1"), slow_when_hot_seconds=600)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        for n in range(30):
            await client.say(f"{n}", client_id=f"{n}")
        slow = await client.wait_for("room_rules")
        assert slow["rules"]["slow_seconds"] == 600
        await client.wait_for("room_rules", lambda e: e["rules"]["slow_seconds"] == 0)


async def test_people_talk_on_while_nobody_knows_the_rules(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("postgres")

    monkeypatch.setattr("shared.usecases.know_rules.RulesReader.read", away)
    async with chat(replicas[0].base, room) as client:
        await client.say("কেউ আছেন?")
        assert (await client.wait_for("message"))["message"] == "কেউ আছেন?"
