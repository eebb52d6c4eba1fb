"""What staff have decided about the rooms that are open here, and what it means for who is in them.

Rules come with the room, are read again when Redis says that they have changed, and with every
position check, should that have been missed. Those that cannot be read again stay as they are: an
outage lifts no ban.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.moderation import EVERYWHERE
from shared.domain.room_rules import NO_RULES, Law
from shared.domain.times import format_micros
from shared.domain.token_bucket import TokenBucket
from shared.protocol import events
from shared.protocol.errors import Unavailable
from shared.protocol.events import RoomRulesEvent, RulesInfo
from ws_service import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Sized
    from uuid import UUID

    from shared.domain.room_rules import RoomRules
    from shared.limits.addresses import Addresses
    from shared.redis_schema.keys import Keys
    from shared.runtime.clock import Clock
    from shared.runtime.lifecycle import BackgroundTasks
    from shared.usecases.know_rules import RulesReader

log = structlog.stdlib.get_logger()

CHECK_CHUNK: Final = 500
"""Rooms whose rules are read at once by a check: far fewer than may wait for one server."""

ADAPTIVE_SECONDS: Final = 60.0
"""How long a room stays in slow mode that came too near its limit."""

TYPING_BURST: Final = 40.0
TYPING_PER_SECOND: Final = 20.0
"""Notices of typing that one room gets from this replica: more nobody can read, and in a room of
thousands each costs as much as a message. Who finds no place is told of a little later."""

HOT_MESSAGES_PER_SECOND: Final = 20.0
"""What all in a room may say together in such slow mode: its seconds are the more, the more they
are, for in a crowd a few seconds each make a flood,"""
MOST_HOT_SECONDS: Final = 60
"""but no more than these, unless that is set otherwise."""

RENAME_BURST: Final = 20.0
RENAMES_PER_SECOND: Final = 5.0
"""New names in one room by way of this replica. Each is a script in Redis, and is looked through by
everybody who is in the room, at all replicas."""


class Guard:
    """Of one room. For the event loop's thread alone."""

    __slots__ = (
        "_crowd",
        "_hot_seconds",
        "_on_change",
        "_renames",
        "_slow_when_hot",
        "_told",
        "_typing",
        "hot_until",
        "is_plain",
        "law",
        "owner",
        "room",
    )

    def __init__(
        self,
        room: UUID,
        owner: UUID | None,
        slow_when_hot: int,
        on_change: Callable[[Guard], None],
        crowd: Sized = (),
    ) -> None:
        """`slow_when_hot`: least seconds between two messages of one person while too much is said.

        `crowd`: all who are in the room, at whichever replica.
        """
        self.room = room
        self.owner = owner
        self.law = Law()
        self._slow_when_hot = slow_when_hot
        self._crowd = crowd
        self._hot_seconds = slow_when_hot
        self._told = events.NO_RULES
        """What the people in the room know of it."""
        self.hot_until = 0.0
        """Until then slow mode is on that began by itself; monotonic, s."""
        self.is_plain = True
        """Do the rules mean nothing for who is under no sanction?"""
        self._on_change = on_change
        self._typing = TokenBucket(TYPING_BURST, TYPING_PER_SECOND, 0.0)
        self._renames = TokenBucket(RENAME_BURST, RENAMES_PER_SECOND, 0.0)

    def take(self, law: Law) -> None:
        """Other rules apply from now on."""
        changed = (law.room is not self.law.room) or (law.everywhere is not self.law.everywhere)
        self.law = law
        self.is_plain = not any(
            rules.slow_seconds or rules.words for rules in (law.room, law.everywhere)
        )
        if changed:
            self._on_change(self)

    def heat(self, now: float) -> None:
        """More was said than the room may: slow mode begins, or goes on. `now`: monotonic, s."""
        if not self._slow_when_hot:
            return
        begins = now >= self.hot_until
        self.hot_until = now + ADAPTIVE_SECONDS
        if begins:
            fair = min(MOST_HOT_SECONDS, int(len(self._crowd) / HOT_MESSAGES_PER_SECOND))
            self._hot_seconds = max(self._slow_when_hot, fair)
            self._on_change(self)

    def may_show_typing(self, now: float) -> bool:
        """Counts one notice of typing, if there is a place for it. `now`: monotonic, s."""
        return self._typing.take(now) <= 0

    def wait_to_rename(self, now: float) -> float:
        """Counts one new name, if there is a place for it: 0.0. `now`: monotonic, s."""
        return self._renames.take(now)

    def cools_in(self, now: float) -> float:
        """Seconds until slow mode ends that began by itself; 0.0: it is not on."""
        return max(0.0, self.hot_until - now)

    def slow_seconds(self, now: float) -> int:
        """Seconds between two messages of one person; 0: none."""
        slow = max(self.law.room.slow_seconds, self.law.everywhere.slow_seconds)
        return max(slow, self._hot_seconds) if now < self.hot_until else slow

    def is_locked(self) -> bool:
        """Is nobody new to come in?"""
        return self.law.room.locked or self.law.everywhere.locked

    def shown(self, now: float) -> RulesInfo:
        """What the people in the room may know."""
        return RulesInfo(
            locked=self.is_locked(),
            slow_seconds=self.slow_seconds(now),
            notice=self.law.room.notice or self.law.everywhere.notice,
        )

    def news(self, micros: int, now: float) -> bytes | None:
        """The frame that tells them, if it is new to them."""
        shown = self.shown(now)
        if shown == self._told:
            return None
        self._told = shown
        event = RoomRulesEvent(rules=shown, timestamp=format_micros(micros))
        return wire.event_frame(event)


class Guards:
    """Of all rooms that are open here. For the event loop's thread alone."""

    def __init__(
        self,
        reader: RulesReader,
        addresses: Addresses,
        clock: Clock,
        tasks: BackgroundTasks,
        keys: Keys,
        slow_when_hot: int,
    ) -> None:
        """`on_change` is set by the hub, which alone knows who is in a room."""
        self.on_change: Callable[[Guard], None] = lambda _: None
        self._slow_when_hot = slow_when_hot
        self._reader = reader
        self._addresses = addresses
        self._clock = clock
        self._tasks = tasks
        self._keys = keys
        self._everywhere: RoomRules | None = None
        """None until they were read once."""
        self._guards: dict[UUID, Guard] = {}
        self._reading: set[UUID] = set()
        self._again: set[UUID] = set()

    def __len__(self) -> int:
        return len(self._guards)

    def __contains__(self, room: UUID) -> bool:
        return room in self._guards

    def __getitem__(self, room: UUID) -> Guard:
        return self._guards[room]

    async def open(self, room: UUID, owner: UUID | None, crowd: Sized) -> None:
        """Posts a guard; what staff have decided is known when this returns."""
        guard = Guard(room, owner, self._slow_when_hot, self._changed, crowd)
        self._guards[room] = guard  # from now on it hears of changes
        self._take(room, self._reader.last(room))  # holds on where nothing can be read
        unknown = [EVERYWHERE] if self._everywhere is None else []
        _tell(await self._renew_all([*unknown, room]))
        guard.news(0, self._clock.monotonic())  # who comes in is told by the welcome

    def close(self, room: UUID) -> None:
        """Nobody is in the room any more."""
        self._guards.pop(room, None)

    def changed(self, room: UUID) -> None:
        """Redis says that the rules are others now. Calls while they are read are folded."""
        if room in self._reading:
            self._again.add(room)
            return
        self._reading.add(room)
        self._tasks.start(self._renew_changed(room), f"rules {room}")

    async def check(self) -> None:
        """Reads all rules again, should a change have been missed, or could they not be read."""
        rooms = [EVERYWHERE, *self._guards]
        failed: dict[UUID, BaseException] = {}
        away: dict[int, BaseException] = {}
        """Partitions whose server did not answer: each further chunk would wait for it again."""
        for at in range(0, len(rooms), CHECK_CHUNK):
            asked: list[UUID] = []
            for room in rooms[at : at + CHECK_CHUNK]:
                if (error := away.get(self._keys.partition_of(room))) is not None:
                    failed[room] = error
                elif room not in self._reading:
                    asked.append(room)
            found = await self._renew_all(asked)
            failed |= found
            for room, error in found.items():
                if isinstance(error, Unavailable) and error.part == "redis":
                    away[self._keys.partition_of(room)] = error
        _tell(failed)

    async def _renew_changed(self, room: UUID) -> None:
        _tell(await self._renew_all([room]))

    async def _renew_all(self, rooms: Sequence[UUID]) -> dict[UUID, BaseException]:
        """Takes over what can be read; returns why the rest could not, and stays as it is."""
        self._reading.update(rooms)
        told = await asyncio.gather(*map(self._renew, rooms), return_exceptions=True)
        return {room: error for room, error in zip(rooms, told, strict=True) if error is not None}

    async def _renew(self, room: UUID) -> None:
        try:
            while True:
                self._again.discard(room)
                rules = await self._reader.read(room, self._known(room))
                await self._addresses.learn(rules.sanctions.by_address)
                self._take(room, rules)
                if room not in self._again:
                    return
        finally:
            self._reading.discard(room)
            self._again.discard(room)

    def _known(self, room: UUID) -> RoomRules | None:
        """What applies already: the same again is no change, and nobody is judged anew for it."""
        if room == EVERYWHERE:
            return self._everywhere
        guard = self._guards.get(room)
        return None if guard is None or guard.law.room is NO_RULES else guard.law.room

    def _take(self, room: UUID, rules: RoomRules) -> None:
        if room == EVERYWHERE:
            if rules is self._everywhere:
                return
            self._everywhere = rules
            for guard in list(self._guards.values()):
                guard.take(Law(guard.law.room, rules))
        elif room in self._guards:
            self._guards[room].take(Law(rules, self._everywhere or NO_RULES))

    def _changed(self, guard: Guard) -> None:
        if self._guards.get(guard.room) is guard:
            self.on_change(guard)


def _tell(failed: Mapping[UUID, BaseException]) -> None:
    """Logs whose rules could not be read, in one line: in an outage they are those of all rooms.

    Raises:
        BaseException: one that is no outage.
    """
    outages = [error for error in failed.values() if isinstance(error, Unavailable)]
    if outages:
        log.warning("rules_not_known", rooms=len(outages), error=repr(outages[0]))
    for error in failed.values():
        if not isinstance(error, Unavailable):
            raise error
