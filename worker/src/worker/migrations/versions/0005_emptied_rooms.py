"""Which deleted rooms may still have messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the column and the index; rooms that were deleted before took their messages along."""
    op.add_column(
        "rooms",
        sa.Column(
            "emptied_at",
            sa.DateTime(timezone=True),
            comment="When a deleted one had no message",
        ),
    )
    op.execute("UPDATE rooms SET emptied_at = deleted_at WHERE deleted_at IS NOT NULL")
    op.create_index(
        "ix_rooms_to_empty",
        "rooms",
        ["deleted_at"],
        postgresql_where=sa.text("deleted_at IS NOT NULL AND emptied_at IS NULL"),
    )
