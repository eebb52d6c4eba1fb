"""Makes rules felt: who may come in, and what becomes of those who are in when rules change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.moderation import Who, no_address
from shared.domain.worn_names import is_worn
from shared.protocol.close_codes import CloseCode
from shared.protocol.errors import ChatError, ErrorCode, Forbidden
from ws_service.standing import Standing

if TYPE_CHECKING:
    from shared.domain.moderation import Sanction
    from shared.limits.ledger import Ledger
    from shared.runtime.clock import Clock
    from shared.usecases.identify import Identity
    from ws_service.channels import Channels
    from ws_service.connection import Connection
    from ws_service.guards import Guard, Guards
    from ws_service.room_channel import RoomChannel
    from ws_service.visitors import Visitor

log = structlog.stdlib.get_logger()

COOLED_SECONDS: Final = 0.05
"""After the end of slow mode, so that it has ended."""


@dataclass(slots=True)
class Enforcement:
    """For the event loop's thread alone."""

    guards: Guards
    channels: Channels
    ledger: Ledger
    clock: Clock
    _cooling: dict[Guard, asyncio.TimerHandle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guards.on_change = self.apply

    def admit(
        self, identity: Identity, visitor: Visitor | None, channel: RoomChannel
    ) -> tuple[Standing, bool]:
        """What the rules of the room mean for one who wants to come in.

        Also whether they may do so under another name than they had: who is muted would speak by
        it.

        Raises:
            Forbidden: `banned`.
            ChatError: `room_locked`.
            ValidationFailed: their name.
        """
        guard, user = self.guards[channel.room], str(identity.user.id)
        wish, name = identity.user.username, identity.known.username
        worn = channel.roster.worn(user)
        if worn is not None and not is_worn(worn.username, name):
            name = worn.username  # they took another name elsewhere
        address_on = no_address if visitor is None else visitor.name_on
        standing = Standing(guard, self.ledger, Who(user, name, address_on))
        micros = self.clock.micros()
        ban = self._work_out(guard, standing)
        may_rename = not standing.is_silent(self.clock.monotonic())
        if may_rename and wish != name:
            standing.who = standing.who._replace(username=wish)
            ban = self._work_out(guard, standing)
        if ban is not None:
            raise _banned(ban, micros)
        # Who is in, or has just gone to reload, is not new.
        if guard.is_locked() and not standing.role.is_staff and worn is None:
            raise ChatError(ErrorCode.ROOM_LOCKED, room=str(channel.room))
        standing.check_name(standing.who.username)
        return standing, may_rename

    def judge(self, connection: Connection) -> None:
        """Works out anew what applies to somebody, and closes on whom is banned."""
        standing = connection.standing
        standing.who = standing.who._replace(username=connection.naming.asked.username)
        ban = self._work_out(self.guards[connection.channel.room], standing)
        if ban is not None and not connection.closing:
            connection.refuse(_banned(ban, self.clock.micros()))
            connection.close(CloseCode.REFUSED)

    def apply(self, guard: Guard) -> None:
        """Other rules apply in a room: everybody in it is judged, and told what they may know."""
        channel = self.channels[guard.room]
        for member in list(channel.members.values()):
            member.judge()
        now = self.clock.monotonic()
        news = guard.news(self.clock.micros(), now)
        if news is not None:
            channel.emit(news)
        self._look_again(guard, guard.cools_in(now))

    def _look_again(self, guard: Guard, seconds: float) -> None:
        """Slow mode that began by itself ends by itself."""
        waiting = self._cooling.pop(guard, None)
        if waiting is not None:
            waiting.cancel()
        if seconds > 0:
            loop = asyncio.get_running_loop()
            self._cooling[guard] = loop.call_later(seconds + COOLED_SECONDS, self._cooled, guard)

    def _cooled(self, guard: Guard) -> None:
        del self._cooling[guard]
        if guard.room in self.guards and self.guards[guard.room] is guard:
            self.apply(guard)

    def _work_out(self, guard: Guard, standing: Standing) -> Sanction | None:
        role = guard.law.role_of(standing.who.user, guard.owner)
        return standing.work_out(role, self.clock.micros(), self.clock.monotonic())


def _banned(ban: Sanction, micros: int) -> Forbidden:
    left = None if ban.until_micros is None else max(0.0, (ban.until_micros - micros) / 1e6)
    return Forbidden(ErrorCode.BANNED, left)
