"""Counters: sums over everything, kept by those who insert and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from shared.message_store.tables import COUNTER_SHARDS, Counter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection


async def add_to_counters(
    connection: AsyncConnection, entity: UUID, changes: Mapping[str, int]
) -> None:
    """Adds `changes` by name, in the caller's transaction; `entity` only spreads the load."""
    rows = [
        {"name": name, "shard": entity.int % COUNTER_SHARDS, "value": change}
        for name, change in sorted(changes.items())
        if change
    ]
    if rows:
        statement = insert(Counter).values(rows)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[Counter.name, Counter.shard],
                set_={"value": Counter.value + statement.excluded.value},
            )
        )


async def read_counters(connection: AsyncConnection, *names: str) -> dict[str, int]:
    """The sums of `names`; 0 for what was never counted."""
    rows = await connection.execute(
        select(Counter.name, func.sum(Counter.value))
        .where(Counter.name.in_(names))
        .group_by(Counter.name)
    )
    found = {name: int(value) for name, value in rows}
    return {name: found.get(name, 0) for name in names}
