from __future__ import annotations

from uuid import uuid4

import orjson
import pytest
from tests.ingest_samples import (
    entry_of,
    message_row,
    revision_row,
    room_settings,
    room_snapshot,
    user,
    user_snapshot,
)

from shared.domain.times import datetime_of
from shared.message_store.ingest_entries import (
    PoisonEntry,
    decode_entry,
    encode_room,
    encode_user,
    place_of,
)
from shared.message_store.records import (
    IngestRow,
    MessageRow,
    RevisionRow,
    RoomSnapshot,
    UserSnapshot,
)

ROOM = uuid4()
FULL = message_row(
    ROOM,
    7,
    message_type="image",
    file_url="https://example.org/ছবি.png",
    reply_to=uuid4(),
    client_id="ক" * 64,
)


def poison(fields: dict[bytes, bytes]) -> PoisonEntry:
    with pytest.raises(PoisonEntry) as caught:
        decode_entry("1-0", fields)
    return caught.value


@pytest.mark.parametrize(
    "row",
    [
        message_row(ROOM, 1),
        FULL,
        revision_row(FULL, 3, "নতুন"),
        revision_row(message_row(ROOM, 2), 1, deleted=True),
        user_snapshot(),
        user_snapshot(current_room=None, is_online=False),
        room_snapshot(),
        room_snapshot(description="বর্ণনা", owner_id=uuid4(), is_public=False),
    ],
)
def test_an_entry_gives_the_row_that_was_put_in(row: IngestRow) -> None:
    assert decode_entry("1-0", entry_of(row)) == row


def test_the_users_encoder_and_the_decoder_agree() -> None:
    somebody, room = user(), uuid4()
    row = decode_entry("1-0", {k.encode(): v for k, v in encode_user(somebody, room, 5).items()})
    assert isinstance(row, UserSnapshot)
    assert (row.id, row.session_hash, row.username) == (
        somebody.id,
        somebody.session_hash,
        somebody.username,
    )
    assert (row.current_room, row.is_online, row.taken_at) == (room, True, datetime_of(5))


def test_the_rooms_encoder_and_the_decoder_agree() -> None:
    settings = room_settings(owner_id=uuid4())
    row = decode_entry("1-0", {k.encode(): v for k, v in encode_room(settings, 5).items()})
    assert isinstance(row, RoomSnapshot)
    assert (row.id, row.name, row.owner_id) == (settings.id, settings.name, settings.owner_id)
    assert row.created_at == datetime_of(settings.created_micros)


def test_fields_of_a_newer_writer_are_passed_over() -> None:
    fields = entry_of(FULL)
    body = orjson.loads(fields[b"b"]) | {"mood": "🎉"}
    assert decode_entry("1-0", {**fields, b"b": orjson.dumps(body), b"z": b"1"}) == FULL


def test_a_deleted_message_keeps_no_content_whatever_its_entry_says() -> None:
    fields = entry_of(revision_row(FULL, 1, "still here"))
    row = decode_entry("1-0", {**fields, b"d": b"1"})
    assert isinstance(row, RevisionRow)
    assert (row.message.content, row.message.file_url) == ("", None)


def test_a_newer_version_has_a_reason_of_its_own() -> None:
    assert poison({**entry_of(FULL), b"v": b"2"}).reason == "newer_version"


def test_an_unknown_kind_is_poison() -> None:
    assert poison({**entry_of(FULL), b"k": b"x"}).reason == "unknown_kind"


@pytest.mark.parametrize("missing", [b"k", b"v", b"r", b"s", b"t", b"b"])
def test_a_message_without_a_field_is_poison(missing: bytes) -> None:
    fields = entry_of(FULL)
    del fields[missing]
    assert poison(fields).reason == "missing_field"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"v", b"one"),
        (b"r", b"not a uuid"),
        (b"r", b"00000000-0000-7000-8000-000000000000"),
        (b"s", b"0"),
        (b"s", b"-1"),
        (b"s", b"9223372036854775808"),
        (b"s", b"1.5"),
        (b"t", b"99999999999999999999"),
        (b"t", b"-1"),
        (b"b", b"{"),
        (b"b", b"[]"),
        (b"b", b"\xff"),
    ],
)
def test_a_malformed_field_is_poison(field: bytes, value: bytes) -> None:
    assert poison({**entry_of(FULL), field: value}).reason == "malformed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message", "a\0b"),
        ("message", None),
        ("message", 5),
        ("username", "\0"),
        ("message_type", "video"),
        ("client_id", "x" * 65),
        ("message_id", "x"),
        ("user_id", None),
        ("user_id", 1),
        ("reply_to", "x"),
        ("file_url", 1),
    ],
)
def test_a_body_that_postgresql_would_refuse_is_poison(field: str, value: object) -> None:
    fields = entry_of(FULL)
    body = orjson.loads(fields[b"b"]) | {field: value}
    assert poison({**fields, b"b": orjson.dumps(body)}).reason == "malformed"


def test_a_lone_surrogate_is_poison() -> None:
    fields = entry_of(FULL)
    broken = fields[b"b"].replace(FULL.content.encode(), b"\\ud800")
    assert poison({**fields, b"b": broken}).reason == "malformed"


@pytest.mark.parametrize(
    ("field", "value"),
    [("n", b"0"), ("n", b"2147483648"), ("d", b"2"), ("u", b"x")],
)
def test_a_malformed_revision_is_poison(field: str, value: bytes) -> None:
    fields = entry_of(revision_row(FULL, 1, "x"))
    assert poison({**fields, field.encode(): value}).reason == "malformed"


@pytest.mark.parametrize(
    ("field", "value"),
    [("session_hash", "00"), ("session_hash", "zz" * 32), ("is_online", 1), ("created_at", "x")],
)
def test_a_malformed_user_is_poison(field: str, value: object) -> None:
    fields = entry_of(user_snapshot())
    body = orjson.loads(fields[b"b"]) | {field: value}
    assert poison({**fields, b"b": orjson.dumps(body)}).reason == "malformed"


@pytest.mark.parametrize("most", [0, -1, 2**31, True, "100", None])
def test_a_room_of_an_impossible_size_is_poison(most: object) -> None:
    fields = entry_of(room_snapshot())
    body = orjson.loads(fields[b"b"]) | {"max_users": most}
    assert poison({**fields, b"b": orjson.dumps(body)}).reason == "malformed"


def test_the_place_of_a_poisoned_message_is_still_known() -> None:
    assert place_of({**entry_of(FULL), b"b": b"{"}) == (ROOM, 7)


def test_what_is_no_message_has_no_place() -> None:
    assert place_of(entry_of(user_snapshot())) is None
    assert place_of({b"r": b"x", b"s": b"1"}) is None


def test_rows_are_of_the_kinds_that_the_writer_knows() -> None:
    assert isinstance(decode_entry("1-0", entry_of(FULL)), MessageRow)
