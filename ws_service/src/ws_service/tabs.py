"""What the connections of one user share on this replica."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.budgets import COSTS, Action, Scope
from shared.protocol.errors import ChatError, ErrorCode, RateLimited
from ws_service.session import (
    FLOOD_STRIKES,
    RENAME_BURST,
    RENAMES_PER_SECOND,
    SUSPECT_STRIKES,
    Allowance,
)

if TYPE_CHECKING:
    from uuid import UUID

    from shared.domain.account import Account
    from shared.limits.ledger import Ledger
    from ws_service.settings import WsSettings

REMEMBERED_SECONDS: Final = RENAME_BURST / RENAMES_PER_SECOND
"""After the last tab of one who took a new name: who comes back sooner goes on with what was left
to them, else every reload would bring as many names again."""
MOST_REMEMBERED: Final = 65_536
"""Users; beyond it the one who left first is forgotten."""


@dataclass(slots=True)
class Tabs:
    """Of one user."""

    allowance: Allowance
    account: Account | None
    """What the user may do over all replicas."""
    count: int = 0


class TabsByUser:
    """For the event loop's thread alone. `now` is in seconds of a monotonic clock."""

    def __init__(self, settings: WsSettings, ledger: Ledger) -> None:
        self._settings = settings
        self._ledger = ledger
        self._here: dict[UUID, Tabs] = {}
        self._left: dict[UUID, tuple[float, Allowance]] = {}
        """When they left, who is remembered; the last to leave is the last."""

    def __len__(self) -> int:
        """Users with a connection here."""
        return len(self._here)

    def __contains__(self, user: UUID) -> bool:
        return user in self._here

    def take_place(self, user: UUID, now: float, *, suspect: bool) -> Tabs:
        """One connection more of this user; `give_back` undoes it.

        Raises:
            ChatError: `too_many_connections`.
            RateLimited: the user does too much.
        """
        settings = self._settings
        tabs = self._here.get(user)
        if tabs is None:
            allowance = self._allowance(user, now)
            allowance.most_strikes = SUSPECT_STRIKES if suspect else FLOOD_STRIKES
            account = self._ledger.open(Scope.SESSION, str(user), settings.limit_session)
            tabs = self._here[user] = Tabs(allowance, account)
        tabs.count += 1
        wait = 0.0 if tabs.account is None else tabs.account.wait(now)
        if wait > 0 or tabs.count > settings.max_tabs:
            self.give_back(user, now)
            if wait > 0:
                raise RateLimited("session", wait, int(settings.limit_session.burst))
            raise ChatError(ErrorCode.TOO_MANY_CONNECTIONS)
        if tabs.account is not None:
            tabs.account.spend(COSTS[Action.JOIN])
        return tabs

    def give_back(self, user: UUID, now: float) -> None:
        """One connection less."""
        tabs = self._here[user]
        tabs.count -= 1
        if tabs.count:
            return
        del self._here[user]
        self._ledger.close(tabs.account)
        self._forget(now)
        if now - tabs.allowance.renamed_at < REMEMBERED_SECONDS:
            self._left[user] = now, tabs.allowance

    def _allowance(self, user: UUID, now: float) -> Allowance:
        _, allowance = self._left.pop(user, (now, None))
        if allowance is None:
            settings = self._settings
            allowance = Allowance(now, burst=settings.command_burst, rate=settings.command_rate)
        return allowance

    def _forget(self, now: float) -> None:
        while self._left:
            user, (left_at, _) = next(iter(self._left.items()))
            if len(self._left) < MOST_REMEMBERED and now - left_at < REMEMBERED_SECONDS:
                return
            del self._left[user]
