"""What the rules of a room mean for one connection in it. Pure but for slow mode's accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.domain.budgets import Budget, Scope
from shared.domain.moderation import Role
from shared.domain.word_index import WordAction
from shared.protocol.errors import (
    ChatError,
    ErrorCode,
    Forbidden,
    SlowedDown,
    ValidationFailed,
)

if TYPE_CHECKING:
    from shared.domain.account import Account
    from shared.domain.moderation import Sanction, Who
    from shared.limits.ledger import Ledger
    from ws_service.guards import Guard

FOR_EVER: Final = float("inf")


class Standing:
    """Of one user in one room; looked at for each message, so most of it is worked out before.

    Times in seconds of the monotonic clock unless they say otherwise.
    """

    __slots__ = (
        "_account",
        "_guard",
        "_ledger",
        "_muted_until",
        "_next_at",
        "_sanctioned_until",
        "_slow_seconds",
        "role",
        "shadow_until",
        "who",
    )

    def __init__(self, guard: Guard, ledger: Ledger, who: Who) -> None:
        self.who = who
        self.role = Role.NOBODY
        self.shadow_until = 0.0
        """Until then nobody else hears what they say."""
        self._guard = guard
        self._ledger = ledger
        self._muted_until = 0.0
        self._sanctioned_until = 0.0
        self._slow_seconds = 0
        self._next_at = 0.0
        self._account: Account | None = None

    def work_out(self, role: Role, micros: int, now: float) -> Sanction | None:
        """Takes over what applies now; returns the ban, if there is one."""
        law = self._guard.law.binding(role)
        self.role = role
        self._muted_until = _until(law.mute_of(self.who, micros), micros, now)
        self.shadow_until = _until(law.shadow_of(self.who, micros), micros, now)
        self._sanctioned_until = max(self._muted_until, self.shadow_until)
        return law.ban_of(self.who, micros)

    def is_free(self, now: float) -> bool:
        """Do no rules mean anything for them? Nearly always so, and then nothing else is asked."""
        guard = self._guard
        return guard.is_plain and now >= self._sanctioned_until and now >= guard.hot_until

    def check_voice(self, now: float) -> None:
        """May they say anything, or be called otherwise?

        Raises:
            Forbidden: `muted`.
        """
        if now < self._muted_until:
            left = self._muted_until - now
            raise Forbidden(ErrorCode.MUTED, None if left == FOR_EVER else left)

    def is_silent(self, now: float) -> bool:
        """Must nobody hear that they type?"""
        return now < self._muted_until or now < self.shadow_until

    def may_show_typing(self, now: float) -> bool:
        """Is it the turn of this one, of all who type in the room?"""
        return self._guard.may_show_typing(now)

    def wait_to_rename(self, now: float) -> float:
        """Seconds until it is the turn of this one, of all who want other names; 0.0: now."""
        return 0.0 if self.role.is_staff else self._guard.wait_to_rename(now)

    def is_shadow(self, now: float) -> bool:
        """Does nobody hear them?"""
        return now < self.shadow_until

    def heat_room(self, now: float) -> None:
        """More is said in the room than it bears."""
        self._guard.heat(now)

    def check_pace(self, now: float) -> None:
        """Counts a message in slow mode.

        Raises:
            SlowedDown: the one before was too short a while ago.
        """
        seconds = self._guard.slow_seconds(now)
        if seconds != self._slow_seconds:
            self.close()
            self._slow_seconds = seconds
            if seconds:
                subject = f"{self._guard.room}:{self.who.user}:{seconds}"
                self._account = self._ledger.open(Scope.SLOW, subject, Budget(1, 1 / seconds))
        if self._account is None or self.role.is_staff:
            return
        # The account knows of other replicas; here it is known at once, and to the second.
        if (wait := max(self._account.wait(now), self._next_at - now)) > 0:
            raise SlowedDown(wait)
        self._account.spend(1.0)
        self._next_at = now + seconds

    def censor(self, content: str) -> tuple[bool, str]:
        """Whether the content must wait for staff, and what of it may be shown.

        Raises:
            ChatError: `words_refused`.
        """
        action, shown = self._guard.law.binding(self.role).censor(content)
        if action is None:
            return False, content
        if action is WordAction.BLOCK:
            raise ChatError(ErrorCode.WORDS_REFUSED)
        return action is WordAction.HOLD, content if action is WordAction.HOLD else shown

    def check_name(self, name: str) -> None:
        """May they bear a name with these words in it?

        Raises:
            ValidationFailed: no.
        """
        action, _ = self._guard.law.binding(self.role).censor(name)
        if action is not None:
            raise ValidationFailed.of("username", "unwanted_word")

    def close(self) -> None:
        """The connection has gone, or slow mode is another."""
        self._ledger.close(self._account)
        self._account, self._slow_seconds = None, 0


def _until(sanction: Sanction | None, micros: int, now: float) -> float:
    if sanction is None:
        return 0.0
    if sanction.until_micros is None:
        return FOR_EVER
    return now + (sanction.until_micros - micros) / 1e6
