"""Run by Alembic for each command; the connection comes from `worker.migrate`, never from here.

To change the tables: edit `shared/message_store/tables.py`, then write the next file in `versions/`
(copy the newest, number it on, name the one before in `down_revision`). A test compares what the
migrations make with what the tables say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

from shared.message_store.tables import Base

if TYPE_CHECKING:
    from sqlalchemy import Connection


def run(connection: Connection) -> None:
    """Runs the command's migrations, each in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
