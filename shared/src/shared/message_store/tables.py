"""The tables of PostgreSQL. Migrations stand in `worker/migrations`; a test compares the two.

There are no foreign keys between messages, rooms and users: their rows come from streams of several
partitions and may overtake each other, and `room_id` must stay usable as a distribution column.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    desc,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

MAX_CLIENT_ID_CHARACTERS: Final = 64
MESSAGE_TYPES: Final = ("text", "image", "file")
COUNTER_SHARDS: Final = 16
"""Rows that one counter is spread over, so that writers seldom wait for each other."""

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can speak of it."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        str: Text(),
        datetime: DateTime(timezone=True),
        bytes: LargeBinary(),
    }


class Room(Base):
    """A room. A deleted one stays, as a tombstone: what is on its way in Redis cannot revive it."""

    __tablename__ = "rooms"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    is_public: Mapped[bool]
    max_users: Mapped[int]
    owner_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    emptied_at: Mapped[datetime | None] = mapped_column(comment="When a deleted one had no message")

    __table_args__ = (
        CheckConstraint("max_users > 0", name="max_users_positive"),
        Index("ix_rooms_owner_id", "owner_id", postgresql_where=text("owner_id IS NOT NULL")),
        Index(
            "ix_rooms_listed",
            desc("created_at"),
            desc("id"),
            postgresql_where=text("is_public AND deleted_at IS NULL"),
        ),
        Index(
            "ix_rooms_to_empty",
            "deleted_at",
            postgresql_where=text("deleted_at IS NOT NULL AND emptied_at IS NULL"),
        ),
        {"comment": "Rooms; deleted ones stay as tombstones"},
    )


class RoomStats(Base):
    """Counted in the transaction that inserts, so that nobody ever counts a whole room.

    Whoever writes messages of a room first locks its row here: that makes the totals exact.
    """

    __tablename__ = "room_stats"

    room_id: Mapped[UUID] = mapped_column(primary_key=True)
    total_messages: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Messages that are not deleted"
    )
    last_seq: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Greatest seq that was ever stored"
    )
    last_message_at: Mapped[datetime | None]
    removed_messages: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Messages removed for their age, in all"
    )

    __table_args__ = (
        # Updated by every batch: room on each page keeps these updates off the index.
        {"comment": "Totals of rooms", "postgresql_with": {"fillfactor": 50}},
    )


class ChatUser(Base):
    """A person, as of their newest snapshot. Who is online now is known to Redis alone."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_hash: Mapped[bytes] = mapped_column(
        comment="SHA-256 of the session id, which itself is stored nowhere"
    )
    username: Mapped[str]
    color: Mapped[str]
    created_at: Mapped[datetime]
    last_seen: Mapped[datetime]
    current_room_id: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(
        comment="Time of the snapshot in this row; an older one never overwrites it"
    )

    __table_args__ = (
        UniqueConstraint("session_hash"),
        CheckConstraint("octet_length(session_hash) = 32", name="session_hash_is_sha256"),
        {"comment": "People, known by their session"},
    )


class Message(Base):
    """A message. A deleted one stays as a tombstone without content, to keep `seq` gapless."""

    __tablename__ = "messages"

    room_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="Place in the room, from 1"
    )
    id: Mapped[UUID] = mapped_column(comment="UUIDv7, so its order is that of sending")
    user_id: Mapped[UUID]
    username: Mapped[str] = mapped_column(comment="Name at the time of sending")
    color: Mapped[str]
    content: Mapped[str]
    message_type: Mapped[str]
    file_url: Mapped[str | None]
    reply_to: Mapped[UUID | None]
    client_id: Mapped[str | None]
    created_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(server_default="0", comment="0 = as it was sent")
    edited_at: Mapped[datetime | None] = mapped_column(comment="Time of the newest revision")
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint("message_type IN ('text', 'image', 'file')", name="message_type_known"),
        CheckConstraint(
            f"char_length(client_id) <= {MAX_CLIENT_ID_CHARACTERS}", name="client_id_short"
        ),
        UniqueConstraint("room_id", "id"),
        Index("ix_messages_id", "id"),
        Index("ix_messages_user_id_id", "user_id", "id"),
        Index(
            "uq_messages_client_id",
            "room_id",
            "user_id",
            "client_id",
            unique=True,
            postgresql_where=text("client_id IS NOT NULL"),
        ),
        {"comment": "Messages of all rooms"},
    )


class Counter(Base):
    """Totals over everything: the sum of a name's shards. A shard alone may be negative."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(
        primary_key=True, comment="rooms, public_rooms, users or messages; deleted ones not counted"
    )
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        {"comment": "Sums over everything, in shards", "postgresql_with": {"fillfactor": 50}},
    )


class RoomRule(Base):
    """What staff have decided about a room. A room without a row has no rules."""

    __tablename__ = "room_rules"

    room_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(
        BigInteger, comment="Grows with every change of anything that applies in the room"
    )
    locked: Mapped[bool] = mapped_column(server_default=text("false"))
    slow_seconds: Mapped[int] = mapped_column(
        server_default="0", comment="Seconds between two messages of one person; 0 = none"
    )
    notice: Mapped[str | None]
    moderator_key_hash: Mapped[bytes | None] = mapped_column(
        comment="SHA-256 of the link by which people become moderators"
    )

    __table_args__ = (
        CheckConstraint("slow_seconds BETWEEN 0 AND 3600", name="slow_seconds_in_range"),
        {"comment": "Rules of rooms; the row of room 00000000-… holds those of all rooms"},
    )


class RoomModerator(Base):
    """Somebody whom the owner trusts with a room."""

    __tablename__ = "moderators"

    room_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(comment="Name at the time of becoming one")
    created_at: Mapped[datetime]

    __table_args__ = ({"comment": "Moderators of rooms"},)


class SanctionRow(Base):
    """A ban, a mute or a shadow mute, of a person, an address or names of a pattern."""

    __tablename__ = "sanctions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID] = mapped_column(comment="00000000-… = all rooms")
    kind: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[str] = mapped_column(
        comment="User id; day:name of an address; pattern of names"
    )
    shown_as: Mapped[str] = mapped_column(comment="The name that staff saw when they decided")
    reason: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('ban', 'mute', 'shadow_mute')", name="kind_known"),
        CheckConstraint("subject_kind IN ('user', 'address', 'name')", name="subject_kind_known"),
        Index("ix_sanctions_room_id", "room_id", postgresql_where=text("lifted_at IS NULL")),
        {"comment": "Bans and mutes; lifted and expired ones stay for the record"},
    )


class WordRow(Base):
    """A word that is not wanted in a room, or in any."""

    __tablename__ = "words"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID] = mapped_column(comment="00000000-… = all rooms")
    word: Mapped[str]
    action: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("action IN ('block', 'mask', 'hold')", name="action_known"),
        UniqueConstraint("room_id", "word"),
        {"comment": "Word lists"},
    )


class Report(Base):
    """What somebody told staff about a message. Its content is kept as it was then."""

    __tablename__ = "reports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID]
    message_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(comment="Who wrote the message")
    username: Mapped[str]
    content: Mapped[str]
    reporter_id: Mapped[UUID]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("message_id", "reporter_id"),
        Index("ix_reports_open", "room_id", "id", postgresql_where=text("decided_at IS NULL")),
        {"comment": "Reports of messages by people"},
    )


class HeldMessage(Base):
    """A message that waits for staff because of a word in it."""

    __tablename__ = "held_messages"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID]
    user_id: Mapped[UUID]
    username: Mapped[str]
    color: Mapped[str]
    content: Mapped[str]
    message_type: Mapped[str] = mapped_column(server_default="text")
    file_url: Mapped[str | None]
    reply_to: Mapped[UUID | None]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_held_messages_open", "room_id", "id", postgresql_where=text("decided_at IS NULL")
        ),
        {"comment": "Messages that wait for review"},
    )


class AuditEntry(Base):
    """What staff did. Rows are only ever added."""

    __tablename__ = "audit_log"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID] = mapped_column(comment="00000000-… = all rooms")
    made_by: Mapped[str] = mapped_column(
        comment="admin:<name>, owner:<user id>, moderator:<user id>"
    )
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_audit_log_room_id_id", "room_id", "id"),
        {"comment": "Record of what staff did"},
    )


class Admin(Base):
    """An account for the pages of administrators."""

    __tablename__ = "admins"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(comment="argon2id")
    role: Mapped[str]
    totp_secret: Mapped[str | None] = mapped_column(comment="Base32; null = no second factor")
    session_epoch: Mapped[int] = mapped_column(
        server_default="0", comment="Grows to end all sessions of the account"
    )
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("role IN ('viewer', 'moderator', 'admin')", name="role_known"),
        {"comment": "Accounts of administrators"},
    )


class Erasure(Base):
    """Somebody's wish to be forgotten, until it is carried out and for a while after."""

    __tablename__ = "erasures"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(unique=True)
    session_hash: Mapped[bytes | None] = mapped_column(comment="null when finished")
    requested_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(comment="When a worker may take it up (again)")
    finished_at: Mapped[datetime | None]

    __table_args__ = ({"comment": "People to be erased; their snapshots are not stored any more"},)


class Seed(Base):
    """What was put in once and must not come back after somebody deleted it."""

    __tablename__ = "seeds"

    name: Mapped[str] = mapped_column(primary_key=True)
    applied_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = ({"comment": "Sets of demo data that were put in"},)
