"""The Bangla texts of system events; a burst of joins or leaves is folded into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_BANGLA_DIGITS: Final = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


def joined_text(names: Sequence[str]) -> str:
    """Return the announcement that `names` (one or more, oldest first) joined.

    Raises:
        ValueError: `names` is empty.

    """
    return f"🎉 {_folded(names)} চ্যাটরুমে যোগ দিয়েছেন!"


def left_text(names: Sequence[str]) -> str:
    """Return the announcement that `names` (one or more, oldest first) left.

    Raises:
        ValueError: `names` is empty.

    """
    return f"👋 {_folded(names)} চ্যাটরুম ছেড়েছেন"


def renamed_text(old: str, new: str) -> str:
    """Return the announcement that `old` goes by `new` from now on."""
    return f"📝 {old} এখন {new} নামে পরিচিত"


def bangla_digits(number: int) -> str:
    """Return `number` in Bangla digits, ungrouped."""
    return str(number).translate(_BANGLA_DIGITS)


def _folded(names: Sequence[str]) -> str:
    if not names:
        raise ValueError("an announcement needs a name")
    others = len(names) - 1
    return f"{names[0]} এবং আরও {bangla_digits(others)} জন" if others else names[0]
