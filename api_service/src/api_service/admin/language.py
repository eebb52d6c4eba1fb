"""The reader's language: their own choice, else what the browser asks for; numbers and times."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from api_service.admin.texts import TEXTS
from shared.domain.times import DHAKA
from shared.protocol.errors import FIELD_TEXTS, ChatError, ErrorCode, language_of

if TYPE_CHECKING:
    from shared.protocol.errors import Language

_BANGLA_DIGITS: Final = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
_MONTHS: Final = (
    ("জানুয়ারি", "January"),
    ("ফেব্রুয়ারি", "February"),
    ("মার্চ", "March"),
    ("এপ্রিল", "April"),
    ("মে", "May"),
    ("জুন", "June"),
    ("জুলাই", "July"),
    ("আগস্ট", "August"),
    ("সেপ্টেম্বর", "September"),
    ("অক্টোবর", "October"),
    ("নভেম্বর", "November"),
    ("ডিসেম্বর", "December"),
)


def choose(asked: str | None, kept: str | None, accept_language: str | None) -> Language:
    """The language of a page: `asked` in the address, else `kept` in a cookie, else the header."""
    for said in (asked, kept):
        if said == "en":
            return "en"
        if said == "bn":
            return "bn"
    return language_of(accept_language)


class Speech:
    """Says everything in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = 1 if language == "en" else 0

    def text(self, key: str, **values: object) -> str:
        """The text of `key`; `values` fill its braces."""
        return TEXTS[key][self._column].format(**values)

    def problem(self, code: str) -> str:
        """What is wrong with a field."""
        if own := TEXTS.get(f"problem.{code}"):
            return own[self._column]
        if code in set(ErrorCode):
            return ChatError(ErrorCode(code)).text(self.language)
        return FIELD_TEXTS.get(code, FIELD_TEXTS["invalid"])[self._column]

    def status(self, status: int) -> str:
        """What a status of HTTP means."""
        return TEXTS.get(f"status.{status}", TEXTS["status.400"])[self._column]

    def action(self, action: str) -> str:
        """What was done, of the record; other services may have words of their own."""
        known = TEXTS.get(f"action.{action}")
        return known[self._column] if known is not None else action

    def number(self, value: float) -> str:
        """A number with its thousands parted: ১২,৩৪৫."""
        return self._digits(f"{value:,}")

    def moment(self, value: datetime | None) -> str:
        """Date and time in Dhaka."""
        if value is None:
            return "—"
        return self._digits(value.astimezone(DHAKA).strftime("%Y-%m-%d %H:%M:%S"))

    def month(self, month: int) -> str:
        """The name of a month, 1 to 12."""
        return _MONTHS[month - 1][self._column]

    def plain_number(self, value: int) -> str:
        """As `number`, for years and days."""
        return self._digits(str(value))

    def _digits(self, text: str) -> str:
        return text.translate(_BANGLA_DIGITS) if self.language == "bn" else text
