"""All that applies in a room at one moment, and what follows for somebody who speaks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.moderation import BANS, MUTES, SHADOWS, Role, Sanctions
from shared.domain.word_filter import compile_filter
from shared.domain.word_index import WordAction

if TYPE_CHECKING:
    from uuid import UUID

    from shared.domain.moderation import Sanction, SanctionKind, Who
    from shared.domain.word_filter import WordFilter


@dataclass(frozen=True, slots=True)
class RoomRules:
    """What staff have decided about one room, or (see `EVERYWHERE`) about all."""

    version: int = 0
    """Grows with every change."""
    locked: bool = False
    slow_seconds: int = 0
    """Between two messages of one person; 0: none."""
    notice: str | None = None
    moderators: frozenset[str] = frozenset()
    """User ids."""
    sanctions: Sanctions = field(default_factory=Sanctions)
    words: WordFilter = field(default_factory=lambda: compile_filter(()))


NO_RULES: Final = RoomRules()


@dataclass(frozen=True, slots=True)
class Law:
    """The rules of a room and those of all rooms, together."""

    room: RoomRules = NO_RULES
    everywhere: RoomRules = NO_RULES

    def role_of(self, user: str, owner: UUID | None) -> Role:
        """What `user` is in the room."""
        if owner is not None and user == str(owner):
            return Role.OWNER
        return Role.MODERATOR if user in self.room.moderators else Role.NOBODY

    def binding(self, role: Role) -> Law:
        """What of it binds one who is `role`.

        Staff are above the rules of their room, and still meant by what was decided about them by
        user id, by somebody above them. What holds in all rooms holds for them too.
        """
        if not role.is_staff:
            return self
        about_them = Sanctions(by_user=self.room.sanctions.by_user)
        return Law(RoomRules(sanctions=about_them), self.everywhere)

    def ban_of(self, who: Who, micros: int) -> Sanction | None:
        """Why `who` may not be here."""
        return self._find(who, BANS, micros)

    def mute_of(self, who: Who, micros: int) -> Sanction | None:
        """Why `who` may not speak."""
        return self._find(who, MUTES, micros)

    def shadow_of(self, who: Who, micros: int) -> Sanction | None:
        """Why nobody hears `who`."""
        return self._find(who, SHADOWS, micros)

    def censor(self, content: str) -> tuple[WordAction | None, str]:
        """What is to be done about words in `content`, and the content with them masked."""
        worst: WordAction | None = None
        for rules in (self.everywhere, self.room):
            verdict = rules.words.judge(content)
            if verdict.action is None:
                continue
            if worst is None or _SEVERITY[verdict.action] > _SEVERITY[worst]:
                worst = verdict.action
            content = verdict.masked(content)
        return worst, content

    def _find(self, who: Who, kinds: frozenset[SanctionKind], micros: int) -> Sanction | None:
        for rules in (self.everywhere, self.room):
            if rules.sanctions and (found := rules.sanctions.find(who, kinds, micros)) is not None:
                return found
        return None


_SEVERITY: Final = {WordAction.MASK: 0, WordAction.HOLD: 1, WordAction.BLOCK: 2}
