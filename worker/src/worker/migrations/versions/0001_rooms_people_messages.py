"""Rooms, people, messages, and the sums over them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
ID = PG_UUID(as_uuid=True)


def upgrade() -> None:
    """Makes all tables."""
    _create_rooms()
    _create_users()
    _create_messages()
    _create_sums()
    _index_searched_texts()


def _create_rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("max_users", sa.Integer, nullable=False),
        sa.Column("owner_id", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
        sa.CheckConstraint("max_users > 0", name=op.f("ck_rooms_max_users_positive")),
        comment="Rooms; deleted ones stay as tombstones",
    )
    op.create_index(
        "ix_rooms_listed",
        "rooms",
        [sa.text("created_at DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("is_public AND deleted_at IS NULL"),
    )
    op.create_table(
        "room_stats",
        sa.Column("room_id", ID, nullable=False),
        sa.Column(
            "total_messages",
            sa.BigInteger,
            server_default="0",
            nullable=False,
            comment="Messages that are not deleted",
        ),
        sa.Column(
            "last_seq",
            sa.BigInteger,
            server_default="0",
            nullable=False,
            comment="Greatest seq that was ever stored",
        ),
        sa.Column("last_message_at", MOMENT),
        sa.PrimaryKeyConstraint("room_id", name="pk_room_stats"),
        comment="Totals of rooms",
        postgresql_with={"fillfactor": 50},
    )


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column(
            "session_hash",
            sa.LargeBinary,
            nullable=False,
            comment="SHA-256 of the session id, which itself is stored nowhere",
        ),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("color", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("current_room_id", ID),
        sa.Column(
            "updated_at",
            MOMENT,
            nullable=False,
            comment="Time of the snapshot in this row; an older one never overwrites it",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("session_hash", name="uq_users_session_hash"),
        sa.CheckConstraint(
            "octet_length(session_hash) = 32", name=op.f("ck_users_session_hash_is_sha256")
        ),
        comment="People, known by their session",
    )


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("room_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, comment="Place in the room, from 1"),
        sa.Column("id", ID, nullable=False, comment="UUIDv7, so its order is that of sending"),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("username", sa.Text, nullable=False, comment="Name at the time of sending"),
        sa.Column("color", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("message_type", sa.Text, nullable=False),
        sa.Column("file_url", sa.Text),
        sa.Column("reply_to", ID),
        sa.Column("client_id", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column(
            "revision",
            sa.Integer,
            server_default="0",
            nullable=False,
            comment="0 = as it was sent",
        ),
        sa.Column("edited_at", MOMENT, comment="Time of the newest revision"),
        sa.Column("deleted_at", MOMENT),
        sa.PrimaryKeyConstraint("room_id", "seq", name="pk_messages"),
        sa.UniqueConstraint("room_id", "id", name="uq_messages_room_id_id"),
        sa.CheckConstraint("seq > 0", name=op.f("ck_messages_seq_positive")),
        sa.CheckConstraint(
            "message_type IN ('text', 'image', 'file')", name=op.f("ck_messages_message_type_known")
        ),
        sa.CheckConstraint(
            "char_length(client_id) <= 64", name=op.f("ck_messages_client_id_short")
        ),
        comment="Messages of all rooms",
    )
    op.create_index("ix_messages_id", "messages", ["id"])
    op.create_index(
        "uq_messages_client_id",
        "messages",
        ["room_id", "user_id", "client_id"],
        unique=True,
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )


def _create_sums() -> None:
    op.create_table(
        "counters",
        sa.Column(
            "name",
            sa.Text,
            nullable=False,
            comment="rooms, public_rooms, users or messages; deleted ones not counted",
        ),
        sa.Column("shard", sa.Integer, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", "shard", name="pk_counters"),
        comment="Sums over everything, in shards",
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "seeds",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("applied_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_seeds"),
        comment="Sets of demo data that were put in",
    )


def _index_searched_texts() -> None:
    """Makes search by part of a word fast where the extension is to be had; it works without."""
    op.execute(
        """
        DO $$ BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
            CREATE INDEX ix_rooms_name_trigrams ON rooms USING gin (name gin_trgm_ops);
            CREATE INDEX ix_rooms_description_trigrams
                ON rooms USING gin (description gin_trgm_ops);
        EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported
                       OR undefined_object THEN
            RAISE NOTICE 'pg_trgm cannot be created: rooms are searched without an index';
        END $$
        """
    )
