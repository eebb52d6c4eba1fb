"""Ordinary messages, published as `ws_service` publishes them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from shared.domain.ids import uuid7
from shared.message_log.message_log import MessageLog
from shared.protocol.codec import MessageBody
from shared.runtime.clock import IdMaker, SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from redis.asyncio import Redis

    from shared.redis_schema.scripts import Scripts

WORDS: Final = ("কী", "খবর", "আজ", "বাংলাদেশ", "জিতবে", "দারুণ", "খেলা", "হচ্ছে", "সবাই", "চা", "খাই", "😀")
TOGETHER: Final = 1000
LOOK_SECONDS: Final = 0.005


@dataclass(frozen=True, slots=True)
class Room:
    """A room, and who talks there."""

    id: UUID
    people: tuple[UUID, ...]

    @classmethod
    def new(cls, people: int = 20) -> Room:
        return cls(uuid4(), tuple(uuid4() for _ in range(people)))


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message stands, and since when (µs)."""

    room_id: str
    seq: int
    micros: int


def message_bodies(rooms: Sequence[Room], count: int, luck: Random) -> list[MessageBody]:
    """`count` messages to `rooms` in turn."""
    clock = SystemClock()
    bodies = []
    for n in range(count):
        room = rooms[n % len(rooms)]
        body = MessageBody(
            message=" ".join(luck.choices(WORDS, k=luck.randint(2, 14))),
            user_id=str(luck.choice(room.people)),
            username="রাকিব হাসান",
            user_color="#1f77b4",
            message_id=str(uuid7(clock.micros() // 1000, luck.getrandbits(74))),
            room_id=str(room.id),
            client_id=str(UUID(int=luck.getrandbits(128))),
            message_type="text",
            file_url=None,
            reply_to=None,
        )
        bodies.append(body)
    return bodies


class Publisher:
    """Sends messages and remembers where they stand."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis = redis
        self._scripts = scripts
        self._log = MessageLog(redis, scripts)
        self.sent: list[Sent] = []

    async def open(self, rooms: Sequence[Room]) -> None:
        """Puts the rooms into Redis."""
        for room in rooms:
            await self._scripts.room_load(
                room.id, epoch=IdMaker.epoch(), seq=0, total=0, settings={"name": "আড্ডা"}
            ).run(self._redis)

    async def send(self, bodies: Sequence[MessageBody]) -> None:
        """As fast as the server answers."""
        for at in range(0, len(bodies), TOGETHER):
            part = bodies[at : at + TOGETHER]
            places = await asyncio.gather(*map(self._log.publish, part))
            self.sent += [
                Sent(body.room_id, place.seq, place.micros)
                for body, place in zip(part, places, strict=True)
            ]

    async def send_evenly(self, bodies: Sequence[MessageBody], per_second: int) -> None:
        """At their times, or as soon after as the server answers."""
        start = time.perf_counter()
        done = 0
        while done < len(bodies):
            due = min(int((time.perf_counter() - start) * per_second), len(bodies))
            await self.send(bodies[done:due])
            done = due
            await asyncio.sleep(LOOK_SECONDS)
