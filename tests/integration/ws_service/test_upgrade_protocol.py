"""Who is refused before anything is made for them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import pytest
from tests.chat_client import ChatClient, Crowd, chat
from tests.integration.ws_service.conftest import run_replica
from tests.patience import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from shared.presence.presence import Refused
from shared.protocol.errors import Unavailable
from ws_service.flood_door import FLIGHTS_PER_FLOOD
from ws_service.session import FLOOD_STRIKES, SUSPECT_STRIKES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ws_service.settings import WsSettings

FLOODER: Final[dict[str, Any]] = {"additional_headers": {"X-Forwarded-For": "203.0.113.7"}}
ELSEWHERE: Final[dict[str, Any]] = {"additional_headers": {"X-Forwarded-For": "203.0.113.8"}}


@pytest.fixture
def long_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A door is not open again before anybody came to it."""
    monkeypatch.setattr("ws_service.flood_door.FIRST_SECONDS", 60.0)


async def flood(client: ChatClient) -> None:
    for n in range(3 * FLOOD_STRIKES):
        await client.say(f"বন্যা {n}", client_id=f"{n}")


@pytest.mark.usefixtures("long_shut")
async def test_where_a_flood_came_from_nobody_comes_in_for_some_seconds(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", command_burst=5, command_rate=1)
    async with run_replica(settings) as replica:
        async with chat(replica.base, room, **FLOODER) as client:
            await asyncio.gather(flood(client), return_exceptions=True)
            assert await client.wait_closed() == 4008
        url = f"{replica.base}/ws/chat/{room}/"
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, **FLOODER)
        answer = refused.value.response
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        async with chat(replica.base, room, **ELSEWHERE) as other:
            assert other.events[0]["type"] == "welcome"


async def test_one_flooder_among_many_shuts_out_nobody(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1", command_burst=5, command_rate=1)
    async with run_replica(settings) as replica, Crowd() as crowd:
        for _ in range(5):
            await crowd.add(replica.base, room, **FLOODER)
        flooder = await crowd.add(replica.base, room, **FLOODER)
        await asyncio.gather(flood(flooder), return_exceptions=True)
        assert await flooder.wait_closed() == 4008
        newcomer = await crowd.add(replica.base, room, **FLOODER)
        assert newcomer.events[0]["type"] == "welcome"


@pytest.mark.usefixtures("long_shut")
async def test_from_where_all_come_and_go_at_once_nobody_comes_in_for_some_seconds(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long a busy machine takes for it, they come and go at once.
    monkeypatch.setattr("ws_service.hub.FLEETING_SECONDS", 60.0)
    monkeypatch.setattr("ws_service.flood_door.FADING_SECONDS", 600.0)
    async with run_replica(settings_for("ws-1")) as replica:
        for _ in range(FLIGHTS_PER_FLOOD):
            async with chat(replica.base, room, **FLOODER):
                pass
        url = f"{replica.base}/ws/chat/{room}/"
        await eventually(lambda: not replica.deps.hub.connections)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, **FLOODER)
        assert refused.value.response.status_code == 429


@pytest.mark.parametrize("code", ["room_full", "unavailable"])
async def test_who_is_refused_has_not_fled(
    settings_for: Callable[..., WsSettings], room: UUID, code: str
) -> None:
    async with run_replica(settings_for("ws-1")) as replica:
        async with chat(replica.base, room, **ELSEWHERE):
            presence: Any = replica.deps.hub.parts.presence
            join = presence.join
            presence.join = refusing(code)
            for _ in range(FLIGHTS_PER_FLOOD):
                async with chat(replica.base, room, **FLOODER) as client:
                    assert client.events[0]["code"] == code
            presence.join = join
        async with chat(replica.base, uuid4(), **FLOODER) as client:
            assert client.events[0]["type"] == "welcome"


def refusing(code: str) -> Callable[..., Awaitable[Refused]]:
    """Lets nobody in: there is no place, or Redis is away."""

    async def join(*_: object, **__: object) -> Refused:
        if code == "unavailable":
            raise Unavailable("redis")
        return Refused("full")

    return join


async def test_who_comes_from_where_a_flood_came_from_is_sent_away_sooner(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.flood_door.FIRST_SECONDS", 0.2)
    settings = settings_for("ws-1", command_burst=5, command_rate=1)
    told, took = [], []
    async with run_replica(settings) as replica:
        for _ in range(2):
            async with chat(replica.base, room, **FLOODER) as client:
                began = time.monotonic()
                await asyncio.gather(flood(client), return_exceptions=True)
                assert await client.wait_closed() == 4008
                took.append(time.monotonic() - began)
                told.append(len(client.of("error")))
            await asyncio.sleep(0.3)
    # A strike is forgiven in each second.
    assert FLOOD_STRIKES <= told[0] + 1 <= FLOOD_STRIKES + took[0] + 1
    assert SUSPECT_STRIKES <= told[1] + 1 <= SUSPECT_STRIKES + took[1] + 1


async def test_a_request_that_cannot_be_read_is_answered(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    headers = {f"X-Many-{n}": "x" for n in range(200)}
    async with run_replica(settings_for("ws-1")) as replica:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{replica.base}/ws/chat/{room}/", additional_headers=headers)
        assert refused.value.response.status_code == 431


async def test_who_is_not_read_is_not_taken_for_dead(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.session.PAUSE_SECONDS", 0.4)  # 6 s in all, the last 3
    monkeypatch.setattr("ws_service.session.FORGIVEN_PER_SECOND", 0.0)
    settings = settings_for(
        "ws-1", command_burst=5, command_rate=1, ping_seconds=0.2, pong_seconds=2.0
    )
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await flood(client)
        assert await client.wait_closed() == 4008
