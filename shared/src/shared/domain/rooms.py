"""What a room may be called, say of itself, and hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain import rules
from shared.domain.names import MAX_NAME_BYTES, MAX_NAME_GRAPHEMES, normalise_name
from shared.domain.rules import RuleViolation
from shared.domain.text import (
    exceeds_graphemes,
    has_bidi_override,
    has_control_characters,
    nfc,
    strip_blank,
    unify_newlines,
    utf8_length,
)

if TYPE_CHECKING:
    from uuid import UUID

NAME_FIELD: Final = "name"
DESCRIPTION_FIELD: Final = "description"
MAX_USERS_FIELD: Final = "max_users"


@dataclass(frozen=True, slots=True)
class RoomRules:
    """The limits of a room's fields: graphemes, UTF-8 bytes, people."""

    max_name_graphemes: int = MAX_NAME_GRAPHEMES
    max_name_bytes: int = MAX_NAME_BYTES
    max_description_graphemes: int = 2_000
    max_description_bytes: int = 40 * 1024
    min_max_users: int = 2
    max_max_users: int = 100_000
    default_max_users: int = 100


ROOM_RULES: Final = RoomRules()

_DIGITS: Final = re.compile(r"[+-]?[0-9]{1,12}")


def normalise_room_name(raw: str) -> str:
    """Return the room's name; rules and errors of names.normalise_name, field "name"."""
    return normalise_name(raw, field=NAME_FIELD)


def normalise_description(raw: str | None) -> str | None:
    r"""Return the description in NFC, trimmed, line breaks as "\n"; None when there is none.

    Raises:
        RuleViolation: description; too_long (2,000 graphemes, 40 KiB) or control_characters.

    """
    if raw is None:
        return None
    text = strip_blank(unify_newlines(raw))
    if not text:
        return None
    _check_description_bytes(text)
    if has_control_characters(text, allow_newlines=True) or has_bidi_override(text):
        raise RuleViolation(DESCRIPTION_FIELD, rules.CONTROL_CHARACTERS)
    text = nfc(text)
    limit = ROOM_RULES.max_description_graphemes
    if exceeds_graphemes(text, limit):
        raise RuleViolation(DESCRIPTION_FIELD, rules.TOO_LONG, limit=limit, unit="graphemes")
    _check_description_bytes(text)  # NFC can lengthen a text
    return text


def check_max_users(raw: object) -> int:
    """Return how many people the room holds, from an int or its decimal digits.

    Raises:
        RuleViolation: max_users; not_a_number, or out_of_range (2 to 100,000).

    """
    if isinstance(raw, str) and _DIGITS.fullmatch(raw.strip()):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise RuleViolation(MAX_USERS_FIELD, rules.NOT_A_NUMBER)
    minimum, maximum = ROOM_RULES.min_max_users, ROOM_RULES.max_max_users
    if not minimum <= raw <= maximum:
        raise RuleViolation(MAX_USERS_FIELD, rules.OUT_OF_RANGE, minimum=minimum, maximum=maximum)
    return raw


def default_room_name(room_id: UUID) -> str:
    """Return the name of a room that was opened by its id alone."""
    return f"রুম {str(room_id)[:8]}"


def _check_description_bytes(text: str) -> None:
    limit = ROOM_RULES.max_description_bytes
    if utf8_length(text) > limit:
        raise RuleViolation(DESCRIPTION_FIELD, rules.TOO_LONG, limit=limit, unit="bytes")
