"""One room on this replica: what Redis publishes becomes frames, once for all who listen here.

Messages are delivered in order of seq. A gap is read from the log; what comes meanwhile waits. All
frames of one event-loop tick go out in one write per connection.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.sequence_tracker import Deliver, Duplicate, SequenceTracker
from shared.message_log.outcomes import RoomNotLoaded
from shared.protocol.close_codes import CloseCode
from shared.protocol.envelopes import (
    ControlEnvelope,
    Envelope,
    MessagesEnvelope,
    RevisionEnvelope,
    RosterEnvelope,
    SessionEndEnvelope,
    TypingEnvelope,
)
from shared.protocol.errors import ChatError, Unavailable
from shared.runtime.lifecycle import BackgroundTasks
from shared.usecases.read_history import RECOVERY_LIMIT
from ws_service import wire
from ws_service.announcer import LIST_BYTES_PER_SECOND, WINDOW_SECONDS, Announcer
from ws_service.audience import Audience
from ws_service.frames import text_frame
from ws_service.listener import end_session
from ws_service.roster import Roster

if TYPE_CHECKING:
    from uuid import UUID

    from shared.message_log.message_log import Head
    from shared.presence.presence import Presence
    from shared.protocol.codec import StoredMessage
    from shared.runtime.clock import Clock
    from shared.usecases.read_history import HistoryReader
    from ws_service.listener import Listener
    from ws_service.room_tally import RoomTally
    from ws_service.tick_end import TickEnd

log = structlog.stdlib.get_logger()

MOST_HELD: Final = 10_000
"""Messages that wait for a repair; beyond it they are dropped and read from the log later."""

CHECK_PAUSE_SECONDS: Final = 0.02
"""Between two looks at one room, should what is missing not be there yet."""

MOST_CHANGES: Final = 200
"""Changes of messages that are told again after some were missed."""


class RoomChannel:
    """Everything of one room on this replica. For the event loop's thread alone."""

    def __init__(
        self,
        room: UUID,
        *,
        history: HistoryReader,
        presence: Presence,
        clock: Clock,
        tasks: BackgroundTasks,
        tick_end: TickEnd,
        tally: RoomTally,
    ) -> None:
        self.room = room
        self.audience = Audience(tick_end, clock, tally)
        self.members = self.audience.members
        self.roster = Roster()
        self.tracker: SequenceTracker | None = None
        """None until the first look at the log; what is published before waits."""
        self._history = history
        self._presence = presence
        self._clock = clock
        self._tasks = tasks
        self._announcer = Announcer()
        self._newest: StoredMessage | None = None
        """Delivered, but not yet told to the log."""
        self._ev = 0
        """Changes of messages that were told, counted as Redis counts them."""
        self._changed_micros = 0
        """Time of the newest of them."""
        self._tally = tally
        self._held: list[tuple[str, StoredMessage]] = []
        """With the epoch of each."""
        self._checking: asyncio.Task[None] | None = None
        self._window: asyncio.TimerHandle | None = None
        self._check_again = False

    # ------------------------------------------------------------------ from Redis

    def take(self, envelope: Envelope) -> None:
        """One envelope from the room's channel."""
        if isinstance(envelope, MessagesEnvelope):
            for message in envelope.messages:
                self._take_message(envelope.epoch, message)
            self._note_place()
        elif isinstance(envelope, RosterEnvelope):
            self._take_roster(envelope)
        elif isinstance(envelope, TypingEnvelope):
            self.audience.emit_unhurried(wire.typing_frame(envelope))
        elif isinstance(envelope, RevisionEnvelope):
            self._take_revision(envelope)
        elif isinstance(envelope, ControlEnvelope) and envelope.what == "closed":
            self._close_room()
        elif isinstance(envelope, SessionEndEnvelope):
            end_session(self.members.values(), envelope.user_id)

    def _take_message(self, epoch: str, message: StoredMessage) -> None:
        if self.tracker is None or self._held:
            self._hold(epoch, message)
            return
        verdict = self.tracker.offer(epoch, message.seq)
        if isinstance(verdict, Deliver):
            self._newest = message
            self.audience.emit_message(wire.message_frame(message), message.micros)
        elif isinstance(verdict, Duplicate):
            # Read from the log meanwhile, or its number was given out twice.
            self.check()
        else:
            self._hold(epoch, message)
            self.check()

    def _note_place(self) -> None:
        """Tells the log up to where the room was seen, once for what came together."""
        if self._newest is not None and self.tracker is not None:
            epoch = self.tracker.position.epoch
            self._history.log.saw(self.room, epoch, self._newest.seq, self._newest.micros)
            self._newest = None

    def _hold(self, epoch: str, message: StoredMessage) -> None:
        if len(self._held) < MOST_HELD:
            self._held.append((epoch, message))

    def _take_revision(self, envelope: RevisionEnvelope) -> None:
        if self.tracker is None or envelope.epoch != self.tracker.position.epoch:
            self.check()
        elif envelope.ev == self._ev + 1:
            self._tell_revision(envelope.message)
            self._ev = envelope.ev
        elif envelope.ev > self._ev:
            self.check()

    def _tell_revision(self, message: StoredMessage) -> None:
        self._changed_micros = message.revised_micros
        self.emit(wire.revision_frame(message))

    def _take_roster(self, change: RosterEnvelope) -> None:
        verdict = self.roster.apply(change)
        if verdict == "gap":
            self.check()
        if verdict != "applied":
            return
        if change.op == "n":
            people = {change.person.id: change.person}
            for member in self.members.values():
                member.take_name(people)
        if self.audience.hears_deltas:
            self.audience.emit_delta(
                wire.roster_frame(change, self._clock.micros(), total=len(self.roster))
            )
        self._announcer.note(change)
        if self._window is None:
            self._announce()

    def _announce(self) -> None:
        """Tells what was noted, then keeps quiet for a window; goes on while there is something."""
        self._window = None
        if not self._announcer.dirty:
            return
        micros = self._clock.micros()
        for event in self._announcer.take(micros):
            self.emit(wire.event_frame(event))
        users = self.user_list_frame()
        seconds = self.audience.emit_list(users)
        quiet = max(WINDOW_SECONDS, len(users) / LIST_BYTES_PER_SECOND, seconds)
        self._window = asyncio.get_running_loop().call_later(quiet, self._announce)

    @property
    def held_messages(self) -> int:
        """Messages that wait for what is missing before them."""
        return len(self._held)

    def user_list_frame(self) -> bytes:
        """The present `user_list`."""
        return text_frame(self.roster.user_list(self._clock.micros(), wire.USER_LIST_LIMIT))

    def _close_room(self) -> None:
        self.emit(wire.room_closed_frame(self._clock.micros()))
        self.audience.flush()
        for member in list(self.members.values()):
            member.close(CloseCode.BAD_REQUEST)

    # ------------------------------------------------------------------ to the members

    def emit(self, frame: bytes) -> None:
        """Sends a frame to everybody here, at the end of this tick."""
        self.audience.emit(frame)

    def attach(self, connection: Listener) -> tuple[str, int]:
        """Lets a connection listen; returns the position after which it hears everything."""
        assert self.tracker is not None  # noqa: S101 - the hub opens a channel before use
        self.audience.add(connection)
        if connection.roster_deltas:
            # Exactly this list and every change after it.
            connection.deliver(self.user_list_frame())
        position = self.tracker.position
        return position.epoch, position.seq

    def detach(self, connection: Listener) -> None:
        """The connection hears nothing any more."""
        self.audience.remove(connection)

    # ------------------------------------------------------------------ repair

    def differs_from(self, head: Head | None) -> bool:
        """Is this copy behind the room in Redis, or the room behind it?"""
        if self.tracker is None:
            return False
        if head is None or head.closed:
            return True
        here = self.tracker.position
        places = (here.epoch, here.seq, self.roster.rv, self._ev)
        return places != (head.epoch, head.seq, head.rv, head.ev)

    def check(self) -> None:
        """Compares this copy with Redis soon, and repairs it. Calls while one runs are folded."""
        if self._checking is None:
            self._checking = self._tasks.start(self._check(), f"check {self.room}")
        else:
            self._check_again = True

    async def _check(self) -> None:
        try:
            while True:
                self._check_again = False
                await self.catch_up()
                if not self._check_again:
                    return
                await asyncio.sleep(CHECK_PAUSE_SECONDS)
        except (Unavailable, RoomNotLoaded) as error:
            # The next position check, or the rebuilt link, comes back to it.
            log.warning("room_check_failed", room=str(self.room), error=repr(error))
        except ChatError as error:
            log.info("room_gone", room=str(self.room), error=repr(error))
            self._close_room()
        finally:
            self._checking = None

    async def catch_up(self) -> None:
        """Reads what is missing: messages from the log, the roster from presence.

        Raises:
            Unavailable: Redis is away.
            ChatError: the room is gone.
        """
        head = await self._head()
        if await self._fence():
            head = await self._head()
        if self.tracker is None:
            self.tracker = SequenceTracker(head.epoch, head.seq)
            self._ev, self._changed_micros = head.ev, head.micros
            self._history.log.saw(self.room, head.epoch, head.seq)
        elif self.tracker.position.epoch != head.epoch:
            await self._start_epoch()
        elif self.tracker.position.seq < head.seq:
            await self._fill(head.seq)
        self._release_held()
        if self._ev < head.ev:
            await self._tell_missed_revisions()
        if self.roster.epoch != head.epoch or self.roster.rv < head.rv:
            await self._reload_roster()

    async def _fence(self) -> bool:
        """Lets the server judge; True if it has lost something, and the room was moved on.

        Before anything is read on from here: what is behind the last number that was shown may
        follow another message than the one that was shown under it.
        """
        if self.tracker is None:
            return False
        history, epoch = self._history, self.tracker.position.epoch
        history.log.saw(self.room, epoch, self.tracker.position.seq)
        for held_epoch, message in self._held:
            if held_epoch == epoch:
                history.log.saw(self.room, epoch, message.seq)
        rv = self.roster.rv if self.roster.epoch == epoch else 0
        moved = await history.log.fence(self.room, rv, self._ev)
        if moved:
            log.warning("room_was_set_back", room=str(self.room))
        return moved

    async def _head(self) -> Head:
        head = await self._history.log.head(self.room)
        if head is None or head.closed:
            # Somebody is in it: if it is nowhere any more, it begins anew. A deleted one does not.
            await self._history.rooms.open(self.room, create=True)
            head = await self._history.log.head(self.room)
        if head is None:
            raise RoomNotLoaded(self.room)
        return head

    async def _tell_missed_revisions(self) -> None:
        changes = await self._history.log.changes(self.room, self._changed_micros, MOST_CHANGES)
        if changes.ev <= self._ev:
            return  # told live meanwhile
        if changes.whole:
            for message in changes.messages:
                self._tell_revision(message)
        else:
            await self._start_epoch()
            times = (message.revised_micros for message in changes.messages)
            self._changed_micros = max(times, default=self._changed_micros)
        self._ev = changes.ev

    async def _fill(self, upto: int) -> None:
        """Delivers all up to `upto`, or tells everybody to reload when the log cannot."""
        assert self.tracker is not None  # noqa: S101 - only called with a tracker
        start = self.tracker.position
        page = await self._history.log.after(self.room, start.seq, RECOVERY_LIMIT)
        wanted = self.tracker.position.seq + 1
        missing = [m for m in page.messages if m.seq >= wanted]
        if page.epoch != start.epoch or not missing or missing[0].seq != wanted:
            if self.tracker.position.seq < upto:
                await self._start_epoch()
            return
        self._tally.gaps += 1
        log.info("gap_filled", room=str(self.room), first=missing[0].seq, count=len(missing))
        for message in missing:
            if isinstance(self.tracker.offer(page.epoch, message.seq), Deliver):
                self.emit(wire.stored_message_frame(message))
        if page.seq > self.tracker.position.seq:
            self._check_again = True

    async def _start_epoch(self) -> None:
        """Continuity is broken: everybody gets the newest messages and reloads the rest."""
        assert self.tracker is not None  # noqa: S101 - only called with a tracker
        newest = await self._history.newest(self.room)
        while (
            newest.epoch == self.tracker.position.epoch and newest.seq < self.tracker.position.seq
        ):
            # Overtaken by what came live, unless the server was set back. Nobody goes back.
            await self._fence()
            newest = await self._history.newest(self.room)
        self._tally.continuity_lost += 1
        log.warning("room_continuity_lost", room=str(self.room), seq=newest.seq)
        self.tracker.restart(newest.epoch, newest.seq)
        self._ev = 0
        self.emit(wire.recovered_frame(newest))

    def _release_held(self) -> None:
        assert self.tracker is not None  # noqa: S101 - only called with a tracker
        held, self._held = self._held, []
        for epoch, message in held:
            # Of another epoch than Redis holds now: a straggler of one that is over.
            if epoch == self.tracker.position.epoch:
                self._take_message(epoch, message)
        self._note_place()

    async def _reload_roster(self) -> None:
        snapshot = await self._presence.snapshot(self.room)
        known = self.roster.rv >= 0
        if snapshot.epoch == self.roster.epoch and snapshot.rv <= self.roster.rv:
            return  # changes that came meanwhile have overtaken it
        self.roster.load(snapshot)
        if known:
            people = {present.person.id: present.person for present in snapshot.people}
            for member in self.members.values():
                member.take_name(people)
            if self.audience.hears_deltas:
                self.audience.emit_delta(self.user_list_frame())
            self._announcer.dirty = True
            if self._window is None:
                self._announce()

    def stop(self) -> None:
        """Forgets timers; the channel is not used any more."""
        if self._window is not None:
            self._window.cancel()
        self.audience.stop()
