"""The sequenced log of each room in Redis: accepts messages, changes them, reads the newest back.

Guarantees: a message that `publish` returned has its place (`seq`, gapless per room and epoch), is
in hot history, in the queue to PostgreSQL, and was published to every replica; or none of this.
The same `client_id` of the same user gives the first answer again. What PostgreSQL does not have
yet is never trimmed: history = PostgreSQL ∪ this log, without holes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from shared.message_log.message_publisher import MessagePublisher
from shared.message_log.outcomes import Published, RoomNotLoaded, refusal
from shared.message_log.seen_places import SeenPlaces
from shared.protocol.codec import MessageBody, Revision, StoredMessage, encode_body
from shared.protocol.errors import Unavailable
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.publish_call import PublishLimits
from shared.redis_schema.scripts import SAVED_REVISIONS_KEPT, Scripts
from shared.runtime.clock import IdMaker
from shared.runtime.futures import settle
from shared.runtime.redis_client import is_outage, redis_outage_as_unavailable, unavailable_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from shared.message_log.message_publisher import Tell
    from shared.runtime.message_spans import MessageSpans

HOT_LIMIT: Final = 300
"""Entries of hot history per room; more only while PostgreSQL lags."""

MOST_BACKLOG: Final = 1_000_000
"""Entries in one partition's queue to PostgreSQL; beyond it messages are refused, not dropped."""

CLOCK_SKEW_MS: Final = 60_000

NEAR_MS: Final = 100
"""How long before its message's id was made an entry may stand, if two clocks are about right."""

LOOKED_AT_ONCE: Final = 500
"""Entries of one queue that are read together where one is looked for."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest place of a room in Redis."""

    epoch: str
    seq: int
    rv: int
    """Changes of the roster."""
    ev: int
    """Changes of messages (edits and deletions)."""
    micros: int
    """Time of the newest message, µs; 0 before the first of an epoch."""
    closed: bool


@dataclass(frozen=True, slots=True)
class HotPage:
    """A part of hot history and the room's place at the same moment."""

    epoch: str
    seq: int
    total: int
    revised: bool
    """Are there revisions that PostgreSQL may not have?"""
    changed_micros: int
    """Time of the newest change in the epoch, µs; 0: none, or from before such times were kept."""
    messages: tuple[StoredMessage, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Changed messages; `whole` says whether these are all of the time asked for.

    Revisions that expired since then, or made room for newer ones, are known no more.
    """

    messages: tuple[StoredMessage, ...]
    whole: bool
    ev: int
    """Changes in the room's epoch at the same moment, as in Head."""


class MessageLog:
    """Every method raises Unavailable while Redis is away or the queue is full."""

    def __init__(
        self,
        redis: Redis,
        scripts: Scripts,
        *,
        hot_limit: int = HOT_LIMIT,
        most_backlog: int = MOST_BACKLOG,
        wait_replicas: int = 0,
        spans: MessageSpans | None = None,
    ) -> None:
        """`wait_replicas` must have a message before it is acknowledged; 0 waits for none."""
        self._redis = redis
        self._scripts = scripts
        self._keys = scripts.keys
        self._batcher = CallBatcher(redis, replicas=wait_replicas)
        self._most_backlog = most_backlog
        self._seen = SeenPlaces()
        limits = PublishLimits(hot_limit, most_backlog)
        self.publisher = MessagePublisher(scripts.keys, self._batcher, self._seen, limits, spans)

    def saw(self, room: UUID, epoch: str, seq: int, micros: int = 0) -> None:
        """Message `seq` of `epoch`, sent at `micros` (0: not known), was seen.

        Should the server come to stand behind it, by a failover or a power cut, then the next
        message begins a new epoch above it, instead of taking the number of one that was shown.
        """
        self._seen.saw(room, epoch, seq, micros)

    async def fence(self, room: UUID, rv: int, ev: int) -> bool:
        """Moves a room on that has lost some of what was seen of it; True if it did.

        `rv` and `ev` are the newest changes of roster and messages that were seen.
        """
        seen = self._seen.get(room)
        if seen is None:
            return False
        call = self._scripts.fence(
            room, seen.place, seen.micros, rv=rv, ev=ev, new_epoch=IdMaker.epoch()
        )
        return bool(await self._batcher.submit(call))

    @property
    def waiting_calls(self) -> int:
        """Messages that are not answered yet."""
        return len(self.publisher)

    async def publish(self, body: MessageBody) -> Published:
        """Accepts a message.

        Raises:
            RoomNotLoaded: see there.
            ChatError: `room_not_found` (closed) or `client_id_conflict`.
        """
        place: asyncio.Future[Published] = asyncio.get_running_loop().create_future()
        self.submit(UUID(body.room_id), body, partial(settle, place))
        return await place

    def submit(self, room: UUID, body: MessageBody, tell: Tell) -> None:
        """As `publish`, for who does not wait; messages of one room keep the order of calls.

        `room` is that of `body`, which would have to be read again. `tell` is told what `publish`
        returns or raises.

        Raises:
            Unavailable: `overloaded`; then nothing more is told.
        """
        self.publisher.submit(room, body, tell)

    async def revise(
        self, room: UUID, message: StoredMessage, body: MessageBody, *, delete: bool
    ) -> StoredMessage:
        """Changes or deletes `message` as the caller read it; returns it as it is now.

        Raises:
            RoomNotLoaded: see there.
            ChatError: `message_not_found` (deleted meanwhile), `conflict` (changed meanwhile) or
                `room_not_found`.
        """
        encoded = encode_body(body)
        call = self._scripts.revise(
            room,
            seq=message.seq,
            micros=message.micros,
            body=encoded,
            delete=delete,
            revision=message.revision,
            most_backlog=self._most_backlog,
        )
        with redis_outage_as_unavailable():
            answer = await call.run(self._redis)
        if (refused := refusal(answer[0])) is not None:
            raise refused
        return message.revised_by(Revision(int(answer[1]), int(answer[2]), delete, encoded))

    async def before(self, room: UUID, seq: int | None, limit: int) -> HotPage:
        """Newest first, older than `seq` (None: from the newest)."""
        return await self._read(room, "before", seq, limit)

    async def after(self, room: UUID, seq: int, limit: int) -> HotPage:
        """Oldest first, newer than `seq`. The first may be far newer: older ones were trimmed."""
        return await self._read(room, "after", seq, limit)

    async def head(self, room: UUID) -> Head | None:
        """The place of a room; None when Redis does not know it."""
        [head] = await self.heads([room])
        if isinstance(head, Unavailable):
            raise head
        return head

    async def heads(self, rooms: Sequence[UUID]) -> list[Head | Unavailable | None]:
        """The place of each room; None when Redis does not know it.

        Or why it cannot be told: one node of a Cluster that is away says nothing of the others.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for room in rooms:
            pipeline.hmget(self._keys.meta(room), ["epoch", "seq", "rv", "ev", "at", "closed"])
        with redis_outage_as_unavailable():
            answers = await pipeline.execute(raise_on_error=False)
        return [_head(answer) for answer in answers]

    async def revisions(self, room: UUID, seqs: Sequence[int]) -> dict[int, Revision]:
        """Revisions that may be newer than PostgreSQL's rows, by seq."""
        if not seqs:
            return {}
        with redis_outage_as_unavailable():
            raws: Any = await self._redis.hmget(self._keys.edits(room), [str(seq) for seq in seqs])
        return {
            seq: parse_revision(raw) for seq, raw in zip(seqs, raws, strict=True) if raw is not None
        }

    async def changes(self, room: UUID, since_micros: int, most: int) -> Changes:
        """Messages changed or deleted after a time, as they are now; the oldest change first.

        At most the `most` newest of them.
        """
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hgetall(self._keys.edits(room))
        pipeline.zrange(self._keys.edited(room), 0, 0, withscores=True)
        pipeline.zcard(self._keys.edited(room))
        pipeline.hmget(self._keys.meta(room), ["ev", "changed", "forgotten"])
        with redis_outage_as_unavailable():
            raws, oldest, kept, (ev, changed, forgotten) = await pipeline.execute()
        found = [(int(seq), parse_revision(raw)) for seq, raw in raws.items()]
        newer = sorted(
            (pair for pair in found if pair[1].micros > since_micros),
            key=lambda pair: pair[1].micros,
        )
        cut = int(kept) >= SAVED_REVISIONS_KEPT and int(oldest[0][1]) > since_micros
        expired = int((forgotten if raws else changed) or 0) > since_micros
        return Changes(
            tuple(
                StoredMessage(seq, 0, revision.body).revised_by(revision)
                for seq, revision in newer[-most:]
            ),
            whole=not cut and not expired and len(newer) <= most,
            ev=int(ev or 0),
        )

    async def find_unsaved(self, message_id: UUID, made_ms: int) -> tuple[UUID, int] | None:
        """Room and seq of a message that PostgreSQL does not have yet, by its id.

        Ids carry their time, and the queue is ordered by time: only entries around it are read,
        in parts, and first those behind it, where it stands if clocks are right.
        """
        # With its name: other messages may mention the id, such as those that reply to it.
        needle = f'"message_id":"{message_id}"'.encode()
        likely = max(made_ms - NEAR_MS, 0)
        for begin, end in (
            (likely, made_ms + CLOCK_SKEW_MS),
            (max(made_ms - CLOCK_SKEW_MS, 0), likely - 1),
        ):
            places = dict.fromkeys(range(self._keys.partitions), str(begin))
            while places and end >= 0:
                for partition, entries in (await self._queued(places, end)).items():
                    for _, fields in entries:
                        if fields.get(b"k") == b"m" and needle in fields[b"b"]:
                            return UUID(fields[b"r"].decode()), int(fields[b"s"])
                    if len(entries) < LOOKED_AT_ONCE:
                        del places[partition]
                    else:
                        places[partition] = f"({entries[-1][0].decode()}"
        return None

    async def _queued(self, places: Mapping[int, str], end: int) -> dict[int, Any]:
        """Entries of some partitions' queues, from a place in each up to a time, ms."""
        pipeline: Any = self._redis.pipeline(transaction=False)
        for partition, place in places.items():
            pipeline.xrange(self._keys.ingest(partition), place, str(end), count=LOOKED_AT_ONCE)
        with redis_outage_as_unavailable():
            return dict(zip(places, await pipeline.execute(), strict=True))

    async def backlog(self) -> int:
        """Entries that PostgreSQL does not have yet, over all partitions."""
        pipeline = self._redis.pipeline(transaction=False)
        for partition in range(self._keys.partitions):
            pipeline.xlen(self._keys.ingest(partition))
        with redis_outage_as_unavailable():
            return sum(await pipeline.execute())

    async def drain(self) -> None:
        """Waits until every message handed over was answered."""
        await self._batcher.drain()

    async def _read(
        self, room: UUID, mode: Literal["before", "after"], seq: int | None, limit: int
    ) -> HotPage:
        with redis_outage_as_unavailable():
            answer = await self._scripts.read_log(room, mode, seq, limit).run(self._redis)
        if not answer:
            raise RoomNotLoaded(room)
        epoch, top, total, revised, changed, *entries = answer
        self.saw(room, epoch.decode(), int(top))
        return HotPage(
            epoch.decode(),
            int(top),
            int(total),
            int(revised) > 0,
            int(changed),
            tuple(
                StoredMessage(int(n), int(micros), body).revised_by(
                    parse_revision(edit) if edit else None
                )
                for n, micros, body, edit in entries
            ),
        )


def _head(answer: Any) -> Head | Unavailable | None:
    if isinstance(answer, Exception):
        if not is_outage(answer):
            raise answer
        return unavailable_for(answer)
    epoch, seq, rv, ev, at, closed = answer
    if epoch is None:
        return None
    return Head(epoch.decode(), int(seq), int(rv), int(ev or 0), int(at or 0), closed is not None)


def parse_revision(raw: bytes) -> Revision:
    """Reads a value of the hash of revisions."""
    header, _, body = raw.partition(b"\n")
    number, micros, deleted = header.split(b" ")
    return Revision(int(number), int(micros), deleted == b"1", body)
