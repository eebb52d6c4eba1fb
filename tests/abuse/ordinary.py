"""People who only want to talk, and note what they hear, in which order, and how long it takes."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

STAMP: Final = b'"message":"~t'
"""How the text of one of them begins; ns of the monotonic clock follow."""
_STAMP_LENGTH: Final = len(STAMP)
_DIGITS: Final = 19
_MESSAGE: Final = b'{"type":"message"'
_SEQ: Final = b',"seq":'


@dataclass(slots=True)
class Latencies:
    """Durations in ms."""

    acks: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)

    def add(self, others: Latencies) -> None:
        """Puts others to these."""
        self.acks += others.acks
        self.deliveries += others.deliveries

    def take(self) -> Latencies:
        """What was added since the last call."""
        taken = Latencies(self.acks, self.deliveries)
        self.acks, self.deliveries = [], []
        return taken

    def told(self) -> dict[str, float]:
        """How many there are, and their percentiles."""
        told: dict[str, float] = {}
        for name in ("acks", "deliveries"):
            ordered = sorted(getattr(self, name))
            told[name] = len(ordered)
            for percent in (50, 99):
                at = min(len(ordered) * percent // 100, len(ordered) - 1)
                told[f"{name}_p{percent}_ms"] = round(ordered[at], 2) if ordered else 0.0
        return told


@dataclass(slots=True)
class Fared:
    """How one of them fared."""

    said: dict[str, int] = field(default_factory=dict)
    """What has no ack yet: when it was said, by its client_id."""
    acked: list[int] = field(default_factory=list)
    """Numbers that its messages got in the room."""
    heard: list[int] = field(default_factory=list)
    """Numbers of all messages of the room."""
    refused: Counter[str] = field(default_factory=Counter)
    ended: str | None = None
    """The code with which it was thrown out."""

    def missed(self) -> int:
        """Numbers between the first and the last that it never heard, or heard out of order."""
        return sum(
            after != before + 1 for before, after in zip(self.heard, self.heard[1:], strict=False)
        )


class Ordinary(WSListener):
    """One connection; it is let in once and stays."""

    def __init__(self, latencies: Latencies) -> None:
        self.transport: WSTransport | None = None
        self.let_in = asyncio.Event()
        self.fared = Fared()
        self.leaving = False
        self._latencies = latencies
        self._number = 0

    def say(self) -> None:
        """Something short."""
        assert self.transport is not None
        self._number += 1
        now = time.monotonic_ns()
        client_id = f"{self._number}"
        self.fared.said[client_id] = now
        text = f"~t{now:0{_DIGITS}d} কেমন আছেন?"
        self.transport.send(WSMsgType.TEXT, orjson.dumps({"content": text, "client_id": client_id}))

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        handshake: Any = transport.close_handshake
        received = None if handshake is None else handshake.recv
        code = 1006 if received is None else int(getattr(received.code, "value", received.code))
        self.transport, self.fared.ended = None, None if self.leaving else str(code)
        self.let_in.set()

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        now = time.monotonic_ns()
        payload = frame.get_payload_as_bytes()
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
        elif payload.startswith(_MESSAGE):
            self.fared.heard.append(int(payload[payload.rindex(_SEQ) + 7 :].split(b",", 1)[0]))
            if (at := payload.find(STAMP)) >= 0:
                at += _STAMP_LENGTH
                due = int(payload[at : at + _DIGITS])
                self._latencies.deliveries.append((now - due) / 1e6)
        elif payload.startswith(b'{"type":"ack"'):
            told = orjson.loads(payload)
            self.fared.acked.append(told["seq"])
            self._latencies.acks.append((now - self.fared.said.pop(told["client_id"])) / 1e6)
        elif payload.startswith(b'{"type":"error"'):
            told = orjson.loads(payload)
            self.fared.refused[told["code"]] += 1
            self.fared.said.pop(told.get("client_id"), None)
        elif payload.startswith(b'{"type":"welcome"'):
            self.let_in.set()


class Table:
    """Some of them in one room, who talk calmly until they are told to stop."""

    def __init__(self, room: str, every_seconds: float) -> None:
        """Each says something once in `every_seconds`."""
        self.room = room
        self.latencies = Latencies()
        self.people: list[Ordinary] = []
        self._every = every_seconds
        self._talking: asyncio.Task[None] | None = None

    async def sit_down(self, base: str, seats: Sequence[str]) -> None:
        """One from each of these addresses; `base`: `ws://…` of the gateway."""
        for address in seats:
            person = Ordinary(self.latencies)
            self.people.append(person)
            url = f"{base}/ws/chat/{self.room}/"
            await ws_connect(lambda p=person: p, url, local_addr=(address, 0))
            async with asyncio.timeout(20):
                await person.let_in.wait()
        self._talking = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        per_second = len(self.people) / self._every
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for person in self.people:
                await asyncio.sleep(max(0.0, due - loop.time()))
                # Evenly, two tables would always talk together, or never.
                due += random.expovariate(per_second)
                if person.transport is not None:
                    person.say()

    async def fall_silent(self, patience: float) -> None:
        """Stops talking, and waits until each has an answer to all that it said."""
        if self._talking is not None:
            self._talking.cancel()
        end = time.monotonic() + patience
        while time.monotonic() < end and any(p.fared.said and p.transport for p in self.people):
            await asyncio.sleep(0.05)
        newest = max((seq for person in self.people for seq in person.fared.acked), default=0)
        here = [person for person in self.people if person.transport is not None]
        while time.monotonic() < end and any(max(p.fared.heard, default=0) < newest for p in here):
            await asyncio.sleep(0.05)

    def get_up(self) -> None:
        """All go."""
        for person in self.people:
            if person.transport is not None:
                person.leaving = True
                person.transport.disconnect(graceful=False)
