"""What a replica holds is counted, and is nothing again when everybody has gone.

That last is checked at the end of every test that runs a replica: see `run_replica`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.chat_client import Crowd, chat
from tests.integration.ws_service.conftest import Replica
from tests.patience import eventually

from shared.protocol.envelopes import MessagesEnvelope
from ws_service.gauges import Gauges, read_gauges

if TYPE_CHECKING:
    from uuid import UUID

SESSION = "a1b2c3d4-e5f6-7890-1234-567890abcdef"


async def until(replica: Replica, expected: Gauges) -> None:
    """Waits for what is lasting to be so; calls and checks come and go."""
    await eventually(
        lambda: replace(read_gauges(replica.deps.hub), waiting_calls=0, tasks=0) == expected
    )


async def test_connections_people_and_rooms_are_counted_each_for_itself(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, there = replicas
    async with (
        chat(here.base, room, session_id=SESSION),
        chat(here.base, room, session_id=SESSION),
        chat(here.base, room, additional_headers={"X-Forwarded-For": "203.0.113.7"}) as typist,
    ):
        lasting = Gauges(
            connections=3,
            people=2,
            rooms=1,
            members=3,
            subscriptions=1,
            accounts=2,  # of the room and of the address
            guards=1,
            visitors=1,
        )
        await until(here, lasting)
        await typist.send(type="typing", typing=True)
        await until(here, replace(lasting, ticking=1))
        await until(there, Gauges())
    await until(here, Gauges(graces=3))
    await until(here, Gauges())


async def test_what_waits_behind_a_gap_is_counted(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    hub = replicas[0].deps.hub
    async with chat(replicas[0].base, room) as client:
        channel: Any = hub.parts.channels[room]
        late: list[Any] = []
        take = channel.take
        channel.take = late.append
        await client.say("১")
        await client.say("২")
        await eventually(
            lambda: sum(len(e.messages) for e in late if isinstance(e, MessagesEnvelope)) >= 2
        )
        take(replace(late[-1], messages=late[-1].messages[-1:]))
        gauges = read_gauges(hub)
        assert (gauges.held_messages, gauges.tasks) == (1, 1)
        await client.wait_for("message", lambda e: e["seq"] == 2)
        assert read_gauges(hub).held_messages == 0


async def test_nothing_stays_of_a_crowd(replicas: tuple[Replica, Replica], room: UUID) -> None:
    async with Crowd() as crowd:
        await asyncio.gather(*(crowd.add(replicas[n % 2].base, room) for n in range(20)))
        await asyncio.gather(*(client.say("সালাম") for client in crowd.clients))
    for replica in replicas:
        await until(replica, Gauges())
