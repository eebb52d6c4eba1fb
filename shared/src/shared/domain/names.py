"""Names that people see: of users, and by the same rules of rooms; and the users' colours."""

from __future__ import annotations

import re
from typing import Final

from shared.domain import rules
from shared.domain.rules import RuleViolation
from shared.domain.text import (
    exceeds_graphemes,
    has_bidi_override,
    has_control_characters,
    nfc,
    strip_blank,
    utf8_length,
)

USERNAME_FIELD: Final = "username"
COLOR_FIELD: Final = "color"

DEFAULT_USERNAME: Final = "অতিথি"
DEFAULT_COLOR: Final = "#007bff"
MAX_NAME_GRAPHEMES: Final = 100
MAX_NAME_BYTES: Final = 3_200
"""Far above a hundred conjuncts with vowel signs (about 18 bytes each)."""

_COLOR: Final = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)
_SHORT_COLOR_LENGTH: Final = len("#rgb")
# Zero-width space, word joiner, BOM and soft hyphen do nothing at an edge but fake a new name.
_EDGE: Final = "\u200b\u2060\ufeff\u00ad"
_BADGES: Final = re.compile(
    "["
    "\u221a\u2611\u2705\u2713\u2714\U0001f5f8\U0001f5f9"  # √ ☑ ✅ ✓ ✔ 🗸 🗹: verified
    "\u26e8\U0001f6e1"  # ⛨ 🛡: a guard
    "\u2654\u2655\u265a\u265b\U0001f451"  # ♔ ♕ ♚ ♛ 👑: the owner
    "\u235f\u2605\u2606\u269d\u272a-\u2730\u2b50\U0001f31f"  # ⍟ ★ ☆ ⚝ ✪… ⭐ 🌟: the staff
    "][\ufe0e\ufe0f]?"
)
"""What other services put behind the names of those whom they have verified or who run them."""


def normalise_name(raw: str, *, field: str) -> str:
    """Return `raw` in NFC, trimmed, its runs of white space folded to one space.

    ZWJ and ZWNJ inside stay (র‍্যাব). 1 to 100 graphemes, at most 3,200 UTF-8 bytes.

    Raises:
        RuleViolation: for `field`, with blank, too_long or control_characters (controls, line
            separators, lone surrogates, bidi embeddings, overrides and isolates).

    """
    name = _trim(raw)
    if not name:
        raise RuleViolation(field, rules.BLANK)
    if utf8_length(name) > MAX_NAME_BYTES:
        raise RuleViolation(field, rules.TOO_LONG, limit=MAX_NAME_BYTES, unit="bytes")
    if has_control_characters(name, allow_newlines=False) or has_bidi_override(name):
        raise RuleViolation(field, rules.CONTROL_CHARACTERS)
    name = " ".join(nfc(name).split())
    if exceeds_graphemes(name, MAX_NAME_GRAPHEMES):
        raise RuleViolation(field, rules.TOO_LONG, limit=MAX_NAME_GRAPHEMES, unit="graphemes")
    if utf8_length(name) > MAX_NAME_BYTES:  # NFC can lengthen a text
        raise RuleViolation(field, rules.TOO_LONG, limit=MAX_NAME_BYTES, unit="bytes")
    return name


def normalise_username(raw: str) -> str:
    """Return the username as stored and shown; rules and errors of normalise_name.

    Marks that would pass for a badge are taken out wherever they stand: at the ends alone, a dot
    behind them would save them. A name of such marks alone is reserved.
    """
    name = normalise_name(raw, field=USERNAME_FIELD)
    plain = _BADGES.sub("", name)
    if plain == name:
        return name
    if not _trim(plain):
        raise RuleViolation(USERNAME_FIELD, rules.RESERVED)
    return normalise_name(plain, field=USERNAME_FIELD)


def normalise_color(raw: str) -> str:
    """Return the colour as lower-case #rrggbb; accepts #rgb and #rrggbb in either case.

    Raises:
        RuleViolation: color, not_a_color.

    """
    color = raw.strip()
    if _COLOR.fullmatch(color) is None:
        raise RuleViolation(COLOR_FIELD, rules.NOT_A_COLOR)
    if len(color) == _SHORT_COLOR_LENGTH:
        color = "#" + "".join(digit * 2 for digit in color[1:])
    return color.lower()


def _trim(raw: str) -> str:
    trimmed = strip_blank(raw)
    while trimmed and (trimmed[0] in _EDGE or trimmed[-1] in _EDGE):
        trimmed = trimmed.strip(_EDGE).strip()
    return trimmed
