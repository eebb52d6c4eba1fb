"""Rules of rooms, what staff decide, and who administers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
ID = PG_UUID(as_uuid=True)
EVERYWHERE = "00000000-… = all rooms"


def upgrade() -> None:
    """Makes the tables; what was there stays as it is."""
    _create_rules()
    _create_sanctions()
    _create_words()
    _create_reports()
    _create_held_messages()
    _create_audit_log()
    _create_admins()


def _create_rules() -> None:
    op.create_table(
        "room_rules",
        sa.Column("room_id", ID, nullable=False),
        sa.Column(
            "version",
            sa.BigInteger,
            nullable=False,
            comment="Grows with every change of anything that applies in the room",
        ),
        sa.Column("locked", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column(
            "slow_seconds",
            sa.Integer,
            server_default="0",
            nullable=False,
            comment="Seconds between two messages of one person; 0 = none",
        ),
        sa.Column("notice", sa.Text),
        sa.Column(
            "moderator_key_hash",
            sa.LargeBinary,
            comment="SHA-256 of the link by which people become moderators",
        ),
        sa.PrimaryKeyConstraint("room_id", name="pk_room_rules"),
        sa.CheckConstraint(
            "slow_seconds BETWEEN 0 AND 3600", name=op.f("ck_room_rules_slow_seconds_in_range")
        ),
        comment="Rules of rooms; the row of room 00000000-… holds those of all rooms",
    )
    op.create_table(
        "moderators",
        sa.Column("room_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("username", sa.Text, nullable=False, comment="Name at the time of becoming one"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "user_id", name="pk_moderators"),
        comment="Moderators of rooms",
    )


def _create_sanctions() -> None:
    op.create_table(
        "sanctions",
        sa.Column("id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=False, comment=EVERYWHERE),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column(
            "subject",
            sa.Text,
            nullable=False,
            comment="User id; day:name of an address; pattern of names",
        ),
        sa.Column(
            "shown_as",
            sa.Text,
            nullable=False,
            comment="The name that staff saw when they decided",
        ),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("lifted_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_sanctions"),
        sa.CheckConstraint(
            "kind IN ('ban', 'mute', 'shadow_mute')", name=op.f("ck_sanctions_kind_known")
        ),
        sa.CheckConstraint(
            "subject_kind IN ('user', 'address', 'name')",
            name=op.f("ck_sanctions_subject_kind_known"),
        ),
        comment="Bans and mutes; lifted and expired ones stay for the record",
    )
    op.create_index(
        "ix_sanctions_room_id",
        "sanctions",
        ["room_id"],
        postgresql_where=sa.text("lifted_at IS NULL"),
    )


def _create_words() -> None:
    op.create_table(
        "words",
        sa.Column("id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=False, comment=EVERYWHERE),
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_words"),
        sa.UniqueConstraint("room_id", "word", name="uq_words_room_id_word"),
        sa.CheckConstraint(
            "action IN ('block', 'mask', 'hold')", name=op.f("ck_words_action_known")
        ),
        comment="Word lists",
    )


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False, comment="Who wrote the message"),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("reporter_id", ID, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        *_decided(),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("message_id", "reporter_id", name="uq_reports_message_id_reporter_id"),
        comment="Reports of messages by people",
    )
    op.create_index(
        "ix_reports_open",
        "reports",
        ["room_id", "id"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def _create_held_messages() -> None:
    op.create_table(
        "held_messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("color", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("reply_to", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        *_decided(),
        sa.PrimaryKeyConstraint("id", name="pk_held_messages"),
        comment="Messages that wait for review",
    )
    op.create_index(
        "ix_held_messages_open",
        "held_messages",
        ["room_id", "id"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def _decided() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("decided_at", MOMENT),
        sa.Column("decided_by", sa.Text),
        sa.Column("decision", sa.Text),
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=False, comment=EVERYWHERE),
        sa.Column(
            "made_by",
            sa.Text,
            nullable=False,
            comment="admin:<name>, owner:<user id>, moderator:<user id>",
        ),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        comment="Record of what staff did",
    )
    op.create_index("ix_audit_log_room_id_id", "audit_log", ["room_id", "id"])


def _create_admins() -> None:
    op.create_table(
        "admins",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False, comment="argon2id"),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("totp_secret", sa.Text, comment="Base32; null = no second factor"),
        sa.Column(
            "session_epoch",
            sa.Integer,
            server_default="0",
            nullable=False,
            comment="Grows to end all sessions of the account",
        ),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_login_at", MOMENT),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_admins"),
        sa.UniqueConstraint("name", name="uq_admins_name"),
        sa.CheckConstraint(
            "role IN ('viewer', 'moderator', 'admin')", name=op.f("ck_admins_role_known")
        ),
        comment="Accounts of administrators",
    )
