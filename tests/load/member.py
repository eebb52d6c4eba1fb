"""One connection of a load: a picows listener that counts, and comes back as clients should."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from tests.load.dialects.dialect import STAMP, STAMP_DIGITS, Position, Visit, stamped
from typing_extensions import override

from adda_client import FullJitter

if TYPE_CHECKING:
    from tests.load.dialects.dialect import Dialect
    from tests.load.tally import Tally

HANDSHAKE_SECONDS: Final = 60.0
BACKOFF: Final = FullJitter(base=0.5, cap=10.0)
_STAMP_LENGTH: Final = len(STAMP)
_FINAL_CODES: Final = frozenset({4000, 4001, 4003, 4008, 4009})
"""Close codes after which a client does not come back."""


class Member(WSListener):
    """One person in one room, over as many connections as it takes."""

    def __init__(self, dialect: Dialect, tally: Tally, visit: Visit, address: str) -> None:
        """`address`: the local one to connect from, such as 127.0.0.2."""
        self.visit = visit
        self.transport: WSTransport | None = None
        self.welcomed = asyncio.Event()
        self.position: Position | None = None
        self.heard = 0
        """Messages in all."""
        self.returns = True
        """Does it come back when its connection ends?"""
        self._dialect = dialect
        self._tally = tally
        self._address = address
        self._numbered = dialect.numbered
        self.delivering = tally.delivering
        """How long deliveries took; who reads slowly on purpose notes it elsewhere."""
        self._due: deque[int] = deque()
        self._number = 0
        self._began = 0
        self._newest = b""
        self._heard_before = 0
        self._retry_after: float | None = None
        self._coming_back: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ coming and going

    async def enter(self, due_ns: int, patience: float) -> bool:
        """Connects and waits for the welcome; False when it was not let in within `patience` s.

        `due_ns`: when it should have come, on the monotonic clock; durations count from then.
        """
        self._began = due_ns
        attempt = 0
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if await self._try_to_enter(max(0.1, deadline - time.monotonic())):
                return True
            if not self.returns:
                return False
            retry_after, self._retry_after = self._retry_after, None
            pause = BACKOFF.seconds(attempt)
            await asyncio.sleep(pause if retry_after is None else retry_after + pause)
            attempt += 1
        return False

    async def _try_to_enter(self, patience: float) -> bool:
        self.welcomed.clear()
        protocols = ", ".join(self._dialect.subprotocols)
        headers = [("Sec-WebSocket-Protocol", protocols)] if protocols else None
        options: dict[str, Any] = {"local_addr": (self._address, 0)} if self._address else {}
        try:
            await ws_connect(
                lambda: self,
                self._dialect.url(replace(self.visit, since=self.position)),
                websocket_handshake_timeout=min(HANDSHAKE_SECONDS, patience),
                extra_headers=headers,
                **options,
            )
            async with asyncio.timeout(patience):
                await self.welcomed.wait()
        except (OSError, WSError, TimeoutError) as error:
            self._tally.closes[type(error).__name__] += 1
            return False
        return self.transport is not None

    def leave(self) -> None:
        """Ends the connection for good."""
        self.returns = False
        if self._coming_back is not None:
            self._coming_back.cancel()
        if self.transport is not None:
            self.transport.disconnect(graceful=False)

    def cut(self) -> None:
        """The connection is gone without a word, and the client notices."""
        if self.transport is not None:
            self.transport.disconnect(graceful=False)

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self._tally.connected += 1
        for frame in self._dialect.greetings(self.visit):
            transport.send(WSMsgType.TEXT, frame)

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._tally.connected -= 1
        self.transport = None
        self._due.clear()
        self.welcomed.set()  # whoever waits for it looks at `transport`
        if not self.returns:
            return
        handshake: Any = transport.close_handshake
        received = handshake.recv if handshake is not None else None
        # A code of an application comes as a number, others as members of an enumeration.
        code = 1006 if received is None else int(getattr(received.code, "value", received.code))
        self._tally.closes[str(code)] += 1
        self.returns = code not in _FINAL_CODES
        if self._coming_back is None and self.returns and self.position is not None:
            self._remember_place()
            self._coming_back = asyncio.get_running_loop().create_task(self._come_back())

    async def _come_back(self) -> None:
        await asyncio.sleep(BACKOFF.seconds(0))
        await self.enter(time.monotonic_ns(), 120.0)
        self._coming_back = None

    # ------------------------------------------------------------------ hearing

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        tally = self._tally
        tally.received_bytes += len(payload)
        at = payload.find(STAMP)
        if at < 0:
            self._take_other(transport, frame, payload)
            return
        count = payload.count(STAMP)  # some bundle several messages into one frame
        self.heard += count
        tally.delivered += count
        if self._numbered and not payload.startswith(self._dialect.live):
            self._take_answer(payload, count)
            return
        self._newest = payload
        at += _STAMP_LENGTH
        self.delivering.add(time.monotonic_ns() - int(payload[at : at + STAMP_DIGITS]))

    def _take_other(self, transport: WSTransport, frame: WSFrame, payload: bytes) -> None:
        dialect, tally = self._dialect, self._tally
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
        elif dialect.is_ack(payload):
            tally.acked += 1
            if self._due:
                tally.acking.add(time.monotonic_ns() - self._due.popleft())
        elif dialect.is_welcome(payload):
            tally.joined += 1
            tally.joining.add(time.monotonic_ns() - self._began)
            if self._numbered:
                self._take_welcome(payload)
            self.welcomed.set()
        elif (answer := dialect.reply(payload, self.visit)) is not None:
            transport.send(WSMsgType.TEXT, answer)
        elif self._numbered:
            self._take_answer(payload, 0)

    # ------------------------------------------------------------------ numbers

    def _take_welcome(self, payload: bytes) -> None:
        welcome = self._dialect.read_welcome(payload)
        self.visit = replace(self.visit, session=welcome.session or self.visit.session)
        if self.position is None:  # else `recovered` follows and tells where we are
            self._start_from(welcome.position)

    def _start_from(self, position: Position) -> None:
        self.position, self._newest, self._heard_before = position, b"", self.heard

    def _take_answer(self, payload: bytes, count: int) -> None:
        answer = self._dialect.read_answer(payload)
        if answer.kind == "recovered" and answer.position is not None:
            assert self.position is not None
            missed = answer.position.seq - self.position.seq
            self._tally.recovered += count
            if answer.complete and answer.position.epoch == self.position.epoch:
                self._tally.lost += max(0, missed - count)
            self._start_from(answer.position)
        elif answer.kind == "user_list":
            self._tally.lists += 1
        elif answer.kind == "error":
            self._tally.refusals[answer.code] += 1
            self._retry_after = answer.retry_after
            if self._due and answer.code not in {"overloaded", "unavailable"}:
                self._due.popleft()

    def _remember_place(self) -> None:
        """Looks at the newest message, and whether all before it came."""
        if self.position is None or not self._newest:
            return
        place = self._dialect.place_of(self._newest, self.position.epoch)
        missing = place.seq - self.position.seq - (self.heard - self._heard_before)
        self._tally.lost += max(0, missing)
        self._tally.doubled += max(0, -missing)
        self._start_from(place)

    def settle(self, newest: int) -> None:
        """At the end of a run: all up to `newest` of its room should have come."""
        self._remember_place()
        if self.position is not None and self.transport is not None:
            self._tally.lost += max(0, newest - self.position.seq)

    @property
    def seq(self) -> int:
        """The newest number heard; 0 where messages have none."""
        self._remember_place()
        return 0 if self.position is None else self.position.seq

    # ------------------------------------------------------------------ speaking

    def say(self, due_ns: int, size: int) -> bool:
        """Says something that was due at `due_ns`; False when there is no connection."""
        transport = self.transport
        if transport is None or not self.welcomed.is_set():
            return False
        self._number += 1
        text = stamped(due_ns, size)
        transport.send(WSMsgType.TEXT, self._dialect.say(self.visit, text, self._number))
        self._tally.sent += 1
        if self._dialect.acks:
            self._due.append(due_ns)
        return True

    def stop_reading(self) -> None:
        """From now on it takes nothing more from its socket."""
        if self.transport is not None:
            self.transport.underlying_transport.pause_reading()

    def go_on_reading(self) -> None:
        """Ends `stop_reading`."""
        if self.transport is not None:
            self.transport.underlying_transport.resume_reading()
