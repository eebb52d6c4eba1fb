"""Every key and channel name in Redis. No other module may build one.

A room belongs to one of P partitions (`crc16(room id) % P`); the partition's tag `{pN}` is in
every key of the room and in the partition's own keys, so that all of them share one hash slot: one
script may touch them all, on a single node and on a cluster alike. P must never change for a data
set: a room would lose its keys.
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

CONSUMER_GROUP: Final = "persist"
"""The one consumer group on every ingest stream."""


class KeyRow(NamedTuple):
    """One row of the table of keys in the documentation."""

    pattern: str
    type: str
    expires: str
    purpose: str


KEY_TABLE: Final[tuple[KeyRow, ...]] = (
    KeyRow("{pN}:room:<room>:meta", "hash", "30 days idle", "settings, epoch, seq, totals"),
    KeyRow("{pN}:room:<room>:log", "stream", "1 hour idle", "hot history; entry id is <seq>-0"),
    KeyRow("{pN}:room:<room>:edits", "hash", "1 day stored", "newest revision of changed messages"),
    KeyRow("{pN}:room:<room>:edited", "zset", "with edits", "which of them PostgreSQL has; by µs"),
    KeyRow("{pN}:room:<room>:unsaved", "zset", "never", "seqs that PostgreSQL does not have yet"),
    KeyRow(
        "{pN}:room:<room>:dedup:<user>:<client_id>",
        "string",
        "10 minutes",
        "first answer; by message id for 10 s without a client_id",
    ),
    KeyRow("{pN}:room:<room>:users", "hash", "never", "user id → name and colour, while present"),
    KeyRow("{pN}:room:<room>:roster", "zset", "never", "user id by time of joining"),
    KeyRow("{pN}:room:<room>:tabs", "hash", "never", "user id → number of open connections"),
    KeyRow("{pN}:room:<room>:leavers", "set", "never", "user ids in the grace after a leave"),
    KeyRow("{pN}:room:<room>:names", "hash", "never", "skeleton of a name → user id, and back"),
    KeyRow("{pN}:room:<room>:rules", "string", "7 days", "what staff decided; room 0: everywhere"),
    KeyRow("{pN}:room:<room>:origins:<day>", "hash", "2 days", "user id → name of its address"),
    KeyRow("{pN}:conns", "zset", "never", "room|user|connection by expiry (ms)"),
    KeyRow("{pN}:leaving", "zset", "never", "room|user by end of the leave grace (ms)"),
    KeyRow("{pN}:online", "zset", "never", "listed rooms by people online"),
    KeyRow("{pN}:online:unlisted", "zset", "never", "unlisted rooms by people online"),
    KeyRow("{pN}:ingest", "stream", "never", "what must reach PostgreSQL"),
    KeyRow("{pN}:dead", "stream", "never", "entries that PostgreSQL refused, with the reason"),
    KeyRow("{pN}:seen", "zset", "trimmed after 1 day", "user id by time last seen (ms)"),
    KeyRow("session:<hash>", "string", "1 day idle", "user of a session, by SHA-256 of its id"),
    KeyRow("{pN}:limit:<scope>:<subject>", "string", "when full", "a token bucket"),
    KeyRow("{pN}:login:<subject>", "string", "1 hour", "tries to log in as administrator"),
    KeyRow("{pN}:open:<address>", "hash", "24 s", "replica → connections of that address"),
    KeyRow("address-secret:<day>", "string", "2 days", "key of the day's names of addresses"),
    KeyRow("proof:<nonce>", "string", "3 minutes", "a proof of work that was used"),
    KeyRow("{pN}:c:<room>", "channel", "-", "live events of a room"),
    KeyRow("{pN}:probe:<instance>", "channel", "-", "a replica's probe of its own subscription"),
)


class Keys:
    """Builds names under one prefix. Pure; cheap to copy."""

    def __init__(self, prefix: str, partitions: int) -> None:
        self.prefix = prefix
        self.partitions = partitions
        self._tags = tuple(f"{prefix}{{p{n}}}:" for n in range(partitions))

    def partition_of(self, entity: UUID | str) -> int:
        """Partition number of a room (or, for `seen`, of a user; or of whoever is limited)."""
        return crc_hqx(str(entity).encode(), 0) % self.partitions

    def room_root(self, room: UUID) -> str:
        """Start of all keys of one room, with the trailing colon."""
        return f"{self._tags[self.partition_of(room)]}room:{room}:"

    def meta(self, room: UUID) -> str:
        """Hash: settings of the room, `epoch`, `seq`, `rv`, `total`."""
        return self.room_root(room) + "meta"

    def log(self, room: UUID) -> str:
        """Stream: hot history."""
        return self.room_root(room) + "log"

    def edits(self, room: UUID) -> str:
        """Hash: seq → newest revision."""
        return self.room_root(room) + "edits"

    def edited(self, room: UUID) -> str:
        """Sorted set: seqs of revisions that PostgreSQL has, by time of the change."""
        return self.room_root(room) + "edited"

    def unsaved(self, room: UUID) -> str:
        """Sorted set: seqs that are not in PostgreSQL yet."""
        return self.room_root(room) + "unsaved"

    def dedup(self, room: UUID, user: UUID, client_id: str) -> str:
        """String: the first ack of `client_id`."""
        return f"{self.dedup_root(room)}{user}:{client_id}"

    def dedup_root(self, room: UUID) -> str:
        """Start of all `dedup` keys of a room; the user and the client_id follow."""
        return f"{self.room_root(room)}dedup:"

    def users(self, room: UUID) -> str:
        """Hash: user id → JSON of the person."""
        return self.room_root(room) + "users"

    def roster(self, room: UUID) -> str:
        """Sorted set: user id by joining time, µs."""
        return self.room_root(room) + "roster"

    def tabs(self, room: UUID) -> str:
        """Hash: user id → open connections."""
        return self.room_root(room) + "tabs"

    def leavers(self, room: UUID) -> str:
        """Set: user ids whose last connection is gone and whose grace has not ended."""
        return self.room_root(room) + "leavers"

    def names(self, room: UUID) -> str:
        """Hash: skeleton of a name → user id, while present; and back, see names.lua."""
        return self.room_root(room) + "names"

    def rules(self, room: UUID) -> str:
        """String: version and JSON of what staff have decided."""
        return self.room_root(room) + "rules"

    def origins(self, room: UUID, day: int) -> str:
        """Hash: user id → name of the address that they came from last on a day (since 1970)."""
        return f"{self.room_root(room)}origins:{day}"

    def channel(self, room: UUID) -> str:
        """Sharded channel of a room's live events."""
        return f"{self._tags[self.partition_of(room)]}c:{room}"

    def conns(self, partition: int) -> str:
        """Sorted set: `room|user|connection` by expiry."""
        return self._tags[partition] + "conns"

    def leaving(self, partition: int) -> str:
        """Sorted set: `room|user` by the end of the grace."""
        return self._tags[partition] + "leaving"

    def online(self, partition: int) -> str:
        """Sorted set: listed rooms by people online."""
        return self._tags[partition] + "online"

    def unlisted(self, partition: int) -> str:
        """Sorted set: unlisted rooms by people online."""
        return self._tags[partition] + "online:unlisted"

    def ingest(self, partition: int) -> str:
        """Stream: what must reach PostgreSQL."""
        return self._tags[partition] + "ingest"

    def dead(self, partition: int) -> str:
        """Stream: dead letters."""
        return self._tags[partition] + "dead"

    def seen(self, user: UUID) -> str:
        """Sorted set: user id by time last seen, ms; in the future while online."""
        return self.seen_of(self.partition_of(user))

    def seen_of(self, partition: int) -> str:
        """The `seen` set of one partition of users."""
        return self._tags[partition] + "seen"

    def session(self, session_hash: bytes) -> str:
        """String: the user of a session."""
        return f"{self.prefix}session:{session_hash.hex()}"

    def bucket(self, scope: str, subject: str) -> str:
        """String: tokens that `subject` has left."""
        return f"{self._tags[self.partition_of(subject)]}limit:{scope}:{subject}"

    def login(self, subject: str) -> str:
        """String: how often somebody tried to log in, or a code that was used up."""
        return f"{self._tags[self.partition_of(subject)]}login:{subject}"

    def open_connections(self, address: str) -> str:
        """Hash: instance → connections that it has from an address, given by its name."""
        return f"{self._tags[self.partition_of(address)]}open:{address}"

    def address_secret(self, day: int) -> str:
        """String: what addresses are hashed with on a day (since 1970)."""
        return f"{self.prefix}address-secret:{day}"

    def used_proof(self, nonce: str) -> str:
        """String: the proof of work for the challenge with this nonce was used."""
        return f"{self.prefix}proof:{nonce}"

    def probe(self, partition: int, instance: str) -> str:
        """Channel on which a replica hears its own probes of one partition."""
        return f"{self._tags[partition]}probe:{instance}"

    def probes(self, instance: str) -> dict[str, int]:
        """All of a replica's probe channels, with their partitions."""
        return {self.probe(partition, instance): partition for partition in range(self.partitions)}
