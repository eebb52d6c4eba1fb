"""Held messages keep what kind they are, and their file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the columns; services that do not know them go on writing texts."""
    op.add_column(
        "held_messages",
        sa.Column("message_type", sa.Text, server_default="text", nullable=False),
    )
    op.add_column("held_messages", sa.Column("file_url", sa.Text))
