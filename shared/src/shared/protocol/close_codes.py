"""Close codes of the chat socket: one table (RFC 6455 §7.4.2 leaves 4000-4999 to applications).

A client decides by `reconnect` alone. Never reuse a number: old clients remember the old meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.protocol.errors import Language

MAX_REASON_BYTES: Final = 123
"""What a close frame can carry besides its code (RFC 6455 §5.5)."""


class CloseCode(IntEnum):
    """Why a socket was closed by the server."""

    RESTART = 1012
    OVERLOAD = 1013
    BAD_REQUEST = 4000
    ROOM_FULL = 4001
    REFUSED = 4003
    FLOOD = 4008
    TOO_MANY_CONNECTIONS = 4009
    SLOW_CONSUMER = 4100
    NO_PONG = 4101
    RESYNC = 4102


@dataclass(frozen=True, slots=True)
class CloseInfo:
    """What the contract says of one close code."""

    reconnect: bool
    """Must the client come back by itself, with full jitter and its position?"""
    bn: str
    en: str
    label: str
    """Value of the metrics label `reason`."""


CLOSES: Final[dict[CloseCode, CloseInfo]] = {
    CloseCode.RESTART: CloseInfo(True, "সার্ভার নতুন করে চালু হচ্ছে", "Server restarts", "restart"),
    CloseCode.OVERLOAD: CloseInfo(True, "এখন খুব ভিড়", "Overloaded", "overload"),
    CloseCode.BAD_REQUEST: CloseInfo(False, "অনুরোধ সঠিক নয়", "Bad request", "bad_request"),
    CloseCode.ROOM_FULL: CloseInfo(False, "রুম পূর্ণ!", "The room is full", "room_full"),
    CloseCode.REFUSED: CloseInfo(False, "সংযোগের অনুমতি নেই", "Refused", "refused"),
    CloseCode.FLOOD: CloseInfo(False, "অতিরিক্ত বার্তা", "Flood", "flood"),
    CloseCode.TOO_MANY_CONNECTIONS: CloseInfo(
        False, "একসঙ্গে অনেক সংযোগ", "Too many connections", "too_many_connections"
    ),
    CloseCode.SLOW_CONSUMER: CloseInfo(True, "সংযোগ ধীর", "Slow consumer", "slow_consumer"),
    CloseCode.NO_PONG: CloseInfo(True, "সাড়া পাওয়া যায়নি", "No pong", "no_pong"),
    CloseCode.RESYNC: CloseInfo(True, "নতুন করে মেলাতে হবে", "Resync needed", "resync"),
}


def close_text(code: CloseCode, language: Language) -> str:
    """The reason to send with a close code: short enough for a close frame."""
    return CLOSES[code].en if language == "en" else CLOSES[code].bn
