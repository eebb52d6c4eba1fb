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
    """A room. Rows are never removed.

    A deleted one stays as a tombstone, so that what is still on its way through Redis cannot bring
    it back.
    """

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

    __table_args__ = (
        CheckConstraint("max_users > 0", name="max_users_positive"),
        Index(
            "ix_rooms_listed",
            desc("created_at"),
            desc("id"),
            postgresql_where=text("is_public AND deleted_at IS NULL"),
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


class Seed(Base):
    """What was put in once and must not come back after somebody deleted it."""

    __tablename__ = "seeds"

    name: Mapped[str] = mapped_column(primary_key=True)
    applied_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = ({"comment": "Sets of demo data that were put in"},)
