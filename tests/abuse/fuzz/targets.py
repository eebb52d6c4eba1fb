"""What reads bytes of strangers, and what it may raise. Anything else that it raises is a fault."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from tests.abuse.fuzz.session_driver import SessionDriver

from api_service.pagination import decode_cursor, encode_cursor
from shared.domain.effort import Purpose, Wish
from shared.domain.ids import is_session_id, parse_uuid
from shared.domain.rules import RuleViolation
from shared.limits.challenges import make_challenge, read_proof
from shared.protocol.codec import StoredMessage, decode_body, encode_body, finish_message
from shared.protocol.commands import client_id_of, parse_command
from shared.protocol.envelopes import UnknownEnvelope, decode_envelope
from shared.protocol.errors import ChatError
from shared.rooms.live_rules import decode_rules
from ws_service.frames import FrameCutter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOM: Final = UUID(int=7)
SECRET: Final = b"s" * 32
WISH: Final = Wish(Purpose.JOIN, str(ROOM), "x")
PROOF: Final = make_challenge(SECRET, WISH, 0, 0)
"""One that is signed, so that forgers have something to begin with."""


def command(data: bytes) -> None:
    """A text frame of a client."""
    text = data.decode("utf-8", "replace")
    found = client_id_of(text)
    assert found is None or len(found) <= 64
    with suppress(ChatError):
        parse_command(text)
    with suppress(ChatError):
        parse_command(data)


def body(data: bytes) -> None:
    """A message as it is stored; what was read can be written, and finished as JSON."""
    with suppress(ValueError):
        read = decode_body(data)
        written = encode_body(read)
        assert decode_body(written) == read
        orjson.loads(finish_message(StoredMessage(1, 1, written), "2026-01-01T00:00:00+06:00"))


def envelope(data: bytes) -> None:
    """What comes over a channel of Redis."""
    with suppress(UnknownEnvelope):
        decode_envelope(data)


def rules(data: bytes) -> None:
    """What staff have decided, as Redis keeps it."""
    with suppress(ValueError):
        decode_rules(ROOM, data)


def proof(data: bytes) -> None:
    """What a stranger shows for a solved challenge, packed or (JSON) not packed yet."""
    packed = base64.b64encode(data) if data.startswith(b"{") else data
    assert read_proof(SECRET, WISH, packed.decode("utf-8", "replace"), 1) is None


def names_of_things(data: bytes) -> None:
    """Ids and cursors in addresses."""
    text = data.decode("utf-8", "replace")
    parse_uuid(text)
    is_session_id(text)
    with suppress(RuleViolation):
        cursor = decode_cursor(text)
        assert decode_cursor(encode_cursor(cursor)) == cursor


def frames(data: bytes) -> None:
    """Bytes of a socket, in whatever portions: nothing is lost, and texts are texts."""
    whole, cut = FrameCutter(1 << 16), FrameCutter(1 << 16)
    at = 1 + data[0] % 7 if data else 1
    portions = [data[start : start + at] for start in range(0, len(data), at)]
    assert _joined(whole, [data]) == _joined(cut, portions)


def _joined(cutter: FrameCutter, portions: list[bytes]) -> list[str | bytes]:
    """All that a cutter hands over; neighbouring bytes as one, since portions differ."""
    found: list[str | bytes] = []
    for portion in portions:
        cutter.feed(portion)
        while (piece := cutter.cut()) is not None:
            last = found[-1] if found else None
            if isinstance(piece, bytes) and isinstance(last, bytes):
                found[-1] = last + piece
            elif piece != b"":
                found.append(piece)
    return found


MOST_STEPS: Final = 60
_SEPARATOR: Final = b"\n"


def session(data: bytes) -> None:
    """One connection's life: a line for each step, of which the first byte says what it is."""
    driver = SessionDriver(burst=5 + (len(data) % 4) * 5)
    for line in data.split(_SEPARATOR)[:MOST_STEPS]:
        driver.step(line)


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    target.__name__: target
    for target in (command, body, envelope, rules, proof, names_of_things, frames, session)
}
