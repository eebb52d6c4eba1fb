"""Takes entries off the queue once they are safe elsewhere."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from shared.message_store.ingest_entries import place_of
from shared.message_store.records import RevisionRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.redis_schema.scripts import Scripts
    from worker.entry import Entry


async def acknowledge(scripts: Scripts, entries: Sequence[Entry]) -> None:
    """One script call per partition. Harmless for entries that are acknowledged already.

    Also tells the rooms' hot history which of its messages no longer wait for PostgreSQL: those
    that were stored, and those that never will be.
    """
    by_partition: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_partition[entry.key.partition].append(entry)
    for partition, own in by_partition.items():
        saved: dict[UUID, list[int]] = defaultdict(list)
        revised: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
        for entry in own:
            message = entry.message
            place = place_of(entry.fields) if message is None else (message.room_id, message.seq)
            if place is not None:
                saved[place[0]].append(place[1])
            if isinstance(entry.row, RevisionRow):
                row = entry.row
                revised[row.message.room_id].append((row.message.seq, row.revision))
        await scripts.mark_saved(partition, [entry.key.entry_id for entry in own], saved, revised)
