"""One typed wrapper for each Lua script; the only module that runs them.

Scripts are sent by their SHA-1 and loaded when the server does not know them (after a restart
without persistence, a failover, or FLUSHALL SYNC).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from redis.exceptions import NoScriptError

from shared.redis_schema.call_times import times_of
from shared.redis_schema.keys import CONSUMER_GROUP, Keys
from shared.runtime.redis_wire import Words

if TYPE_CHECKING:
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.domain.position import Position

ROOM_KEEP_SECONDS: Final = 30 * 24 * 3600
"""A room's meta outlives its hot history by far, so that sequence numbers are not reused."""

HOT_KEEP_SECONDS: Final = 3600
EDITS_KEEP_SECONDS: Final = 24 * 3600
SAVED_REVISIONS_KEPT: Final = 300
"""Of revisions that PostgreSQL has, for those who come back; those it has not are all kept."""

EPOCH_GAP: Final = 1000
"""A new epoch leaves so many numbers free above the newest that is known.

Batches that a worker had in hand when Redis lost the room still land on numbers of their own.
"""

Wanted = Sequence[int | bytes | str]
"""A name as names.lua takes it."""

_INCLUDE = re.compile(r"^-- include (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """Source and SHA-1 of one script, its includes put in."""

    source: str
    sha: str
    name: str = "unnamed"


@cache
def script(name: str) -> Script:
    """The script `lua/<name>.lua`."""
    folder = resources.files("shared.redis_schema") / "lua"
    text = (folder / f"{name}.lua").read_text(encoding="utf-8")
    text = _INCLUDE.sub(lambda found: (folder / found[1]).read_text(encoding="utf-8"), text)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), name)


@dataclass(frozen=True, slots=True)
class Call:
    """One prepared script call; may travel alone or in a pipeline with others."""

    script: Script
    keys: Sequence[str]
    args: Sequence[str | bytes | int]

    @property
    def name(self) -> str:
        """See Queued."""
        return self.script.name

    @property
    def key(self) -> str:
        """One of its keys, which share a slot."""
        return self.keys[0]

    def words(self) -> Words:
        """See Queued."""
        return ("EVALSHA", self.script.sha, len(self.keys), *self.keys, *self.args)

    async def run(self, redis: Redis) -> Any:
        """Runs the call; loads the script first where the server does not know it."""
        began = time.monotonic()
        answer = await self._run(redis)
        times_of(redis).took(self.name, time.monotonic() - began)
        return answer

    async def _run(self, redis: Redis) -> Any:
        try:
            return await redis.evalsha(
                self.script.sha,
                len(self.keys),
                *self.keys,
                *self.args,
            )
        except NoScriptError:
            return await redis.eval(
                self.script.source,
                len(self.keys),
                *self.keys,
                *self.args,
            )


@dataclass(frozen=True, slots=True)
class Command:
    """One plain command; travels like a script call."""

    args: tuple[str | bytes | int, ...]
    name: ClassVar[str] = "command"

    @classmethod
    def of(cls, *args: str | bytes | int) -> Command:
        """`Command.of("SPUBLISH", channel, payload)`."""
        return cls(args)

    @property
    def key(self) -> str:
        """Its key, or its channel."""
        return str(self.args[1])

    def words(self) -> Words:
        """See Queued."""
        return self.args

    async def run(self, redis: Redis) -> Any:
        """Sends the command alone."""
        return await redis.execute_command(*self.args)  # type: ignore[no-untyped-call]


class Queued(Protocol):
    """What may travel in a pipeline with others."""

    @property
    def name(self) -> str:
        """Of the script, or `command`: for who counts."""

    @property
    def key(self) -> str:
        """One of its keys, which share a slot."""

    def words(self) -> Words:
        """The command with its arguments; what it consists of does not change any more."""

    async def run(self, redis: Redis) -> Any:
        """Travels alone, after `words` met a server without the script."""


class Scripts:
    """Prepares calls; holds the key builder and the limits that scripts are given."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self.keys = keys

    def room_load(
        self, room: UUID, *, epoch: str, seq: int, total: int, settings: Mapping[str, str | int]
    ) -> Call:
        """Puts a room into Redis unless it is there."""
        k = self.keys
        fields = [part for pair in settings.items() for part in pair]
        return Call(
            script("room_load"),
            [k.meta(room), k.log(room), k.edits(room), k.unsaved(room), k.edited(room)],
            [epoch, seq, total, ROOM_KEEP_SECONDS, *fields],
        )

    def fence(
        self, room: UUID, seen: Position, micros: int, *, rv: int, ev: int, new_epoch: str
    ) -> Call:
        """Holds a room against what was seen of it; `micros` of the message `seen`, 0: unknown."""
        return Call(
            script("fence"),
            [self.keys.meta(room), self.keys.log(room)],
            [seen.epoch, seen.seq, rv, ev, new_epoch, EPOCH_GAP, micros],
        )

    def revise(
        self,
        room: UUID,
        *,
        seq: int,
        micros: int,
        body: bytes,
        delete: bool,
        revision: int,
        most_backlog: int,
    ) -> Call:
        """Changes or deletes one message of which the caller saw `revision`."""
        k, ingest = self.keys, self.keys.ingest(self.keys.partition_of(room))
        return Call(
            script("revise"),
            [k.meta(room), k.edits(room), ingest, k.edited(room), k.log(room)],
            [
                str(room),
                k.channel(room),
                seq,
                micros,
                body,
                int(delete),
                revision,
                ROOM_KEEP_SECONDS,
                most_backlog,
            ],
        )

    def read_log(self, room: UUID, mode: str, seq: int | None, limit: int) -> Call:
        """Reads hot history; `mode` is `before` or `after`, `seq` exclusive."""
        k = self.keys
        return Call(
            script("read_log"),
            [k.meta(room), k.log(room), k.edits(room)],
            [mode, "" if seq is None else seq, limit],
        )

    async def mark_saved(
        self,
        partition: int,
        entry_ids: Sequence[bytes | str],
        saved: Mapping[UUID, Sequence[int]],
        revised: Mapping[UUID, Sequence[tuple[int, int]]] | None = None,
    ) -> None:
        """Takes committed entries off the queue of `partition`.

        `saved` has seqs by room; `revised` the seq and number of committed revisions by room.
        """
        k = self.keys
        keys = [k.ingest(partition)]
        args: list[str | bytes | int] = [
            CONSUMER_GROUP,
            HOT_KEEP_SECONDS,
            SAVED_REVISIONS_KEPT,
            EDITS_KEEP_SECONDS,
            len(entry_ids),
        ]
        args.extend(entry_ids)
        for room, seqs in saved.items():
            keys += [k.unsaved(room), k.log(room), k.edits(room), k.edited(room)]
            pairs = (revised or {}).get(room, ())
            args += [len(seqs), *seqs, len(pairs)]
            args.extend(number for pair in pairs for number in pair)
        await Call(script("mark_saved"), keys, args).run(self._redis)

    def join(  # noqa: PLR0913 - as much as the script wants to know
        self,
        room: UUID,
        user: UUID,
        connection: UUID,
        *,
        wanted: Wanted,
        snapshot: bytes,
        ttl_ms: int,
        force: bool,
        keep: bool,
    ) -> Call:
        """Lets one connection in; with `keep`, who is in already is called as before."""
        k = self.keys
        return Call(
            script("join"),
            self._presence_keys(room),
            [
                str(room),
                str(user),
                str(connection),
                snapshot,
                ttl_ms,
                k.channel(room),
                int(force),
                ROOM_KEEP_SECONDS,
                int(keep),
                *wanted,
            ],
        )

    def leave(
        self, room: UUID, user: UUID, connection: UUID, *, snapshot: bytes, grace_ms: int
    ) -> Call:
        """Withdraws one connection."""
        return Call(
            script("leave"),
            self._presence_keys(room),
            [str(room), str(user), str(connection), snapshot, grace_ms],
        )

    def rename(
        self, room: UUID, user: UUID, *, wanted: Wanted, snapshot: bytes, keep: bool
    ) -> Call:
        """Gives a present person another name or colour; with `keep`, a colour alone."""
        return Call(
            script("rename"),
            self._presence_keys(room),
            [str(user), snapshot, self.keys.channel(room), int(keep), *wanted],
        )

    def refresh(self, partition: int, members: Sequence[str], ttl_ms: int) -> Call:
        """Renews connections of one partition."""
        return Call(script("refresh"), [self.keys.conns(partition)], [ttl_ms, *members])

    async def reap_presence(self, partition: int, most: int = 500) -> int:
        """Removes what expired in `partition`; returns how many connections and people."""
        k = self.keys
        answer = await Call(
            script("reap"),
            [k.conns(partition), k.leaving(partition), k.online(partition), k.unlisted(partition)],
            [f"{k.prefix}{{p{partition}}}:", most],
        ).run(self._redis)
        return sum(int(n) for n in answer)

    async def forget_consumers(self, partition: int, idle_ms: int) -> int:
        """Removes names of workers that are gone and left nothing pending; returns how many."""
        ingest = self.keys.ingest(partition)
        call = Call(script("forget_consumers"), [ingest], [CONSUMER_GROUP, idle_ms])
        return int(await call.run(self._redis))

    def charge(self, buckets: Sequence[tuple[str, float, float, float, bool]]) -> Call:
        """Takes tokens out of buckets of one partition.

        Of each: key, cost, burst, tokens per second, and whether it is done already.
        """
        args: list[str | int] = []
        for _, cost, burst, per_second, owed in buckets:
            args += [repr(cost), repr(burst), repr(per_second), int(owed)]
        return Call(script("charge"), [key for key, *_ in buckets], args)

    def count_in(
        self, address: str, instance: str, count: int, *, ttl_ms: int, doubt_ms: int, most: int
    ) -> Call:
        """Tells how many connections `instance` has from an address, if all are not too many."""
        key = self.keys.open_connections(address)
        return Call(script("count_in"), [key], [instance, count, ttl_ms, most, doubt_ms])

    def room_update(self, room: UUID, what: str, fields: Mapping[str, str | int]) -> Call:
        """Changes (`updated`) or closes (`closed`) a room that is in Redis."""
        k = self.keys
        partition = k.partition_of(room)
        return Call(
            script("room_update"),
            [k.meta(room), k.roster(room), k.online(partition), k.unlisted(partition)],
            [
                str(room),
                k.channel(room),
                what,
                *(part for pair in fields.items() for part in pair),
            ],
        )

    def rules_put(self, room: UUID, version: int, rules: bytes, keep_seconds: int) -> Call:
        """Takes over the rules of a room unless newer ones are there."""
        k = self.keys
        return Call(
            script("rules_put"), [k.rules(room)], [version, rules, keep_seconds, k.channel(room)]
        )

    def _presence_keys(self, room: UUID) -> list[str]:
        k = self.keys
        partition = k.partition_of(room)
        return [
            k.meta(room),
            k.users(room),
            k.roster(room),
            k.tabs(room),
            k.conns(partition),
            k.leaving(partition),
            k.online(partition),
            k.unlisted(partition),
            k.ingest(partition),
            k.leavers(room),
            k.names(room),
        ]
