"""Messages of one room that go to Redis in one script call.

What is said in a room while a pipeline is on its way goes with the next, as one call: the room's
meta is read once, and listeners get one payload. A call is open until it is put into a pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from shared.redis_schema.scripts import EPOCH_GAP, ROOM_KEEP_SECONDS, Call, script

if TYPE_CHECKING:
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.domain.position import Position
    from shared.redis_schema.keys import Keys
    from shared.runtime.redis_wire import Words

DEDUP_SECONDS: Final = 600
REPEAT_SECONDS: Final = 10
"""How long a message without a client_id is known again: only this client library repeats it."""

MOST_MESSAGES: Final = 128
MOST_BYTES: Final = 256 * 1024
"""Of bodies in one call; a server does nothing else while it runs a script."""


@dataclass(frozen=True, slots=True)
class PublishKeys:
    """Keys of one room, made once: a busy room needs them thousands of times a second."""

    room: str
    meta: str
    log: str
    unsaved: str
    ingest: str
    channel: str
    dedup_root: str

    @classmethod
    def of(cls, keys: Keys, room: UUID) -> PublishKeys:
        """The keys of `room`."""
        return cls(
            str(room),
            keys.meta(room),
            keys.log(room),
            keys.unsaved(room),
            keys.ingest(keys.partition_of(room)),
            keys.channel(room),
            keys.dedup_root(room),
        )


@dataclass(frozen=True, slots=True)
class PublishLimits:
    """What the log may hold."""

    hot: int
    """Entries of hot history."""
    backlog: int
    """Entries in the queue to PostgreSQL."""


class PublishCall:
    """One call, being filled."""

    __slots__ = ("_args", "_bytes", "_dedup", "_keys", "is_open")

    name: ClassVar[str] = "publish"

    def __init__(
        self, keys: PublishKeys, limits: PublishLimits, seen: Position | None, new_epoch: str
    ) -> None:
        """A room that stands behind `seen` has lost messages: it goes on in `new_epoch`."""
        self._keys = keys
        self._dedup: list[str] = []
        self._args: list[str | bytes | int] = [
            keys.room,
            keys.channel,
            limits.hot,
            limits.backlog,
            ROOM_KEEP_SECONDS,
            "" if seen is None else seen.epoch,
            0 if seen is None else seen.seq,
            new_epoch,
            EPOCH_GAP,
        ]
        self._bytes = 0
        self.is_open = True
        """May more be added?"""

    def add(
        self, user: str, *, message_id: str, body: bytes, client_id: str | None, digest: str
    ) -> None:
        """One message more. `digest` is that of its content, '-' without a client_id.

        Also without one a repeated call, after a link broke before the answer, sends nothing twice.
        """
        self._dedup.append(f"{self._keys.dedup_root}{user}:{client_id or message_id}")
        self._args += (message_id, body, digest, DEDUP_SECONDS if client_id else REPEAT_SECONDS)
        self._bytes += len(body)
        if len(self._dedup) >= MOST_MESSAGES or self._bytes >= MOST_BYTES:
            self.is_open = False

    @property
    def key(self) -> str:
        """See Queued."""
        return self._keys.meta

    def words(self) -> Words:
        """See Queued."""
        self.is_open = False
        names = self._names()
        return ("EVALSHA", script("publish").sha, len(names), *names, *self._args)

    async def run(self, redis: Redis) -> Any:
        """See Queued."""
        return await Call(script("publish"), self._names(), self._args).run(redis)

    def _names(self) -> list[str]:
        keys = self._keys
        return [keys.meta, keys.log, keys.unsaved, keys.ingest, *self._dedup]
