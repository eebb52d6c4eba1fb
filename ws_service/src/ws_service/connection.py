"""One connection from its welcome to its end: carries out what its session decides, in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from shared.domain.times import format_micros
from shared.presence.presence import Member, person_of
from shared.protocol.close_codes import CloseCode, close_text
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.protocol.events import AckEvent, PongEvent
from shared.runtime.clock import chance
from shared.usecases.read_history import within_bytes
from ws_service import wire
from ws_service.session import (
    Close,
    Effect,
    Fetch,
    Pong,
    Post,
    Refuse,
    Rename,
    Session,
    Typing,
)
from ws_service.transport import BinaryFrame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.domain.entities import User
    from shared.protocol.envelopes import Person
    from shared.protocol.errors import Language
    from ws_service.parts import Parts
    from ws_service.room_channel import RoomChannel
    from ws_service.transport import Transport

log = structlog.stdlib.get_logger()


@dataclass(slots=True)
class Replica:
    """What all connections of a replica have in common."""

    outbox_bytes: int
    """What a slow peer may leave waiting."""
    ticking: set[Connection] = field(default_factory=set)
    """Connections whose session waits for time to pass."""
    closes: Counter[str] = field(default_factory=Counter)
    """Connections closed from this side, by the name of the code."""


class Connection:
    """One socket in one room.

    Until `release` everything live is held back: the newcomer first gets its welcome and what it
    missed.
    """

    __slots__ = (
        "_held",
        "_held_bytes",
        "_language",
        "_outbox_bytes",
        "_parts",
        "_replica",
        "channel",
        "closing",
        "id",
        "roster_deltas",
        "session",
        "transport",
        "user",
    )

    def __init__(  # noqa: PLR0913 - the parts of one connection
        self,
        connection: UUID,
        *,
        parts: Parts,
        replica: Replica,
        transport: Transport,
        session: Session,
        channel: RoomChannel,
        user: User,
        language: Language,
        roster_deltas: bool,
    ) -> None:
        self.id = connection
        self.transport = transport
        self.session = session
        self.channel = channel
        self.user = user
        self.closing = False
        self._parts = parts
        self._replica = replica
        self._language = language
        self.roster_deltas = roster_deltas
        self._outbox_bytes = replica.outbox_bytes
        self._held: list[bytes] | None = []
        self._held_bytes = 0

    @property
    def member(self) -> Member:
        """This connection as presence knows it."""
        return Member(self.channel.room, self.user.id, self.id)

    @property
    def unread_bytes(self) -> int:
        """What waits until it is up to date, or until the client reads it."""
        return self.transport.write(b"") if self._held is None else self._held_bytes

    # ------------------------------------------------------------------ outwards

    def deliver(self, frames: bytes) -> None:
        """Frames for everybody in the room.

        A peer that does not read is cut off; it comes back by its position.
        """
        if self._held is None:
            self.send(frames)
            return
        self._held.append(frames)
        self._held_bytes += len(frames)
        if self._held_bytes > self._outbox_bytes:
            self.close(CloseCode.SLOW_CONSUMER)

    def send(self, frames: bytes) -> None:
        """Frames for this connection alone; not held back, but bounded as all others are."""
        if self.transport.write(frames) > self._outbox_bytes:
            self.close(CloseCode.SLOW_CONSUMER)

    def release(self) -> None:
        """The newcomer is up to date: from now on it hears everything live."""
        held, self._held = self._held or [], None
        if held:
            self.send(b"".join(held))

    def close(self, code: CloseCode) -> None:
        """Starts to close; the loop in `serve` ends by it."""
        if not self.closing:
            self.closing = True
            self.channel.detach(self)
            self._replica.closes[code.name.lower()] += 1
            self.transport.close(code, close_text(code, self._language))

    def take_name(self, people: Mapping[str, Person]) -> None:
        """Somebody in the room was renamed; if it is this user, in another tab, take it over."""
        person = people.get(str(self.user.id))
        if person is not None:
            self.user = self.user.called(person.username, person.color)

    # ------------------------------------------------------------------ inwards

    async def serve(self) -> None:
        """Obeys the client until it is gone.

        One command at a time: an author's messages keep their order, and a client that sends
        faster than Redis answers is slowed down by TCP.

        Raises:
            Disconnected: always, in the end.
        """
        monotonic = self._parts.clock.monotonic
        while True:
            try:
                effects = self.session.receive(await self.transport.receive(), monotonic())
            except BinaryFrame:
                effects = self.session.refuse_binary(monotonic())
            await self.carry_out(effects)

    async def carry_out(self, effects: list[Effect]) -> None:
        """Does what the session decided."""
        for effect in effects:
            if self.closing:
                return
            client_id = effect.draft.client_id if isinstance(effect, Post) else None
            try:
                await self._do(effect)
            except ChatError as error:
                self._refuse(error, client_id)
            except Exception:  # our fault: the sender is told, the connection lives on
                log.exception("command_failed", effect=type(effect).__name__)
                self._refuse(ChatError(ErrorCode.INTERNAL), client_id)
        if self.session.needs_ticks:
            self._replica.ticking.add(self)

    async def _do(self, effect: Effect) -> None:
        if isinstance(effect, Post):
            await self._post(effect)
        elif isinstance(effect, Typing):
            self.tell_typing(effect)
        elif isinstance(effect, Rename):
            await self._rename(effect)
        elif isinstance(effect, Fetch):
            await self._fetch(effect)
        elif isinstance(effect, Pong):
            now = format_micros(self._parts.clock.micros())
            self.send(wire.event_frame(PongEvent(t=effect.t, server_time=now)))
        elif isinstance(effect, Refuse):
            self._refuse(effect.error, effect.client_id)
        elif isinstance(effect, Close):
            self.close(effect.code)

    def tell_typing(self, effect: Typing) -> None:
        """Tells the room whether this user types; never waits, and nobody misses it if it fails."""
        self._parts.publisher.typing(
            self.channel.room,
            person_of(self.user),
            typing=effect.typing,
            micros=self._parts.clock.micros(),
        )

    def _refuse(self, error: ChatError, client_id: str | None) -> None:
        if isinstance(error, Unavailable):
            log.info("command_refused", code=error.code.value, part=error.part)
        now = self._parts.clock.micros()
        self.send(wire.error_frame(error, self._language, now, chance(), client_id))

    async def _post(self, effect: Post) -> None:
        _, published = await self._parts.poster.post(
            self.user, self.channel.room, effect.draft, create=True
        )
        if effect.draft.client_id is not None:
            self.send(
                wire.event_frame(
                    AckEvent(
                        client_id=effect.draft.client_id,
                        message_id=published.message_id,
                        seq=published.seq,
                        timestamp=format_micros(published.micros),
                    )
                )
            )

    async def _rename(self, effect: Rename) -> None:
        renamed = self.user.called(effect.username, effect.color)
        if renamed == self.user:
            return
        # First the room, then the session: a failure between leaves a name that the next try mends.
        await self._parts.presence.rename(self.channel.room, renamed)
        await self._parts.identifier.sessions.replace(renamed)
        self.user = renamed

    async def _fetch(self, effect: Fetch) -> None:
        room = self.channel.room
        if effect.after is not None:
            page = await self._parts.history.after(room, effect.after, effect.limit)
            messages = within_bytes(page.messages, self._outbox_bytes // 2)
        else:
            page = await self._parts.history.before(room, effect.before, effect.limit)
            messages = within_bytes(page.messages, self._outbox_bytes // 2)[::-1]
        has_more = page.has_more or len(messages) < len(page.messages)
        self.send(wire.history_frame(messages, has_more=has_more))
