"""What one connection may do and what follows from it. Pure: frames and time in, effects out.

Nothing here waits, knows the clock, or touches the socket or Redis; `connection.py` carries the
effects out, in order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from shared.domain.budgets import COSTS, Action, price_in_room
from shared.domain.names import normalise_color, normalise_username
from shared.domain.reserved_names import NOTHING_RESERVED
from shared.domain.rules import RuleViolation
from shared.domain.token_bucket import TokenBucket
from shared.protocol.close_codes import CloseCode
from shared.protocol.commands import (
    AnyCommand,
    HistoryCommand,
    MessageCommand,
    PingCommand,
    TypingCommand,
    UserUpdateCommand,
    client_id_of,
    parse_command,
)
from shared.protocol.errors import ChatError, ErrorCode, RateLimited, ValidationFailed
from shared.usecases.post_message import CheckedDraft, Draft, check_draft
from ws_service.effects import (
    Close,
    Effect,
    Fetch,
    Pause,
    Pong,
    Post,
    Refuse,
    Rename,
    Typing,
    Unheard,
)

if TYPE_CHECKING:
    from collections.abc import Sized

    from shared.domain.account import Account
    from shared.domain.reserved_names import ReservedNames
    from ws_service.standing import Standing

TYPING_INTERVAL_SECONDS: Final = 1.0
TYPING_EXPIRY_SECONDS: Final = 5.0
REFUSAL_INTERVAL_SECONDS: Final = 1.0
FLOOD_STRIKES: Final = 50
"""Commands that are refused, and not forgiven by time, before a connection is closed."""
SUSPECT_STRIKES: Final = 10
"""The same for who comes from where floods came from lately."""
STRIKES_TO_PAUSE: Final = 10
PAUSE_SECONDS: Final = 4.0
"""After the tenth of them nothing is read for so long at least (see Intake), and twice as long
after each ten more: what is not read costs nothing to refuse, and TCP keeps it where it is. To be
held is dearer for who floods than to be thrown out, and cheaper for everybody else than their
coming in again."""
FORGIVEN_PER_SECOND: Final = 1.0
"""Strikes. So who types against slow mode is only told, and who floods it is sent away."""

CROWDED_SECONDS: Final = 1.0
"""After which to try again at the earliest where a room bears no more: as fast as strikes are
forgiven, so that who heeds it is never sent away."""

RENAME_COST: Final = 5.0
"""Of one `user_update`, in commands: everybody in the room is sent the list of users anew."""
RENAME_BURST: Final = 5.0
RENAMES_PER_SECOND: Final = 0.2
"""Of one user; the room has a bound of its own besides, see Guard."""

_PRICES: Final[dict[type, float]] = {
    MessageCommand: COSTS[Action.MESSAGE],
    HistoryCommand: COSTS[Action.MESSAGE],
    TypingCommand: COSTS[Action.TYPING],
    PingCommand: COSTS[Action.TYPING],
    UserUpdateCommand: COSTS[Action.RENAME],
}
"""What commands cost the accounts of the user and of the address."""


class Allowance:
    """What one user may do, over all their connections to a replica."""

    __slots__ = ("_renames", "bucket", "most_strikes", "renamed_at", "typing_told_at")

    def __init__(
        self, now: float, *, burst: float, rate: float, most_strikes: int = FLOOD_STRIKES
    ) -> None:
        """`burst` and `rate` (per second) bound the commands, `most_strikes` those refused."""
        self.most_strikes = most_strikes
        self.bucket = TokenBucket(burst, rate, now)
        self._renames = TokenBucket(RENAME_BURST, RENAMES_PER_SECOND, now)
        self.renamed_at = -math.inf
        self.typing_told_at = now - TYPING_INTERVAL_SECONDS

    def wait_to_rename(self, now: float, standing: Standing | None) -> float:
        """Counts one new name, if there is a place for it: 0.0. Else the seconds until then."""
        wait = self._renames.take(now)
        if wait <= 0 and standing is not None:
            wait = standing.wait_to_rename(now)
            if wait > 0:  # it is the others who rename
                self._renames.give_back()
        if wait <= 0:
            self.renamed_at = now
        return wait


class Session:
    """The state of one connection. `now` is in seconds of a monotonic clock."""

    __slots__ = (
        "_account",
        "_address",
        "_allowance",
        "_crowd",
        "_refused_at",
        "_reserved",
        "_room",
        "_shown",
        "_standing",
        "_strikes",
        "_struck_at",
        "_typing_until",
        "_wanted",
    )

    def __init__(
        self,
        allowance: Allowance,
        account: Account | None = None,
        address: Account | None = None,
        room: Account | None = None,
        reserved: ReservedNames = NOTHING_RESERVED,
        standing: Standing | None = None,
        crowd: Sized = (),
    ) -> None:
        """`account` (the user's) and `address` pay for every command, `room` for messages.

        `reserved` nobody may be called.

        Without `standing` somebody stands above the rules of the room. `crowd`: all who hear them
        at this replica.
        """
        self._allowance = allowance
        self._crowd = crowd
        self._account = account
        self._address = address
        self._room = room
        self._reserved = reserved
        self._standing = standing
        self._strikes = 0.0
        self._struck_at = 0.0
        self._refused_at = -REFUSAL_INTERVAL_SECONDS
        self._wanted = False
        self._shown = False
        self._typing_until = 0.0

    @property
    def needs_ticks(self) -> bool:
        """Will time alone have an effect?"""
        return self._shown or self._wanted

    def receive(self, text: str, now: float) -> list[Effect]:
        """One text frame from the client."""
        if (wait := self._wait(now)) > 0:
            return self._strike(now, _too_fast(wait), client_id_of(text))
        if (wait := self._neighbours_wait(now)) > 0:
            return self._told(now, _too_fast(wait), client_id_of(text))
        price = COSTS[Action.MESSAGE]
        try:
            command = parse_command(text)
            price = _PRICES[type(command)]
            effects = self._obey(command, now)
        except RateLimited as limited:
            return self._strike(now, limited, client_id_of(text))
        except ChatError as error:
            return [Refuse(error, client_id_of(text))]
        except RuleViolation as violation:
            refusal = ValidationFailed.of(violation.field, violation.code)
            return [Refuse(refusal, client_id_of(text))]
        else:
            return effects
        finally:
            self._pay(price)

    def refuse_binary(self, now: float) -> list[Effect]:
        """A frame that is not text; it counts like any other."""
        if (wait := self._wait(now)) > 0:
            return self._strike(now, _too_fast(wait))
        if (wait := self._neighbours_wait(now)) > 0:
            return self._told(now, _too_fast(wait))
        self._pay(COSTS[Action.MESSAGE])
        return [Refuse(ChatError(ErrorCode.BINARY_FRAME))]

    def tick(self, now: float) -> list[Typing]:
        """Time has passed."""
        if self._wanted and (now >= self._typing_until or self._must_be_silent(now)):
            self._wanted = False
        return self._tell_typing(now)

    def end(self) -> list[Typing]:
        """The connection is gone: who is gone does not type."""
        shown, self._shown, self._wanted = self._shown, False, False
        return [Typing(typing=False)] if shown else []

    def _obey(self, command: AnyCommand, now: float) -> list[Effect]:
        if isinstance(command, MessageCommand):
            return self._message(command, now)
        if isinstance(command, TypingCommand):
            return self._type(now, typing=command.typing)
        if isinstance(command, UserUpdateCommand):
            if (wait := self._wait(now, RENAME_COST - 1)) > 0:
                raise _too_fast(wait)
            return self._rename(command, now)
        if isinstance(command, HistoryCommand):
            if command.before is not None and command.after is not None:
                raise ValidationFailed.of("after", "invalid")
            return [Fetch(command.before, command.after, command.limit)]
        assert isinstance(command, PingCommand)  # noqa: S101 - the union is exhausted
        return [Pong(command.t)]

    def _type(self, now: float, *, typing: bool) -> list[Effect]:
        if self._must_be_silent(now):
            return []
        self._wanted = typing
        self._typing_until = now + TYPING_EXPIRY_SECONDS
        return [*self._tell_typing(now, renewed=True)]

    def _must_be_silent(self, now: float) -> bool:
        return self._standing is not None and self._standing.is_silent(now)

    def _message(self, command: MessageCommand, now: float) -> list[Effect]:
        draft = check_draft(
            Draft(
                command.content,
                command.client_id,
                command.message_type,
                command.file_url,
                command.reply_to,
            )
        )
        if draft is None:
            return []
        if self._room is not None and (wait := self._room.wait(now)) > 0:
            if self._standing is not None:
                self._standing.check_voice(now)
                self._standing.heat_room(now)
            raise _too_fast(max(wait, CROWDED_SECONDS))
        effect: Effect = Post(draft)
        if self._standing is not None and not self._standing.is_free(now):
            effect = _judge(draft, self._standing, now)
        if self._room is not None:
            self._room.spend(price_in_room(len(self._crowd), len(draft.content)))
        # Who has sent does not type any more; the others see it with the message.
        self._wanted = False
        return [effect, *self._tell_typing(now)]

    def _rename(self, command: UserUpdateCommand, now: float) -> list[Effect]:
        # As in the original, a blank name means "keep it".
        given = command.username is not None and command.username.strip()
        name = normalise_username(command.username or "") if given else None
        if name is not None:
            self._reserved.check(name)
        color = normalise_color(command.color) if command.color else None
        if self._standing is not None:
            self._standing.check_voice(now)
            if name is not None:
                self._standing.check_name(name)
            if self._standing.is_shadow(now):
                return []  # a new name is heard by the whole room
        if not name and not color:
            return []
        if (wait := self._allowance.wait_to_rename(now, self._standing)) > 0:
            raise _too_fast(wait)
        return [Rename(name, color)]

    def _tell_typing(self, now: float, *, renewed: bool = False) -> list[Typing]:
        """What the room must hear of now; later if it heard something within the last second."""
        told_at = self._allowance.typing_told_at
        if now < told_at + TYPING_INTERVAL_SECONDS:
            return []
        # What is shown is told again when the client renews it, in time before it expires.
        again = self._wanted and renewed and now >= told_at + TYPING_EXPIRY_SECONDS / 2
        if self._wanted == self._shown and not again:
            return []
        if self._standing is not None and not self._standing.may_show_typing(now):
            return []
        self._allowance.typing_told_at, self._shown = now, self._wanted
        return [Typing(self._wanted)]

    def _wait(self, now: float, cost: float = 1.0) -> float:
        """Counts one frame; seconds after which it would not be one too many, 0.0 if it is not."""
        wait = self._allowance.bucket.take(now, cost)
        return wait if self._account is None else max(wait, self._account.wait(now))

    def _neighbours_wait(self, now: float) -> float:
        """The same for all at this address. That is others' doing, and so never a strike."""
        return 0.0 if self._address is None else self._address.wait(now)

    def _strike(self, now: float, error: RateLimited, client_id: str | None = None) -> list[Effect]:
        """One was too many; whoever does not heed that is sent away."""
        forgiven = max(0.0, now - self._struck_at) * FORGIVEN_PER_SECOND
        self._strikes = max(0.0, self._strikes - forgiven) + 1
        self._struck_at = now
        if self._strikes >= self._allowance.most_strikes:
            return [Close(CloseCode.FLOOD)]
        effects = self._told(now, error, client_id)
        tens, rest = divmod(int(self._strikes), STRIKES_TO_PAUSE)
        if rest == 0:
            seconds = PAUSE_SECONDS * 2 ** (tens - 1)
            effects.append(Pause(seconds))
            self._struck_at += seconds  # in which nobody can tell what they send
        return effects

    def _told(self, now: float, error: RateLimited, client_id: str | None = None) -> list[Effect]:
        # A message must be told from its refusal; of the rest one refusal a second says it all.
        if client_id is None and now < self._refused_at + REFUSAL_INTERVAL_SECONDS:
            return []
        self._refused_at = now
        return [Refuse(error, client_id)]

    def _pay(self, price: float) -> None:
        for payer in (self._account, self._address):
            if payer is not None:
                payer.spend(price)


def _too_fast(wait: float) -> RateLimited:
    return RateLimited("limit", round(wait, 3), 0)


def _judge(draft: CheckedDraft, standing: Standing, now: float) -> Effect:
    """What becomes of a message under the rules of the room; raises as Standing does."""
    standing.check_voice(now)
    standing.check_pace(now)
    if standing.is_shadow(now):
        return Unheard(draft, held=False)
    held, content = standing.censor(draft.content)
    if held:
        return Unheard(draft, held=True)
    return Post(draft if content is draft.content else draft._replace(content=content))
