"""Limits of addresses, sessions and rooms, as two replicas keep them together."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from tests.chat_client import ChatClient, Crowd, chat
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.patience import PATIENCE_SECONDS, eventually

from shared.domain.account import SETTLE_SECONDS
from shared.domain.budgets import Budget
from shared.protocol.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shared.usecases.open_room import Payment
    from ws_service.channels import Channels
    from ws_service.settings import WsSettings

    SettingsFor = Callable[..., WsSettings]

NAT = {"additional_headers": {"X-Forwarded-For": "203.0.113.7"}}
ELSEWHERE = {"additional_headers": {"X-Forwarded-For": "203.0.113.8"}}
SESSION = "s" * 40


@asynccontextmanager
async def two(settings_for: SettingsFor, **more: Any) -> AsyncIterator[tuple[Replica, Replica]]:
    async with (
        run_replica(settings_for("ws-1", **more)) as one,
        run_replica(settings_for("ws-2", **more)) as other,
    ):
        yield one, other


async def refused(base: str, room: UUID, **parameters: Any) -> tuple[str, int | None]:
    """Code of the error, and of the close, of a connection that is not let in."""
    async with chat(base, room, **parameters) as client:
        code = await client.wait_closed()
        return client.events[0]["code"], code


async def flood(client: ChatClient, count: int) -> None:
    for n in range(count):
        await client.say(str(n), client_id=str(n))


async def test_an_address_has_only_so_many_connections_anywhere(
    settings_for: SettingsFor, room: UUID
) -> None:
    async with (
        two(settings_for, most_connections_ipv4=2) as (one, other),
        chat(one.base, room, **NAT) as first,
        chat(other.base, room, **NAT),
    ):
        for replica in (one, other):
            assert await refused(replica.base, room, **NAT) == ("too_many_connections", 4009)
        assert await says(one.base, room, **ELSEWHERE) == "welcome"
        await first.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            # The other replica hears of it a moment later.
            while await says(other.base, room, **NAT) != "welcome":
                await asyncio.sleep(SETTLE_SECONDS / 2)


async def says(base: str, room: UUID, **parameters: Any) -> str:
    """Type of the first event."""
    async with chat(base, room, **parameters) as client:
        return str(client.events[0]["type"])


async def make(base: str, room: UUID) -> None:
    """By somebody who is not counted, so that a join is all that others pay for."""
    assert await says(base, room) == "welcome"


async def test_who_was_refused_holds_no_place(settings_for: SettingsFor, room: UUID) -> None:
    async with two(settings_for, most_connections_ipv4=1) as (one, other):
        async with chat(one.base, room, **NAT):
            for _ in range(3):
                assert await refused(other.base, room, **NAT) == ("too_many_connections", 4009)
        assert len(other.deps.hub.parts.visitors) == 0


async def test_an_address_may_join_only_so_often(settings_for: SettingsFor, room: UUID) -> None:
    async with two(settings_for, limit_ipv4=Budget(10, 0.1)) as (one, other):
        await make(one.base, room)
        for n in range(5):
            assert await says((one, other)[n % 2].base, room, **NAT) == "welcome"
        for replica in (one, other):
            assert await refused(replica.base, room, **NAT) == ("proof_required", 1013)
        assert await says(one.base, room, **ELSEWHERE) == "welcome"


async def test_who_makes_a_room_by_joining_pays_for_a_room(
    settings_for: SettingsFor, room: UUID
) -> None:
    async with two(settings_for, limit_ipv4=Budget(16, 0.01)) as (one, other):
        assert await says(one.base, room, **NAT) == "welcome"  # 10
        for replica, unknown in ((one, uuid4()), (other, uuid4())):
            assert await refused(replica.base, unknown, **NAT) == ("rate_limited", 1013)  # 2
            assert await other.deps.hub.parts.history.rooms.live.read(unknown) is None
        assert await says(other.base, room, **NAT) == "welcome"  # 2
        assert await says(one.base, uuid4(), **ELSEWHERE) == "welcome"


async def test_who_cannot_pay_for_a_room_keeps_nobody_out_of_it(
    settings_for: SettingsFor, room: UUID
) -> None:
    asked = asyncio.Event()
    paid: list[bool] = []

    async def refuse() -> None:
        asked.set()
        await asyncio.sleep(0.05)
        raise RateLimited("address", 1.0, 10)

    async def pay() -> None:
        paid.append(True)

    async def enter(channels: Channels, payment: Payment) -> str:
        async with channels.opened(room, payment) as channel:
            return str(channel.room)

    async with run_replica(settings_for("ws-1")) as replica:
        channels = replica.deps.hub.parts.channels
        first = asyncio.create_task(enter(channels, refuse))
        await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
        assert await asyncio.gather(*(enter(channels, pay) for _ in range(3))) == [str(room)] * 3
        with pytest.raises(RateLimited):
            await first
        assert paid == [True]
        await enter(channels, refuse)  # it is there now


async def test_who_is_known_to_join_too_often_takes_nobodys_turn(
    settings_for: SettingsFor, room: UUID
) -> None:
    settings = settings_for("ws-1", limit_ipv4=Budget(10, 0.01), join_burst=9, join_rate=0.01)
    async with run_replica(settings) as replica:
        await make(replica.base, room)
        first = [await says(replica.base, room, **NAT) for _ in range(12)]
        assert first == ["welcome"] * 5 + ["error"] * 7
        # A turn for who made the room, five for those who came in, and one for who was found to be
        # too many.
        for _ in range(2):
            assert await says(replica.base, room, **ELSEWHERE) == "welcome"


async def test_a_forged_address_is_charged_to_who_forges(
    settings_for: SettingsFor, room: UUID
) -> None:
    settings = settings_for("ws-1", limit_ipv4=Budget(10, 0.1))
    async with run_replica(settings) as replica:
        await make(replica.base, room)
        first = []
        for n in range(6):
            forged = {"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"}
            first.append(await says(replica.base, room, additional_headers=forged))
        assert first == ["welcome"] * 5 + ["error"]


async def test_what_one_user_says_is_counted_over_all_replicas(
    settings_for: SettingsFor, room: UUID
) -> None:
    async with two(settings_for, limit_session=Budget(40, 0.1)) as (one, other):
        session = {"session_id": SESSION}
        async with (
            chat(one.base, room, **session) as here,
            chat(other.base, room, **session) as there,
        ):
            await flood(here, 30)
            await here.wait_for("ack", lambda e: e["client_id"] == "29")
            await asyncio.sleep(2 * SETTLE_SECONDS)  # until it is told
            await flood(there, 30)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not there.of("error"):
                    await asyncio.sleep(SETTLE_SECONDS)
                    await there.say("আরও")
            error = there.of("error")[0]
            assert error["code"] == "rate_limited"
            assert error["retry_after"] > 1
            # Who comes back does not begin anew.
            assert await refused(other.base, room, **session) == ("rate_limited", 1013)


async def test_many_sessions_of_one_address_share_what_it_may(
    settings_for: SettingsFor, room: UUID
) -> None:
    settings = settings_for("ws-1", limit_ipv4=Budget(60, 0.1))
    async with (
        run_replica(settings) as replica,
        Crowd() as crowd,
        chat(replica.base, room, **ELSEWHERE) as neighbour,
    ):
        troop = [await crowd.add(replica.base, room, **NAT) for _ in range(4)]
        await asyncio.gather(*(flood(client, 30) for client in troop))
        await eventually(lambda: any(client.of("error") for client in troop))
        heard = sum(len(client.of("ack")) for client in troop)
        assert heard < 4 * 30
        await neighbour.say("আমি কিছু করিনি", client_id="১")
        await neighbour.wait_for("ack")


async def test_a_flood_of_new_people_is_kept_out_and_who_is_in_talks_on(
    settings_for: SettingsFor, room: UUID
) -> None:
    async with (
        two(settings_for, limit_newcomers=Budget(20, 0.1)) as (one, other),
        chat(one.base, room, session_id=SESSION) as inside,
        Crowd() as crowd,
    ):
        for n in range(14):
            await crowd.add((one, other)[n % 2].base, room)
        await asyncio.sleep(2 * SETTLE_SECONDS)
        await crowd.add(one.base, room)  # so that this replica hears how many there were
        await asyncio.sleep(2 * SETTLE_SECONDS)
        late = await crowd.add(one.base, room)
        assert late.events[0]["code"] == "proof_required"
        assert late.events[0]["retry_after"] > 1
        assert await late.wait_closed() == 1013
        assert await says(one.base, uuid4()) == "welcome"  # other rooms are open
        assert await says(one.base, room, session_id=SESSION) == "welcome"  # is in already
        await inside.say("আছি", client_id="১")
        await inside.wait_for("ack")


async def test_a_room_takes_only_so_many_messages_from_everybody(
    settings_for: SettingsFor, room: UUID
) -> None:
    async with (
        two(settings_for, limit_room=Budget(20, 0.1), slow_when_hot_seconds=0) as (one, other),
        chat(one.base, room) as here,
        chat(other.base, room) as there,
    ):
        await asyncio.gather(flood(here, 20), flood(there, 20))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (here.of("error") and there.of("error")):
                await asyncio.sleep(SETTLE_SECONDS)
                await asyncio.gather(here.say("আরও"), there.say("আরও"))
        assert {e["code"] for e in (*here.of("error"), *there.of("error"))} == {"rate_limited"}
        await here.send(type="ping", t=1)
        await here.wait_for("pong")


async def test_a_dry_run_refuses_nobody(settings_for: SettingsFor, room: UUID) -> None:
    dry = Budget(10, 0.1, dry_run=True)
    limits = {"limit_ipv4": dry, "limit_session": dry, "limit_room": dry, "limit_newcomers": dry}
    async with run_replica(settings_for("ws-1", **limits)) as replica:
        for _ in range(3):
            async with chat(replica.base, room, **NAT, session_id=SESSION) as client:
                await flood(client, 20)
                await client.wait_for("ack", lambda e: e["client_id"] == "19")
                assert not client.of("error")
