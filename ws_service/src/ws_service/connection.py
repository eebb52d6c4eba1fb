"""One connection from its welcome to its end: carries out what its session decides, in order."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog

from shared.domain.times import format_micros
from shared.message_log.outcomes import RoomNotLoaded
from shared.presence.presence import Called, Member, person_of
from shared.protocol.close_codes import CloseCode, close_text
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.protocol.events import PongEvent
from shared.runtime.clock import chance
from ws_service import wire
from ws_service.effects import (
    Close,
    Effect,
    Fetch,
    Pause,
    Pong,
    Post,
    Refuse,
    Rename,
    Typing,
    Unheard,
)
from ws_service.fan_out import NO_SOCKET
from ws_service.fetching import fetched_frame
from ws_service.intake import Intake
from ws_service.naming import Naming
from ws_service.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from shared.domain.account import Account
    from shared.domain.entities import User
    from shared.message_log.outcomes import Published
    from shared.protocol.envelopes import Person
    from shared.protocol.errors import Language
    from shared.usecases.post_message import CheckedDraft, Posting
    from ws_service.fan_out import Seat
    from ws_service.parts import Parts
    from ws_service.replica import Replica
    from ws_service.room_channel import RoomChannel
    from ws_service.standing import Standing
    from ws_service.transport import Transport
    from ws_service.visitors import Visitor

log = structlog.stdlib.get_logger()

WAITS: Final = (Rename, Fetch)
"""Effects that need an answer before what comes behind them."""

TOO_FAST: Final = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.SLOW_MODE})
"""Who floods shall not flood the log too; the ledger tells of each account that is over."""


class Connection:
    """One socket in one room.

    Until `release` everything live is held back: the newcomer first gets its welcome and what it
    missed.
    """

    __slots__ = (
        "_answers",
        "_context",
        "_held",
        "_held_bytes",
        "_intake",
        "_language",
        "_obeying",
        "_outbox_bytes",
        "_parts",
        "_replica",
        "_user_text",
        "channel",
        "closing",
        "id",
        "naming",
        "room_account",
        "roster_deltas",
        "seat",
        "session",
        "standing",
        "transport",
        "visitor",
    )

    def __init__(  # noqa: PLR0913 - the parts of one connection
        self,
        connection: UUID,
        *,
        parts: Parts,
        replica: Replica,
        transport: Transport,
        session: Session,
        standing: Standing,
        channel: RoomChannel,
        user: User,
        language: Language,
        roster_deltas: bool,
    ) -> None:
        self.id = connection
        self.transport = transport
        self.session = session
        self.channel = channel
        self.naming = Naming(user, user)
        self._user_text = str(user.id)  # looked up whenever anybody in the room is renamed
        self.closing = False
        self._parts = parts
        self._replica = replica
        self._language = language
        self.roster_deltas = roster_deltas
        self._outbox_bytes = replica.outbox_bytes
        self._held: list[bytes] | None = []
        self._held_bytes = 0
        self._answers: list[bytes] = []
        self.seat: Seat | None = None
        self.visitor: Visitor | None = None
        """The address it counts for, and"""
        self.room_account: Account | None = None
        """what the room may be told: given back when it leaves."""
        self.standing = standing
        transport.watch(self._show_outlet)
        self._intake = Intake(transport)
        self._obeying: asyncio.Task[None] | None = None
        self._context = copy_context()

    @property
    def member(self) -> Member:
        """This connection as presence knows it."""
        return Member(self.channel.room, self.user.id, self.id)

    def judge(self) -> None:
        """See Listener."""
        self._parts.enforcement.judge(self)

    @property
    def user(self) -> User:
        """As the room sees them."""
        return self.naming.shown

    @property
    def unread_bytes(self) -> int:
        """What waits until it is up to date, or until the client reads it."""
        return self.transport.unread_bytes if self._held is None else self._held_bytes

    @property
    def paused(self) -> bool:
        """Is nothing read of it for some seconds, since it floods?"""
        return self._intake.paused

    # ------------------------------------------------------------------ outwards

    def deliver(self, frames: bytes) -> None:
        """Frames for everybody in the room, where its socket did not take them.

        A peer that does not read is cut off; it comes back by its position.
        """
        if self._held is None:
            self.send(frames)
            return
        self._held.append(frames)
        self._held_bytes += len(frames)
        if self._held_bytes > self._outbox_bytes:
            self.close(CloseCode.SLOW_CONSUMER)

    def answer(self, frame: bytes) -> None:
        """A frame for this connection alone, at the end of this tick with all others."""
        self._answers.append(frame)
        if len(self._answers) == 1:
            self._parts.tick_end.write_answers(self.flush)
            self._show_outlet()

    def flush(self) -> None:
        """Writes the answers that wait."""
        if self._answers:
            self.send(b"")

    def send(self, frames: bytes) -> None:
        """Frames for this connection alone; not held back, but bounded as all others are."""
        if self._answers:
            frames = b"".join((*self._answers, frames))
            self._answers.clear()
            self._show_outlet()
        if self.transport.write(frames) > self._outbox_bytes:
            self.close(CloseCode.SLOW_CONSUMER)

    def sit(self, seat: Seat) -> None:
        """See Listener."""
        self.seat = seat
        self._show_outlet()

    def release(self) -> None:
        """The newcomer is up to date: from now on it hears everything live."""
        held, self._held = self._held or [], None
        if held:
            self.send(b"".join(held))
        self._show_outlet()

    def _show_outlet(self) -> None:
        """Frames for the room need not ask this object while nothing of its own goes first."""
        if self.seat is not None:
            alone = self._held is None and not self._answers
            self.seat.let(self.transport.open_fd if alone else NO_SOCKET)

    def close(self, code: CloseCode) -> None:
        """Starts to close; the loop in `serve` ends by it."""
        if not self.closing:
            self.closing = True
            self.channel.detach(self)
            self._replica.closes[code] += 1
            if self._answers:  # what was answered in this tick goes out before the end
                self.transport.write(b"".join(self._answers))
                self._answers.clear()
            self.transport.close(code, close_text(code, self._language))

    def take_name(self, people: Mapping[str, Person]) -> None:
        """Somebody in the room was renamed; if it is this user, in another tab, take it over."""
        person = people.get(self._user_text)
        if person is not None:
            roster = self.channel.roster
            self.naming.take(Called(person, roster.epoch, roster.rv))

    # ------------------------------------------------------------------ inwards

    async def serve(self) -> int:
        """Obeys the client until it is gone; returns the close code.

        Commands are begun in the order in which they came. A message does not wait for the answer
        to the one before, since Redis keeps their order; whatever needs an answer first, such as a
        new name, holds up what comes behind it.
        """
        self._context = copy_context()
        self.transport.listen(self)
        code = await self.transport.wait_ended()
        if self._obeying is not None:
            await asyncio.wait([self._obeying])
        return code

    def hear(self, text: str) -> None:
        """A text frame."""
        self._take(text)

    def hear_binary(self) -> None:
        """A frame that is none."""
        self._take(None)

    def _take(self, text: str | None) -> None:
        if self._obeying is None:
            self._obey(self._effects(text))
            return
        self._intake.line_up(text)

    def _effects(self, text: str | None) -> list[Effect]:
        """What the session makes of a frame; None stands for one that is not text."""
        now = self._parts.clock.monotonic()
        try:
            if text is None:
                return self.session.refuse_binary(now)
            return self.session.receive(text, now)
        except Exception:  # noqa: BLE001 - our fault: logged, told, and the connection lives on
            self._log(log.exception, "frame_failed")
            return [Refuse(ChatError(ErrorCode.INTERNAL))]

    def _obey(self, effects: list[Effect]) -> None:
        """Does what can be done at once; from the first effect that waits, a task goes on."""
        for at, effect in enumerate(effects):
            if self.closing:
                return
            if isinstance(effect, WAITS):
                self._obeying = asyncio.get_running_loop().create_task(
                    self._obey_in_line(effects[at:]), name="line", context=self._context.copy()
                )
                return
            self._do(effect)
        if self.session.needs_ticks:
            self._replica.ticking.add(self)

    async def _obey_in_line(self, effects: list[Effect]) -> None:
        """Goes on until nothing is in line any more."""
        try:
            while True:
                for effect in effects:
                    if self.closing:
                        return
                    if isinstance(effect, WAITS):
                        await self._do_waiting(effect)
                    else:
                        self._do(effect)
                if not self._intake.has_line:
                    return
                effects = self._effects(self._intake.next_in_line())
                await asyncio.sleep(0)  # a long line is not to hold up everybody else
        finally:
            self._obeying = None
            if self.session.needs_ticks and not self.closing:
                self._replica.ticking.add(self)
            self._intake.end_line()

    def _do(self, effect: Effect) -> None:
        try:
            if isinstance(effect, Post):
                self._post(effect.draft)
            elif isinstance(effect, Typing):
                self.tell_typing(effect)
            elif isinstance(effect, Pong):
                now = format_micros(self._parts.clock.micros())
                self.answer(wire.event_frame(PongEvent(t=effect.t, server_time=now)))
            elif isinstance(effect, Refuse):
                self.refuse(effect.error, effect.client_id)
            elif isinstance(effect, Unheard):
                self._parts.unheard.take(self, effect)
            elif isinstance(effect, Pause):
                self._intake.pause(effect.seconds)
            elif isinstance(effect, Close):
                if not self.closing and effect.code is CloseCode.FLOOD:
                    self._parts.visitors.flooded(self.visitor)
                self.close(effect.code)
        except Exception as error:  # noqa: BLE001 - told to the sender, and logged if it is ours
            client_id = effect.draft.client_id if isinstance(effect, Post) else None
            self._fail(error, client_id)

    async def _do_waiting(self, effect: Rename | Fetch) -> None:
        try:
            if isinstance(effect, Rename):
                await self.naming.change(effect, self.channel.room, self._parts)
                self.judge()  # there are names that are banned
            else:
                await self._fetch(effect)
        except Exception as error:  # noqa: BLE001 - as in _do
            self._fail(error, None)

    def _fail(self, error: BaseException, client_id: str | None) -> None:
        if not isinstance(error, ChatError):
            self._log(log.error, "command_failed", exc_info=error)
            error = ChatError(ErrorCode.INTERNAL)
        self.refuse(error, client_id)

    def _log(self, write: Callable[..., None], event: str, **fields: Any) -> None:
        """With what is known of the connection: frames come in no task of ours."""
        self._context.run(write, event, **fields)

    def tell_typing(self, effect: Typing) -> None:
        """Tells the room whether this user types; never waits, and nobody misses it if it fails."""
        self._parts.publisher.typing(
            self.channel.room,
            person_of(self.user),
            typing=effect.typing,
            micros=self._parts.clock.micros(),
        )

    def refuse(self, error: ChatError, client_id: str | None = None) -> None:
        """Tells this client why something was not done."""
        self._replica.refusals[error.code] += 1
        if error.code in TOO_FAST:
            self.transport.slow_down()
        if isinstance(error, Unavailable) and error.code not in TOO_FAST:
            self._log(log.info, "command_refused", code=error.code.value, part=error.part)
        now = self._parts.clock.micros()
        self.answer(wire.error_frame(error, self._language, now, chance(), client_id))

    def _post(self, draft: CheckedDraft) -> None:
        posting = self._parts.poster.begin(self.user, self.channel.room, draft)
        began = self._parts.clock.monotonic()
        self._parts.poster.send(posting, partial(self._posted, posting, began))
        self._intake.posting()

    def _posted(self, posting: Posting, began: float, outcome: Published | Exception) -> None:
        if isinstance(outcome, RoomNotLoaded):
            self._parts.tasks.start(self._post_again(posting, began), "post again")
            return
        self._intake.posted()
        client_id = posting.body.client_id
        if isinstance(outcome, Exception):
            self._fail(outcome, client_id)
            return
        self._replica.took(self._parts.clock.monotonic() - began, self._context)
        if client_id is not None:
            self.answer(wire.ack_frame(client_id, outcome))

    async def _post_again(self, posting: Posting, began: float) -> None:
        outcome: Published | Exception
        try:
            outcome = await self._parts.poster.go_on(posting, create=True)
        except Exception as error:  # noqa: BLE001 - told to the sender, as in _do
            outcome = error
        self._posted(posting, began, outcome)

    async def _fetch(self, effect: Fetch) -> None:
        history, most_bytes = self._parts.history, self._outbox_bytes // 2
        self.send(await fetched_frame(history, self.channel.room, effect, most_bytes))
