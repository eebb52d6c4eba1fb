"""A subscription that is dead without an error: found by the probe, repaired by number."""

from __future__ import annotations

import asyncio
import time
from operator import gt
from typing import TYPE_CHECKING

import httpx
from tests.faults.bed import Bed, Size, open_bed
from tests.faults.catalogue import LISTENING_LINK
from tests.faults.results import record
from tests.patience import PATIENCE_SECONDS

from adda_client import ChatClient
from shared.protocol.events import MessageEvent

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

FOUND_SECONDS = 30.0
OPTIONS = {"proxy": None}


async def failing(http: httpx.AsyncClient, bed: Bed, name: str) -> list[str]:
    answer = await http.get(f"{bed.stack.service_url(name)}/readyz")
    parts: list[str] = answer.json()["failing"]
    return parts


def times_deaf(bed: Bed) -> list[int]:
    """How often each replica has found that it was deaf, by its log."""
    logs = [bed.stack.logs / f"{name}.log" for name in bed.names("ws")]
    return [log.read_text(encoding="utf-8").count("broker_link_deaf") for log in logs]


async def test_a_deaf_replica_turns_red_hears_again_and_missed_nothing(
    reachable_path: Path,
) -> None:
    with open_bed(reachable_path, Size(api=1, workers=1)) as bed:
        first, second = (
            bed.stack.service_url(name).replace("http", "ws", 1) for name in bed.names("ws")
        )
        async with httpx.AsyncClient(
            base_url=bed.stack.url, trust_env=False, timeout=PATIENCE_SECONDS
        ) as http:
            room: UUID = (await http.post("/api/rooms/", json={"name": "বধির"})).json()["id"]
            async with (
                ChatClient(first, room, options=OPTIONS) as writer,
                ChatClient(second, room, options=OPTIONS) as reader,
            ):
                writing = asyncio.create_task(write(writer))
                await asyncio.sleep(1)
                before = times_deaf(bed)
                bed.redis_link.forget(LISTENING_LINK)
                deaf = time.monotonic()
                red: dict[str, float] = {}
                # It is red for a moment only: who looks from outside may miss one of the two.
                while not (red and all(map(gt, times_deaf(bed), before))):
                    for name in bed.names("ws"):
                        if "broker" in await failing(http, bed, name):
                            red.setdefault(name, time.monotonic() - deaf)
                    assert time.monotonic() - deaf < FOUND_SECONDS, red
                    await asyncio.sleep(0.05)
                await bed.wait_ready()
                green = time.monotonic() - deaf
                assert green < FOUND_SECONDS
                await asyncio.sleep(1)
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
                last = await writer.send("শেষ")
                seqs = await read_until(reader, last.seq)
    assert seqs == list(range(1, last.seq + 1))
    record(
        "deaf_link",
        {
            "red_after_seconds": round(max(red.values()), 1),
            "green_after_seconds": round(green, 1),
            "messages_meanwhile": last.seq,
        },
    )


async def write(chat: ChatClient) -> None:
    while True:
        await chat.send("শুনছেন?")
        await asyncio.sleep(0.02)


async def read_until(chat: ChatClient, seq: int) -> list[int]:
    seqs: list[int] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for event in chat:
            if isinstance(event, MessageEvent):
                seqs.append(event.seq)
                if event.seq == seq:
                    break
    return seqs
