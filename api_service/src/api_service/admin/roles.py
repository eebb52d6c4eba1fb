"""Who may do what in the pages of administrators. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Each role may do all that those before it may."""

    VIEWER = "viewer"
    MODERATOR = "moderator"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """May this role do what `other` may?"""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER: Final = tuple(Role)
