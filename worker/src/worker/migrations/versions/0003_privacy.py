"""People who want to be erased, messages by author, and how many were removed for their age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)
ID = PG_UUID(as_uuid=True)


def upgrade() -> None:
    """Makes the table, the column and the indexes; nobody who writes messages waits for them."""
    _index_messages_by_author()
    op.create_table(
        "erasures",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("session_hash", sa.LargeBinary, comment="null when finished"),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False, comment="When a worker may take it up (again)"),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("user_id", name="uq_erasures_user_id"),
        comment="People to be erased; their snapshots are not stored any more",
    )
    op.add_column(
        "room_stats",
        sa.Column(
            "removed_messages",
            sa.BigInteger,
            server_default="0",
            nullable=False,
            comment="Messages removed for their age, in all",
        ),
    )
    op.create_index(
        "ix_rooms_owner_id",
        "rooms",
        ["owner_id"],
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )


def _index_messages_by_author() -> None:
    """Comes first: it ends the transaction, and what is broken off here can be begun again."""
    with op.get_context().autocommit_block():
        # One that was broken off leaves an index behind that does not count.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_messages_user_id_id")
        op.create_index(
            "ix_messages_user_id_id", "messages", ["user_id", "id"], postgresql_concurrently=True
        )
