"""The name under which somebody is seen in a room: as they asked for it, or with a number behind.

Nobody in a room wears a name that looks like another's; who comes second is "রাকিব ২". The number
belongs to the room: elsewhere, and to their session, they go by the name that they asked for.
"""

from __future__ import annotations

from typing import Final

from shared.domain.announcements import bangla_digits
from shared.domain.names import MAX_NAME_BYTES, MAX_NAME_GRAPHEMES
from shared.domain.text import first_graphemes, utf8_length

NUMBER_GRAPHEMES: Final = 7
"""A space and six digits: of more people than a room can hold."""
NUMBER_BYTES: Final = 1 + 6 * 3


def stem(name: str) -> str:
    """The part of `name` that stays when a number comes behind it: nearly always all of it."""
    short = first_graphemes(name, MAX_NAME_GRAPHEMES - NUMBER_GRAPHEMES)
    if utf8_length(short) > MAX_NAME_BYTES - NUMBER_BYTES:
        short = short.encode()[: MAX_NAME_BYTES - NUMBER_BYTES].decode(errors="ignore")
    return short.rstrip()


def numbered(name: str, number: int) -> str:
    """`name` as worn by the `number`th; the first wears it as it is."""
    return name if number == 1 else f"{stem(name)} {bangla_digits(number)}"


def is_worn(worn: str, name: str) -> bool:
    """Is `worn` what `name` looks like in a room, with whichever number behind it?"""
    return numbered(name, number_of(worn, name)) == worn


def number_of(worn: str, name: str) -> int:
    """Which number makes `name` into `worn`; 1 if none does."""
    digits = worn.removeprefix(f"{stem(name)} ")
    number = int(digits) if digits.isdecimal() else 1
    return number if numbered(name, number) == worn else 1
