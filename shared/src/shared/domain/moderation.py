"""What staff may decide about a room, and what follows for somebody in it. Pure.

Times in µs since 1970 UTC. Rules of a room and those of all rooms have one form and are judged one
after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from typing_extensions import override

from shared.domain.name_patterns import NamePattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EVERYWHERE: Final = UUID(int=0)
"""Stands for all rooms where the id of one could stand."""

MOST_SLOW_SECONDS: Final = 3600
MOST_NOTICE_GRAPHEMES: Final = 300
MOST_REASON_GRAPHEMES: Final = 200
MOST_SANCTIONS: Final = 5000
"""In force in one room at once: each replica holds them in memory."""
MOST_WORDS: Final = 2000


class SanctionKind(StrEnum):
    """What somebody may not do any more."""

    BAN = "ban"
    """Be in the room."""
    MUTE = "mute"
    """Say, change or type anything, or take another name."""
    SHADOW_MUTE = "shadow_mute"
    """As `mute`, and is not told so: they alone hear what they say."""


class SubjectKind(StrEnum):
    """By what somebody is known who has no account."""

    USER = "user"
    """A user id: the holder of a session."""
    ADDRESS = "address"
    """`<day>:<name>`: the name that an address had on a day, see `shared.limits.addresses`."""
    NAME = "name"
    """A pattern of names, see `shared.domain.name_patterns`."""


class Role(StrEnum):
    """What somebody is in a room."""

    NOBODY = "nobody"
    MODERATOR = "moderator"
    OWNER = "owner"
    ADMIN = "admin"
    """Of all rooms."""

    @property
    def is_staff(self) -> bool:
        """May they moderate?"""
        return self is not Role.NOBODY


RANKS: Final = (Role.NOBODY, Role.MODERATOR, Role.OWNER, Role.ADMIN)


def outranks(one: Role, other: Role) -> bool:
    """May `one` act against `other`?"""
    return RANKS.index(one) > RANKS.index(other)


@dataclass(frozen=True, slots=True)
class Sanction:
    """One decision about one subject."""

    id: UUID
    kind: SanctionKind
    subject_kind: SubjectKind
    subject: str
    until_micros: int | None
    """None: until it is lifted."""
    reason: str = ""

    def in_force(self, micros: int) -> bool:
        """Does it still apply?"""
        return self.until_micros is None or micros < self.until_micros


class Origin(NamedTuple):
    """An address by the name that it had on a day (since 1970)."""

    day: int
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.day}:{self.name}"  # as the subject of a sanction


class Who(NamedTuple):
    """Somebody, as far as sanctions know them."""

    user: str
    """User id."""
    username: str
    address_on: Callable[[int], str | None]
    """The name of their address on a day (since 1970); None where it is not known."""


def no_address(_day: int) -> None:
    """Of one whose address is not counted."""
    return


@dataclass(frozen=True, slots=True)
class Sanctions:
    """Those of one room, found by subject: what one costs who is not meant must be little."""

    by_user: dict[str, list[Sanction]] = field(default_factory=dict)
    by_address: dict[int, dict[str, list[Sanction]]] = field(default_factory=dict)
    """By day, then by name."""
    by_name: list[tuple[NamePattern, Sanction]] = field(default_factory=list)

    @classmethod
    def of(cls, sanctions: Iterable[Sanction]) -> Sanctions:
        """Sorts them by subject; an address that is written otherwise meets nobody."""
        found = cls()
        for sanction in sanctions:
            if sanction.subject_kind is SubjectKind.USER:
                found.by_user.setdefault(sanction.subject, []).append(sanction)
            elif sanction.subject_kind is SubjectKind.NAME:
                found.by_name.append((NamePattern(sanction.subject), sanction))
            else:
                day, _, name = sanction.subject.partition(":")
                if day.isdecimal():
                    names = found.by_address.setdefault(int(day), {})
                    names.setdefault(name, []).append(sanction)
        return found

    def __bool__(self) -> bool:
        return bool(self.by_user or self.by_address or self.by_name)

    def find(self, who: Who, kinds: frozenset[SanctionKind], micros: int) -> Sanction | None:
        """One of `kinds` that meets `who` now; of several the one that lasts longest."""
        met = list(self.by_user.get(who.user, ()))
        for day, names in self.by_address.items():
            met += names.get(who.address_on(day) or "", ())
        met += [sanction for pattern, sanction in self.by_name if pattern.matches(who.username)]
        forever = float("inf")
        return max(
            (s for s in met if s.kind in kinds and s.in_force(micros)),
            key=lambda s: forever if s.until_micros is None else s.until_micros,
            default=None,
        )


BANS: Final = frozenset({SanctionKind.BAN})
MUTES: Final = frozenset({SanctionKind.MUTE})
SHADOWS: Final = frozenset({SanctionKind.SHADOW_MUTE})
