"""Leads one session through whatever may happen, and checks at each step what must always hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from tests.abuse.fuzz.seeds import FRAMES

from shared.domain.account import Account
from shared.domain.budgets import Budget, Scope
from shared.domain.messages import normalise_content
from shared.domain.moderation import (
    Role,
    Sanction,
    SanctionKind,
    Sanctions,
    SubjectKind,
    Who,
    no_address,
)
from shared.domain.names import normalise_color, normalise_username
from shared.domain.reserved_names import ReservedNames
from shared.domain.room_rules import Law, RoomRules
from shared.domain.word_filter import WordRule, compile_filter
from shared.domain.word_index import WordAction
from shared.limits.ledger import Ledger
from shared.protocol.close_codes import CloseCode
from shared.protocol.errors import ChatError
from ws_service import wire
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
from ws_service.guards import Guard
from ws_service.session import (
    FLOOD_STRIKES,
    PAUSE_SECONDS,
    TYPING_INTERVAL_SECONDS,
    Allowance,
    Session,
)
from ws_service.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOM: Final = UUID(int=7)
USER: Final = str(UUID(int=8))
RATE: Final = 5.0
PAUSES: Final = (0.0, 0.01, 0.3, 1.0, 2.6, 5.0, 61.0)
"""Seconds; around all bounds that a session knows."""
MICROS: Final = 1_000_000
MOMENT: Final = 1000
"""Microseconds; clocks of two kinds agree to less than that."""
WORDS: Final = compile_filter(
    [
        WordRule("মাস্ক", WordAction.MASK),
        WordRule("hold", WordAction.HOLD),
        WordRule("block", WordAction.BLOCK),
    ]
)

NEVER_ASKED: Final[Any] = None
"""Redis: accounts are settled by the driver."""


class StillClock:
    """Accounts ask it when they are opened; sessions are told the time."""

    def micros(self) -> int:
        return 0

    def monotonic(self) -> float:
        return 0.0


def _sanctions(kind: SanctionKind, until: int | None) -> Sanctions:
    return Sanctions.of([Sanction(UUID(int=9), kind, SubjectKind.USER, USER, until)])


class SessionDriver:
    """One connection of one user, in a room whose staff change their minds."""

    def __init__(self, burst: float = 20.0) -> None:
        self.now = 0.0
        self.closed = False
        self._guard = Guard(ROOM, None, 5, lambda _: None)
        self._standing = Standing(
            self._guard,
            Ledger(NEVER_ASKED, StillClock()),
            Who(USER, "রাকিব", no_address),
        )
        owing: set[Account] = set()
        self._payers = (
            Account(Scope.SESSION, USER, Budget(120, 20), owing, 0.0),
            Account(Scope.ADDRESS, "x", Budget(500, 50), owing, 0.0),
        )
        self._room = Account(Scope.ROOM, str(ROOM), Budget(60, 20), owing, 0.0)
        self._burst = burst
        self._session = Session(
            Allowance(0.0, burst=burst, rate=RATE),
            *self._payers,
            self._room,
            ReservedNames(["admin*"]),
            self._standing,
        )
        self._obeyed = 0
        self._typing_told_at = -TYPING_INTERVAL_SECONDS
        self._posted_at = float("-inf")
        self._slow = 0

    # ------------------------------------------------------------------ steps

    def step(self, line: bytes) -> None:
        """One step as bytes: what it is, how long before it nothing happened, and a text."""
        kind, pause, text = line[:1], line[1:2], line[2:].decode("utf-8", "replace")
        self.wait(PAUSES[(pause[0] if pause else 0) % len(PAUSES)])
        if kind == b"f" and text.isdecimal():
            self.receive(FRAMES[int(text[:6]) % len(FRAMES)])
        elif kind == b"b":
            self.receive_binary()
        elif kind == b"t":
            self.tick()
        elif kind == b"s":
            self.settle()
        elif kind == b"l":
            self.rule(pause[0] if pause else 0)
        else:
            self.receive(text)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    def receive(self, text: str) -> None:
        """A text frame comes."""
        if not self.closed:
            self._check(self._session.receive(text, self.now))

    def receive_binary(self) -> None:
        """Bytes come."""
        if not self.closed:
            self._check(self._session.refuse_binary(self.now))

    def tick(self) -> None:
        """The replica's clock ticks."""
        if not self.closed:
            needed = self._session.needs_ticks
            told = self._session.tick(self.now)
            assert needed or not told
            self._check(list(told))

    def settle(self) -> None:
        """Redis has answered: who has spent too much has to wait a second."""
        for account in (*self._payers, self._room):
            owed = account.take(self.now)
            account.told(1.0 if owed > account.budget.burst / 2 else 0.0, self.now)

    def rule(self, choice: int) -> None:
        """Staff decide something, for ten seconds or until they decide otherwise."""
        micros = int(self.now * MICROS)
        until = None if choice & 0x10 else micros + 10 * MICROS
        muted = _sanctions(SanctionKind.MUTE, until)
        shadowed = _sanctions(SanctionKind.SHADOW_MUTE, until)
        rules = (
            RoomRules(),
            RoomRules(sanctions=muted),
            RoomRules(sanctions=shadowed),
            RoomRules(words=WORDS),
            RoomRules(slow_seconds=3),
            RoomRules(slow_seconds=30, words=WORDS, sanctions=shadowed),
            RoomRules(locked=True, notice="x"),
        )
        self._guard.take(Law(rules[choice % len(rules)]))
        if choice & 0x40:
            self._guard.heat(self.now)
        self._standing.work_out(Role.MODERATOR if choice & 0x20 else Role.NOBODY, micros, self.now)

    def end(self) -> None:
        """The connection is gone."""
        told = self._session.end()
        assert told in ([], [Typing(typing=False)])
        assert self._session.end() == []
        assert not self._session.needs_ticks

    # ------------------------------------------------------------------ what must hold

    @property
    def _micros(self) -> int:
        return int(self.now * MICROS)

    @property
    def _law(self) -> Law:
        return self._guard.law.binding(self._standing.role)

    def _muted(self) -> bool:
        """For a moment yet."""
        return bool(self._law.mute_of(self._standing.who, self._micros + MOMENT))

    def _shadowed(self, later: int = MOMENT) -> bool:
        """For a moment yet; `-MOMENT`: until a moment ago, or still."""
        return bool(self._law.shadow_of(self._standing.who, self._micros + later))

    def _check(self, effects: Sequence[Effect]) -> None:
        assert len(effects) <= 2
        for effect in effects:
            getattr(self, f"_check_{type(effect).__name__.lower()}")(effect)
        assert self._obeyed <= self._burst + RATE * self.now + 1e-3

    def _check_post(self, effect: Post) -> None:
        draft = effect.draft
        self._obeyed += 1
        assert not self._muted()
        assert not self._shadowed()
        shown = normalise_content(draft.content)
        assert shown is not None
        assert draft.message_type == "text" or draft.file_url is not None
        assert draft.client_id is None or 0 < len(draft.client_id) <= 64
        assert draft.reply_to is None or str(UUID(draft.reply_to)) == draft.reply_to
        action, _ = self._law.censor(draft.content)
        assert action not in {WordAction.BLOCK, WordAction.HOLD}
        if not self._standing.role.is_staff:
            self._check_pace()

    def _check_pace(self) -> None:
        slow = self._guard.slow_seconds(self.now)
        if slow and slow == self._slow:
            assert self.now - self._posted_at >= slow - 1e-6
        self._posted_at, self._slow = self.now, slow

    def _check_unheard(self, effect: Unheard) -> None:
        self._obeyed += 1
        assert not self._muted()
        assert effect.held or self._shadowed(-MOMENT)
        assert normalise_content(effect.draft.content) == effect.draft.content

    def _check_typing(self, effect: Typing) -> None:
        assert self.now - self._typing_told_at >= TYPING_INTERVAL_SECONDS - 1e-9
        self._typing_told_at = self.now
        assert not (effect.typing and (self._muted() or self._shadowed()))

    def _check_rename(self, effect: Rename) -> None:
        assert effect.username is not None or effect.color is not None
        assert not self._muted()
        assert not self._shadowed()
        if effect.username is not None:
            assert normalise_username(effect.username) == effect.username
            assert "admin" not in effect.username.lower().split()
        if effect.color is not None:
            assert normalise_color(effect.color) == effect.color

    def _check_fetch(self, effect: Fetch) -> None:
        assert 1 <= effect.limit <= 100
        assert effect.before is None or effect.after is None

    def _check_pong(self, effect: Pong) -> None:
        orjson.dumps(effect.t)

    def _check_refuse(self, effect: Refuse) -> None:
        assert isinstance(effect.error, ChatError)
        assert effect.client_id is None or len(effect.client_id) <= 64
        for language in ("bn", "en"):
            frame = wire.error_frame(effect.error, language, self._micros, 0.5, effect.client_id)
            told: dict[str, Any] = orjson.loads(frame[frame.index(b"{") :])
            assert told["type"] == "error"
            assert told["message"]
            assert told["code"] == effect.error.code.value

    def _check_pause(self, effect: Pause) -> None:
        assert PAUSE_SECONDS <= effect.seconds <= 8 * PAUSE_SECONDS

    def _check_close(self, effect: Close) -> None:
        assert effect.code is CloseCode.FLOOD
        self.closed = True

    def assert_flood_ends(self) -> None:
        """Whoever only floods from now on is cut off soon."""
        for _ in range(2 * FLOOD_STRIKES + int(self._burst) + 60):
            self.receive('{"type":"ping"}')
        assert self.closed
