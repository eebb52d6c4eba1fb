from __future__ import annotations

from uuid import uuid4

from tests.ingest_samples import entry_of, message_row, revision_row, user_snapshot

from shared.message_store.ingest_batch import MessageKey
from shared.message_store.ingest_entries import PoisonEntry
from worker.entry import Entry, EntryKey

KEY = EntryKey(3, b"1-0")


def test_an_entry_carries_its_row_and_its_fields() -> None:
    row = message_row(uuid4(), 1)
    entry = Entry.read(KEY, entry_of(row))
    assert (entry.key, entry.row, entry.fields) == (KEY, row, entry_of(row))


def test_poison_is_a_value_that_keeps_its_fields() -> None:
    entry = Entry.read(KEY, {b"v": b"9", b"k": b"m"})
    assert isinstance(entry.row, PoisonEntry)
    assert entry.fields == {b"v": b"9", b"k": b"m"}
    assert entry.message is None


def test_a_message_and_its_revision_are_about_the_same_message() -> None:
    row = message_row(uuid4(), 4)
    key = MessageKey(row.room_id, 4, row.id)
    assert Entry.read(KEY, entry_of(row)).message == key
    assert Entry.read(KEY, entry_of(revision_row(row, 1, "x"))).message == key


def test_a_person_is_no_message() -> None:
    assert Entry.read(KEY, entry_of(user_snapshot())).message is None
