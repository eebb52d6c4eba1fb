"""One entry of an ingest stream in this worker's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.message_store.ingest_batch import MessageKey
from shared.message_store.ingest_entries import PoisonEntry, decode_entry
from shared.message_store.records import MessageRow, RevisionRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.message_store.records import IngestRow


class EntryKey(NamedTuple):
    """Which entry: ids are unique within one stream only."""

    partition: int
    entry_id: bytes


class Entry(NamedTuple):
    """An entry and the row that it carries, or why it carries none."""

    key: EntryKey
    fields: Mapping[bytes, bytes]
    row: IngestRow | PoisonEntry

    @classmethod
    def read(cls, key: EntryKey, fields: Mapping[bytes, bytes]) -> Entry:
        """Decodes an entry; poison is a value here, to be dealt with in its turn."""
        try:
            return cls(key, fields, decode_entry(key.entry_id.decode(), fields))
        except PoisonEntry as poison:
            return cls(key, fields, poison)

    @property
    def message(self) -> MessageKey | None:
        """The message that the row is about, if it is about one."""
        match self.row:
            case MessageRow():
                return MessageKey(self.row.room_id, self.row.seq, self.row.id)
            case RevisionRow(message=message):
                return MessageKey(message.room_id, message.seq, message.id)
            case _:
                return None
