"""Seeds of each target as bytes, and the pieces of which they are made."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import orjson
from altcha import Payload, Solution
from tests.abuse.fuzz.seeds import BODY, ENVELOPES, FRAMES, MESSAGE_ID, RULES
from tests.abuse.fuzz.targets import PROOF, ROOM
from websockets.frames import Frame, Opcode

from api_service.pagination import NewestCursor, OnlineCursor, encode_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STEPS: Final = (
    *(b"%c%c%d" % (b"f"[0], pause, number) for pause in range(4) for number in range(14)),
    *(b"l" + bytes([choice]) for choice in (0, 1, 2, 3, 4, 5, 0x11, 0x12, 0x44, 0x21)),
    *(b"t\x02", b"t\x03", b"t\x05", b"b\x00", b"s\x01", b"t\x06"),
)

PIECES: Final = (
    *(b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\\ud800", b"\\u0000", b"\n", b" "),
    *(b"null", b"true", b"1e999", b"-1", b"0", b"9" * 400, b"1.5", b"NaN", b'""', b"[" * 1100),
    *(b'"type":', b'"message"', b'"typing"', b'"user_update"', b'"history"', b'"ping"'),
    *(b'"content":', b'"client_id":', b'"before":', b'"after":', b'"limit":', b'"t":', b'"color":'),
    *(b'"username":', b'"reply_to":', b'"file_url":"http://[', b'"message_type":'),
    *("ক্ষ".encode(), "\u200d".encode(), "\u202e".encode(), b"\xff", b"\xed\xa0\x80", b"\x00"),
    *(b"2m ", b"1e ", b"1r ", b"1t ", b"1x ", b'"v":1', b'"sanctions":[[', b'"words":[["x","'),
    *(b"\x81\x80", b"\x01\xfe\xff\xff", b"\x88\x80", b"\x89\xff", MESSAGE_ID.encode()),
    *_STEPS,
)


def seeds() -> Mapping[str, Sequence[bytes]]:
    """By target."""
    frames = [text.encode("utf-8", "surrogatepass") for text in FRAMES]
    masked = [Frame(Opcode.TEXT, frame).serialize(mask=True) for frame in frames[:4]]
    odd = [
        Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=True)
        + Frame(Opcode.PING, b"b").serialize(mask=True)
        + Frame(Opcode.CONT, b"c").serialize(mask=True),
        Frame(Opcode.BINARY, b"a" * 200).serialize(mask=True),
        Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True),
    ]
    lives = [b"\n".join(_STEPS[start::step]) for start, step in ((0, 1), (1, 3), (2, 5), (60, 1))]
    return {
        "command": frames,
        "body": [BODY.encode()],
        "envelope": [text.encode() for text in ENVELOPES],
        "rules": [text.encode() for text in RULES],
        "proof": _proofs(),
        "names_of_things": [
            MESSAGE_ID.encode(),
            encode_cursor(OnlineCursor(3, ROOM)).encode(),
            encode_cursor(NewestCursor(3, ROOM)).encode(),
            b"x" * 43,
        ],
        "frames": [*masked, *odd, b"".join(masked + odd)],
        "session": lives,
    }


def _proofs() -> list[bytes]:
    """A signed challenge with a wrong solution; of which a forger may change what they like."""
    payload = Payload(PROOF, Solution(counter=1, derived_key="00" * 32))
    packed = payload.to_base64().encode()
    return [packed, base64.b64decode(packed), orjson.dumps({"challenge": {}})]
