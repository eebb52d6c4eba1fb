"""WebSocket frames (RFC 6455 §5.2), as far as they are worth a way of their own. Pure."""

from __future__ import annotations

from typing import Final

from websockets.speedups import apply_mask

_TEXT: Final = 0x81
"""A text in one frame: FIN is set."""
_FIN: Final = 0x80
_OPCODE: Final = 0x0F
_CLOSE: Final = 0x8
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127


def text_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame. `payload` is UTF-8."""
    size = len(payload)
    if size < _TWO_BYTES:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_TEXT, _TWO_BYTES)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, _EIGHT_BYTES)) + size.to_bytes(8, "big") + payload


class FrameCutter:
    """Cuts what a client sends into frames, and reads the plain texts among them.

    Nearly all that comes is a masked text in one frame; a general parser spends ten times as long
    on it. Everything else is handed on, as whole frames, to a library that knows all the rules;
    what cannot be right is handed on as it came, together with all that follows.
    """

    __slots__ = ("_at", "_data", "_fragmented", "_handing_on", "_most_bytes")

    def __init__(self, most_bytes: int) -> None:
        """Frames of more than `most_bytes` are left to the library, to be refused."""
        self._most_bytes = most_bytes
        self._data = b""
        self._at = 0
        """What is before it in `_data` was cut off already."""
        self._fragmented = False
        self._handing_on = False

    def feed(self, data: bytes) -> None:
        """More has come. Nothing of it is looked at before somebody asks for a piece."""
        self._data = self.take_rest() + data

    def take_rest(self) -> bytes:
        """What was not cut yet; it is gone from here."""
        rest = self._data[self._at :] if self._at else self._data
        self._data, self._at = b"", 0
        return rest

    @property
    def has_piece(self) -> bool:
        """Would `cut` return something?"""
        if self._at == len(self._data):
            return False
        return self._next(self._data, self._at) is not None or self._handing_on

    def holds_more_than(self, count: int) -> bool:
        """Are there so many whole frames, and then something?"""
        data, at = self._data, self._at
        for _ in range(count):
            place = self._next(data, at)
            if place is None:
                return False
            at = place[1]
        return at < len(data)

    def cut(self) -> str | bytes | None:
        """The next piece: a text, or frames for the library; None until it is complete."""
        data, at = self._data, self._at
        if at == len(data):
            return None
        place = self._next(data, at)
        if place is None:
            return self.take_rest() if self._handing_on else None
        start, end = place
        self._at = end
        if end == len(data):  # nothing is kept of who is silent
            self.take_rest()
        if data[at] == _TEXT and not self._fragmented:
            return _read(data, at, start, end)
        return self._hand_on(data[at:end])

    def _next(self, data: bytes, at: int) -> tuple[int, int] | None:
        """Where the payload of the frame at `at` begins and ends; None until it is complete."""
        size = len(data) - at
        if size < 2 or self._handing_on:  # noqa: PLR2004 - the fixed part of a header
            return None
        length, start = data[at + 1] & _LENGTH, at + 6
        if length == _TWO_BYTES:
            if size < 4:  # noqa: PLR2004 - with a length of two bytes
                return None
            length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
        if not data[at + 1] & _MASKED or length == _EIGHT_BYTES or length > self._most_bytes:
            self._handing_on = True
            return None
        end = start + length
        return (start, end) if end <= len(data) else None

    def _hand_on(self, frame: bytes) -> bytes:
        opcode = frame[0] & _OPCODE
        if opcode < _CLOSE:
            self._fragmented = not frame[0] & _FIN
        elif opcode == _CLOSE:
            self._handing_on = True  # whatever follows it does not count
        return frame


def _read(data: bytes, at: int, start: int, end: int) -> str | bytes:
    try:
        return apply_mask(data[start:end], data[start - 4 : start]).decode()
    except UnicodeDecodeError:
        return data[at:end]  # the library closes with 1007
