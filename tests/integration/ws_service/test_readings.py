from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
from tests.chat_client import Json, chat
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.metrics_text import Scrape, scrape
from tests.patience import PATIENCE_SECONDS
from websockets.frames import Frame, Opcode

from shared.protocol.close_codes import CloseCode
from shared.runtime.metrics import Service
from ws_service.protocol_class import ODD_FRAMES_BURST
from ws_service.session import STRIKES_TO_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import pytest

    from ws_service.settings import WsSettings


async def scrape_until(replica: Replica, holds: Callable[[Scrape], bool]) -> Scrape:
    """What is told of comes to an end a little after its client was told."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds(seen := await scrape(replica.http)):
            await asyncio.sleep(0.02)
    return seen


def said(text: str) -> Callable[[Json], bool]:
    return lambda event: bool(event["message"] == text)


async def test_all_that_is_declared_is_told_and_nothing_else(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, _ = replicas
    async with chat(here.base, room) as client:
        await client.say("সালাম")
        seen = await scrape(here.http)
    assert seen.misnamed(Service.WS) == set()
    assert seen.unknown_labels(Service.WS) == set()


async def test_a_message_is_counted_on_all_its_way(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, there = replicas
    async with chat(here.base, room) as author, chat(there.base, room) as reader:
        before = await scrape(there.http)
        for text in ("একটা", "আরেকটা"):
            await author.say(text)
            await reader.wait_for("message", said(text))
        theirs = await scrape(there.http)
        mine = await scrape_until(here, lambda seen: seen.value("adda_publish_seconds_count") == 2)
    assert mine.value("adda_connections") == 1
    assert mine.value("adda_connections_opened_total") == 1
    assert mine.value("adda_messages_published_total") == 2
    assert 0 < mine.value("adda_publish_seconds_sum") < 10
    assert theirs.value("adda_fan_out_lag_seconds_count") == 2
    delivered = theirs.value("adda_deliveries_total") - before.value("adda_deliveries_total")
    assert delivered >= 2
    assert mine.value("adda_redis_call_seconds_count", call="publish") >= 1


async def test_refusals_are_counted_by_their_code(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, _ = replicas
    async with chat(here.base, room) as client:
        await client.send(type="nonsense")
        await client.wait_for("error")
    async with chat(here.base, "not-a-room") as refused:
        assert await refused.wait_closed() == CloseCode.BAD_REQUEST
    seen = await scrape(here.http)
    assert seen.value("adda_refusals_total", code="unknown_type") == 1
    assert seen.value("adda_refusals_total", code="validation_error") == 1
    assert seen.value("adda_closes_total", reason="bad_request") == 1


async def test_who_is_cut_off_beneath_the_session_is_counted_too(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, _ = replicas
    async with chat(here.base, room) as client:
        pongs = [Frame(Opcode.PONG, b"!").serialize(mask=True)] * 2 * ODD_FRAMES_BURST
        client.socket.transport.write(b"".join(pongs))
        assert await client.wait_closed(60) == CloseCode.FLOOD  # a thousand frames are read first
    await scrape_until(here, lambda seen: seen.value("adda_closes_total", reason="flood") == 1)


async def test_who_floods_is_counted_while_nothing_is_read_of_them(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.session.PAUSE_SECONDS", 1.0)
    settings = settings_for("ws-1", command_burst=5, command_rate=1)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        assert (await scrape(replica.http)).value("adda_connections_paused") == 0
        for n in range(5 + 2 * STRIKES_TO_PAUSE):
            await client.say(f"বন্যা {n}", client_id=f"{n}")
        await scrape_until(replica, lambda seen: seen.value("adda_connections_paused") == 1)
        await scrape_until(replica, lambda seen: seen.value("adda_connections_paused") == 0)


async def test_who_leaves_by_themselves_was_not_closed_by_us(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, _ = replicas
    async with chat(here.base, room) as client:
        await client.socket.close(CloseCode.FLOOD)
    seen = await scrape_until(here, lambda seen: seen.value("adda_connections") == 0)
    assert seen.value("adda_closes_total", reason="flood") == 0


async def test_a_reconnect_is_told_apart_by_what_it_got(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, _ = replicas
    async with chat(here.base, room) as client:
        await client.say("সালাম")
        epoch = (await client.wait_first())["epoch"]
        await client.wait_for("message")
    async with chat(here.base, room, epoch=epoch, since=0) as client:
        await client.wait_for("recovered")
    async with chat(here.base, room, epoch="another", since=9) as client:
        await client.wait_for("recovered")
    seen = await scrape(here.http)
    assert seen.value("adda_recoveries_total", outcome="complete") == 1
    assert seen.value("adda_recoveries_total", outcome="partial") == 1


async def test_a_slow_message_leads_to_its_request_in_the_logs(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    here, _ = replicas
    headers = {"X-Request-ID": "e5f0a1b2"}
    async with chat(here.base, room, additional_headers=headers) as client:
        await client.say("সালাম", client_id="1")
        await client.wait_for("ack")
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as http:
            accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
            page = await http.get(f"{here.http}/metrics", headers=accept)
    lines = [line for line in page.text.splitlines() if '# {request_id="e5f0a1b2"}' in line]
    assert lines
    assert all(line.startswith("adda_publish_seconds_bucket") for line in lines)
