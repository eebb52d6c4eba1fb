"""Identifiers: one type each, so that a room's id cannot be passed for a user's."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NewType
from uuid import UUID

RoomId = NewType("RoomId", UUID)
UserId = NewType("UserId", UUID)
MessageId = NewType("MessageId", UUID)
ConnectionId = NewType("ConnectionId", UUID)

UUID7_RANDOM_BITS: Final = 74
MIN_SESSION_ID_CHARACTERS: Final = 16
MAX_SESSION_ID_CHARACTERS: Final = 255

_MAX_MILLISECONDS: Final = (1 << 48) - 1
_RAND_B_BITS: Final = 62
_VERSION: Final = 7
_VARIANT: Final = 0b10
_UUID_TEXT: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}",
    re.ASCII | re.IGNORECASE,
)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SESSION_ID: Final = re.compile(
    rf"[\x21-\x7e]{{{MIN_SESSION_ID_CHARACTERS},{MAX_SESSION_ID_CHARACTERS}}}",
)


def uuid7(now_ms: int, random_bits: int) -> UUID:
    """Return the UUIDv7 (RFC 9562, 5.7) of a Unix time in milliseconds and 74 random bits.

    Raises:
        ValueError: `now_ms` does not fit 48 bits, or `random_bits` 74.

    """
    return UUID(int=_uuid7_number(now_ms, random_bits))


def uuid7_text(now_ms: int, random_bits: int) -> str:
    """As `uuid7`, written out: most ids are only ever sent."""
    digits = f"{_uuid7_number(now_ms, random_bits):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _uuid7_number(now_ms: int, random_bits: int) -> int:
    if not 0 <= now_ms <= _MAX_MILLISECONDS:
        raise ValueError("now_ms does not fit 48 bits")
    if not 0 <= random_bits < 1 << UUID7_RANDOM_BITS:
        raise ValueError("random_bits does not fit 74 bits")
    rand_a = random_bits >> _RAND_B_BITS
    rand_b = random_bits & ((1 << _RAND_B_BITS) - 1)
    return now_ms << 80 | _VERSION << 76 | rand_a << 64 | _VARIANT << 62 | rand_b


def uuid7_micros(identifier: UUID) -> int:
    """Return when a UUIDv7 was made: microseconds since the epoch, in whole milliseconds.

    Raises:
        ValueError: `identifier` is not a UUIDv7.

    """
    if identifier.version != _VERSION:
        raise ValueError("not a UUIDv7")
    return (identifier.int >> 80) * 1000


def parse_uuid(raw: str) -> UUID | None:
    """Return the UUID written as 8-4-4-4-12 or 32 hex digits in either case; None otherwise.

    Stricter than uuid.UUID, which also takes braces, "urn:uuid:" and hyphens anywhere.
    """
    return UUID(raw) if _UUID_TEXT.fullmatch(raw) else None


def session_hash(session_id: str) -> bytes:
    """Return the 32 bytes under which a session is stored; the id itself never is.

    A plain SHA-256 is enough: the ids that this service makes have 128 random bits or more.
    """
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).digest()


def is_session_id(raw: str) -> bool:
    """Return whether `raw` is well-formed: 16 to 255 printable ASCII characters, no space."""
    return _SESSION_ID.fullmatch(raw) is not None


def chosen_request_id(given: str | None, new: str) -> str:
    """Return the caller's id of a request if it is harmless in logs and headers, else `new`."""
    return given if given and _REQUEST_ID.fullmatch(given) else new
