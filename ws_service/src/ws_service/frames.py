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

    __slots__ = ("_fragmented", "_handing_on", "_most_bytes", "_rest")

    def __init__(self, most_bytes: int) -> None:
        """Frames of more than `most_bytes` are left to the library, to be refused."""
        self._most_bytes = most_bytes
        self._rest = b""
        self._fragmented = False
        self._handing_on = False

    def cut(self, data: bytes) -> list[str | bytes]:
        """What `data` completes, in order: texts, and frames for the library."""
        if self._handing_on:
            return [data]
        if self._rest:
            data = self._rest + data
        pieces: list[str | bytes] = []
        at = 0
        while (place := self._next(data, at)) is not None:
            start, end = place
            if data[at] == _TEXT and not self._fragmented:
                pieces.append(_read(data, at, start, end))
            else:
                pieces.append(self._hand_on(data[at:end]))
            at = end
        self._rest = data[at:]
        return pieces + self._given_up()

    def _given_up(self) -> list[bytes]:
        """What is left, once it is for the library alone."""
        if not self._handing_on or not self._rest:
            return []
        rest, self._rest = self._rest, b""
        return [rest]

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
