from __future__ import annotations

import pytest

from shared.protocol.codec import StoredMessage
from shared.protocol.envelopes import (
    MessagesEnvelope,
    Person,
    RosterEnvelope,
    TypingEnvelope,
    UnknownEnvelope,
    decode_envelope,
    decode_person,
    encode_person,
    encode_probe,
    encode_typing,
)

PERSON = Person("u1", "রাকিব", "#ff0000")


def test_a_message_keeps_its_body_untouched() -> None:
    body = b'{"message":"a\\nb"} '
    envelope = decode_envelope(b"2m ab12 7\n99 " + body)
    assert envelope == MessagesEnvelope("ab12", (StoredMessage(7, 99, body),))


def test_messages_of_one_envelope_are_numbered_on() -> None:
    envelope = decode_envelope(b"2m ab12 7\n99 {}\n100 []")
    assert envelope == MessagesEnvelope(
        "ab12", (StoredMessage(7, 99, b"{}"), StoredMessage(8, 100, b"[]"))
    )


def test_a_rename_carries_the_old_person() -> None:
    new = Person("u1", "রকি", "#ff0000")
    raw = b"1r ab12 3 n 99\n" + encode_person(new) + b"\n" + encode_person(PERSON)
    assert decode_envelope(raw) == RosterEnvelope("ab12", 3, "n", 99, new, PERSON)


def test_a_newline_in_a_name_cannot_break_the_envelope() -> None:
    odd = Person("u1", "a\nb", "#ff0000")
    assert decode_person(encode_person(odd)) == odd
    assert b"\n" not in encode_person(odd)


def test_typing_survives_the_wire() -> None:
    raw = encode_typing(PERSON, typing=True, micros=5)
    assert decode_envelope(raw) == TypingEnvelope(PERSON, True, 5)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"1m ab 1 1\n{}",
        b"1x\n",
        b"2m ab\n",
        b"2m ab x\n1 {}",
        b"2m ab 1\n{}",
        b"\xff\xfe",
        b"1r ab 1 z 1\n{}",
        b"1e a 1 1 1 1 1 1\n{}",
    ],
)
def test_what_is_not_understood_is_told_apart(raw: bytes) -> None:
    with pytest.raises(UnknownEnvelope):
        decode_envelope(raw)


def test_equal_people_have_equal_bytes() -> None:
    assert encode_person(PERSON) == encode_person(Person("u1", "রাকিব", "#ff0000"))
    assert encode_probe("x") == b"1p x\n"
