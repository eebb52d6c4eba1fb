"""Who is here, in Redis.

A connection lives until it leaves or is not renewed; a person lives while any of their connections
does, and two seconds longer, so that a reload is not seen.

Guarantees: capacity is exact (count and add are one script); a person who is present already is
never refused; no two who are present are called by names that look alike (the second gets a number
behind it); each change of a roster is published once, numbered without gaps within an epoch.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import orjson
from typing_extensions import override

from shared.domain.confusables import confusable_skeleton
from shared.domain.worn_names import stem
from shared.protocol.envelopes import Person, decode_person, encode_person, encode_session_end
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.pipelines import run_all
from shared.redis_schema.scripts import Command, Scripts
from shared.rooms.live_rooms import LiveRoom, parse_live_room
from shared.runtime.redis_client import is_outage, redis_outage_as_unavailable, unavailable_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from shared.domain.entities import User

CONNECTION_TTL_MS: Final = 12_000
"""A connection that its replica has not renewed for so long is gone: ghosts live ≤ 15 s with the
reaper's tick."""

RENEWAL_SECONDS: Final = 4.0
LEAVE_GRACE_MS: Final = 2_000
DRAIN_GRACE_MS: Final = 10_000
"""Longer on a restart, since everybody of a replica reconnects at once, with jitter."""

REFRESH_CHUNK: Final = 1000
SCAN_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class Member:
    """One connection of one person in one room."""

    room: UUID
    user: UUID
    connection: UUID

    @override
    def __str__(self) -> str:
        return f"{self.room}|{self.user}|{self.connection}"


@dataclass(frozen=True, slots=True)
class Called:
    """A person as a room calls them since change `rv` of its roster, or longer."""

    person: Person
    epoch: str
    rv: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Let in.

    `how`: joined (announced), back (within the grace), tab (another connection is open), again
    (this connection was in already).
    """

    room: LiveRoom
    online: int
    how: Literal["joined", "back", "tab", "again"]
    called: Called


@dataclass(frozen=True, slots=True)
class Refused:
    """Not let in: the room is full, closed, or not in Redis."""

    reason: Literal["full", "closed", "no_room"]


@dataclass(frozen=True, slots=True)
class Present:
    """A person in a roster and since when, µs."""

    person: Person
    joined_micros: int


@dataclass(frozen=True, slots=True)
class RosterSnapshot:
    """A whole roster at change `rv` of `epoch`, the longest present first."""

    epoch: str
    rv: int
    people: tuple[Present, ...]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of connections that were to be kept alive."""

    missing: list[Member]
    """Those that Redis does not have,"""
    failed: Exception | None
    """and why others could not be renewed, where a node of a Cluster was away."""


def person_of(user: User) -> Person:
    """A user as others see them."""
    return Person(str(user.id), user.username, user.color)


def _wanted(user: User, number: int = 1) -> tuple[int | bytes | str, ...]:
    """What names.lua is told of a name that somebody wants, and of a number to try first."""
    wanted = (number, encode_person(person_of(user)), confusable_skeleton(user.username))
    short = stem(user.username)
    if short == user.username:
        return (*wanted, "", "")
    short_person = Person(str(user.id), short, user.color)
    return (*wanted, encode_person(short_person), confusable_skeleton(short))


class Presence:
    """Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis = redis
        self._scripts = scripts
        self._keys = scripts.keys
        self._batcher = CallBatcher(redis)

    @property
    def waiting_calls(self) -> int:
        """Calls to Redis that are not answered yet."""
        return len(self._batcher)

    async def join(
        self,
        member: Member,
        user: User,
        *,
        number: int = 1,
        force: bool = False,
        keep: bool = False,
    ) -> Joined | Refused:
        """Lets a connection in; `force` when it was in before and only Redis forgot it.

        `number` is what then stood behind the name, and is tried first; 1: nothing. With `keep`,
        who is in already by another connection is called as before, and not as `user` says.
        """
        call = self._scripts.join(
            member.room,
            member.user,
            member.connection,
            wanted=_wanted(user, number),
            snapshot=orjson.dumps(user.snapshot(member.room)),
            ttl_ms=CONNECTION_TTL_MS,
            force=force,
            keep=keep,
        )
        answer = await self._batcher.submit(call)
        outcome = answer[0].decode()
        if outcome != "ok":
            return Refused(outcome)
        fields = dict(zip(answer[4::2], answer[5::2], strict=True))
        room = parse_live_room(member.room, fields)
        called = Called(decode_person(answer[3]), room.epoch, room.rv)
        return Joined(room, int(answer[1]), answer[2].decode(), called)

    async def leave(self, member: Member, user: User, *, grace_ms: int = LEAVE_GRACE_MS) -> int:
        """Withdraws a connection; `reap` announces the leave after the grace.

        Returns how many connections the user still has in the room; -1 if this one was not there.
        """
        call = self._scripts.leave(
            member.room,
            member.user,
            member.connection,
            snapshot=orjson.dumps(user.snapshot(None)),
            grace_ms=grace_ms,
        )
        return int(await self._batcher.submit(call))

    async def rename(self, room: UUID, user: User, *, keep: bool = False) -> Called | None:
        """Tells a room a present person's new name or colour.

        With `keep`, a number that is behind the name already stays. None if they are not there.
        """
        call = self._scripts.rename(
            room,
            user.id,
            wanted=_wanted(user),
            snapshot=orjson.dumps(user.snapshot(room)),
            keep=keep,
        )
        with redis_outage_as_unavailable():
            answer = await call.run(self._redis)
        if answer is None or None in answer:
            return None
        return Called(decode_person(answer[0]), answer[2].decode(), int(answer[1]))

    async def renew(self, members: Sequence[Member]) -> Renewal:
        """Keeps connections alive, in one round trip."""
        if not members:
            return Renewal([], None)
        by_partition: dict[int, list[str]] = {}
        by_name = {str(member): member for member in members}
        for name, member in by_name.items():
            by_partition.setdefault(self._keys.partition_of(member.room), []).append(name)
        calls = [
            self._scripts.refresh(partition, names[at : at + REFRESH_CHUNK], CONNECTION_TTL_MS)
            for partition, names in by_partition.items()
            for at in range(0, len(names), REFRESH_CHUNK)
        ]
        with redis_outage_as_unavailable():
            answers = await run_all(self._redis, calls)
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        told = [answer for answer in answers if not isinstance(answer, Exception)]
        missing = [by_name[name.decode()] for names in told for name in names]
        return Renewal(missing, _gravest(failed))

    async def reap(self, partition: int) -> int:
        """Removes what expired in one partition and announces it; returns how much."""
        with redis_outage_as_unavailable():
            return await self._scripts.reap_presence(partition)

    async def mark_seen(self, users: Sequence[UUID], until_ms: int) -> None:
        """Users count as online until `until_ms`; afterwards it is when they were last seen."""
        by_key: dict[str, list[str | bytes | int]] = {}
        for user in users:
            by_key.setdefault(self._keys.seen(user), []).extend((until_ms, str(user)))
        sent = [
            self._batcher.submit(Command.of("ZADD", key, *scores)) for key, scores in by_key.items()
        ]
        await asyncio.gather(*sent)

    async def last_seen(self, users: Sequence[UUID]) -> dict[UUID, int]:
        """Times last seen, ms; in the future while online. Those not seen for a day are missing."""
        by_key: dict[str, list[UUID]] = {}
        for user in users:
            by_key.setdefault(self._keys.seen(user), []).append(user)
        pipeline = self._redis.pipeline(transaction=False)
        for key, together in by_key.items():
            pipeline.zmscore(key, [str(user) for user in together])
        with redis_outage_as_unavailable():
            answers = await pipeline.execute()
        return {
            user: int(score)
            for together, scores in zip(by_key.values(), answers, strict=True)
            for user, score in zip(together, scores, strict=True)
            if score is not None
        }

    async def forget_seen(self, partition: int, before_ms: int) -> None:
        """Drops users of one partition who were last seen before `before_ms`."""
        with redis_outage_as_unavailable():
            await self._redis.zremrangebyscore(self._keys.seen_of(partition), "-inf", before_ms)

    async def end_session(self, user: UUID) -> int:
        """Has every connection of a user closed; returns in how many rooms there were any.

        Looks through all connections: for what is done seldom.
        """
        rooms: set[UUID] = set()
        with redis_outage_as_unavailable():
            for partition in range(self._keys.partitions):
                found = self._redis.zscan_iter(
                    self._keys.conns(partition), match=f"*|{user}|*", count=SCAN_CHUNK
                )
                rooms |= {UUID(name.decode().partition("|")[0]) async for name, _ in found}
        ending = encode_session_end(user)
        told = [Command.of("SPUBLISH", self._keys.channel(room), ending) for room in rooms]
        await asyncio.gather(*(self._batcher.submit(command) for command in told))
        return len(rooms)

    async def forget_user(self, user: UUID) -> None:
        """Drops when a user was last seen."""
        await self._batcher.submit(Command.of("ZREM", self._keys.seen(user), str(user)))

    async def snapshot(self, room: UUID) -> RosterSnapshot:
        """The whole roster, at one moment."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hmget(self._keys.meta(room), ["epoch", "rv"])
        pipeline.zrange(self._keys.roster(room), 0, -1, withscores=True)
        pipeline.hgetall(self._keys.users(room))
        with redis_outage_as_unavailable():
            (epoch, rv), order, people = await pipeline.execute()
        return RosterSnapshot(
            (epoch or b"-").decode(),
            int(rv or 0),
            tuple(
                Present(decode_person(people[user]), int(joined))
                for user, joined in order
                if user in people
            ),
        )

    async def is_in(self, room: UUID, user: UUID) -> bool:
        """Is `user` in the room, or gone for so short a while that nobody was told?"""
        call = Command.of("HEXISTS", self._keys.users(room), str(user))
        return bool(await self._batcher.submit(call))

    async def page(self, room: UUID, offset: int, limit: int) -> tuple[list[Present], int]:
        """A part of the roster, the longest present first, and how many there are in all."""
        with redis_outage_as_unavailable():
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.zcard(self._keys.roster(room))
            pipeline.zrange(self._keys.roster(room), offset, offset + limit - 1, withscores=True)
            total, order = await pipeline.execute()
            if not order:
                return [], int(total)
            people: Any = await self._redis.hmget(
                self._keys.users(room), [user for user, _ in order]
            )
        present = [
            Present(decode_person(person), int(joined))
            for (_, joined), person in zip(order, people, strict=True)
            if person is not None
        ]
        return present, int(total)


def _gravest(errors: Sequence[Exception]) -> Exception | None:
    """What is to be raised of several: an outage must not hide a bug."""
    bugs = [error for error in errors if not is_outage(error)]
    if bugs or not errors:
        return bugs[0] if bugs else None
    return unavailable_for(errors[0])
