from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from ws_service.frames import FrameCutter, text_frame

MOST_BYTES = 70_000


def sent(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame as a client sends it."""
    return Frame(opcode, payload, fin).serialize(mask=True)


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in parts, as a network may deliver it."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


def cut_all(*data: bytes) -> list[str | bytes]:
    cutter = FrameCutter(MOST_BYTES)
    pieces = []
    for part in data:
        cutter.feed(part)
        while cutter.has_piece:
            piece = cutter.cut()
            assert piece is not None
            pieces.append(piece)
        assert cutter.cut() is None
    return pieces


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_frames_are_those_of_the_websockets_library(size: int) -> None:
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@given(
    st.lists(st.text(max_size=300) | st.binary(max_size=125), max_size=8),
    st.lists(st.integers(0, 5000), max_size=12),
)
def test_texts_are_read_however_the_network_cuts_them(
    said: list[str | bytes], places: list[int]
) -> None:
    frames = [
        sent(Opcode.TEXT, one.encode()) if isinstance(one, str) else sent(Opcode.PING, one)
        for one in said
    ]
    expected = [
        one if isinstance(one, str) else frame for one, frame in zip(said, frames, strict=True)
    ]
    assert cut_all(*cut_at(b"".join(frames), places)) == expected


@pytest.mark.parametrize("size", [125, 126, 65_535])
def test_a_text_of_any_length_is_read(size: int) -> None:
    assert cut_all(sent(Opcode.TEXT, b"x" * size)) == ["x" * size]


def test_fragments_are_left_to_the_library_until_the_last() -> None:
    frames = [
        sent(Opcode.TEXT, b"a", fin=False),
        sent(Opcode.PING, b"?"),
        sent(Opcode.TEXT, b"wrong here"),
        sent(Opcode.CONT, b"b"),
    ]
    assert cut_all(*frames[:2], frames[3]) == [frames[0], frames[1], frames[3]]
    assert cut_all(*frames[:3]) == frames[:3]
    assert cut_all(frames[0], frames[3], sent(Opcode.TEXT, b"c")) == [frames[0], frames[3], "c"]


@pytest.mark.parametrize(
    "odd",
    [
        sent(Opcode.CLOSE, b"\x03\xe8"),
        Frame(Opcode.TEXT, b"not masked").serialize(mask=False),
        sent(Opcode.TEXT, b"x" * (MOST_BYTES + 1)),
        b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"mask",
    ],
    ids=["close", "unmasked", "too long", "far too long"],
)
def test_what_ends_a_connection_goes_to_the_library_with_all_that_follows(odd: bytes) -> None:
    after = sent(Opcode.TEXT, b"after")
    pieces = cut_all(sent(Opcode.TEXT, b"before"), odd + after, after)
    assert pieces[0] == "before"
    assert b"".join(piece for piece in pieces[1:] if isinstance(piece, bytes)) == odd + after * 2
    assert len(pieces) == len([piece for piece in pieces if isinstance(piece, bytes)]) + 1


def test_a_length_that_is_too_large_is_not_waited_for() -> None:
    header = sent(Opcode.TEXT, b"x" * (MOST_BYTES + 1))[:14]
    assert cut_all(header) == [header]


def test_bytes_that_are_no_text_are_left_to_the_library() -> None:
    frame = sent(Opcode.TEXT, b"\xff\xfe")
    assert cut_all(frame, sent(Opcode.TEXT, b"x")) == [frame, "x"]


def test_reserved_bits_are_left_to_the_library() -> None:
    frame = bytearray(sent(Opcode.TEXT, b"x"))
    frame[0] |= 0x40
    assert cut_all(bytes(frame)) == [bytes(frame)]


@given(st.lists(st.text(max_size=300), max_size=5), st.integers(0, 6))
def test_a_cutter_knows_whether_there_is_more_than_so_many_frames(
    said: list[str], count: int
) -> None:
    cutter = FrameCutter(MOST_BYTES)
    cutter.feed(b"".join(sent(Opcode.TEXT, text.encode()) for text in said))
    assert cutter.holds_more_than(count) == (len(said) > count)
    assert cutter.cut() == (said[0] if said else None)  # nothing was cut off by looking


def test_half_a_frame_behind_so_many_is_more_and_before_them_is_not() -> None:
    cutter = FrameCutter(MOST_BYTES)
    cutter.feed(sent(Opcode.TEXT, b"one") + sent(Opcode.TEXT, b"two")[:4])
    assert cutter.holds_more_than(1)
    assert not cutter.holds_more_than(2)
