from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from shared.domain.moderation import (
    Role,
    Sanction,
    SanctionKind,
    Sanctions,
    SubjectKind,
    Who,
    no_address,
)
from shared.domain.room_rules import Law, RoomRules
from shared.domain.word_filter import WordRule, compile_filter
from shared.domain.word_index import WordAction
from shared.limits.ledger import Ledger
from shared.protocol.errors import ChatError, ErrorCode, Forbidden, SlowedDown, ValidationFailed
from ws_service.guards import (
    ADAPTIVE_SECONDS,
    RENAME_BURST,
    RENAMES_PER_SECOND,
    TYPING_BURST,
    TYPING_PER_SECOND,
    Guard,
)
from ws_service.standing import Standing

if TYPE_CHECKING:
    from shared.limits.buckets import Buckets

ROOM = UUID(int=7)
USER = str(uuid4())


class Clock:
    """Stands still."""

    def micros(self) -> int:
        return 0

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def guard() -> Guard:
    return Guard(ROOM, None, 5, lambda _: None)


@pytest.fixture
def standing(guard: Guard, unasked: Buckets) -> Standing:
    return Standing(guard, Ledger(unasked, Clock()), Who(USER, "রাকিব", no_address))


@pytest.fixture
def unasked() -> Buckets:
    """Accounts are opened here and never settled."""
    return None  # type: ignore[return-value]


def sanctioned(kind: SanctionKind, until: int | None = None) -> Law:
    made = Sanction(uuid4(), kind, SubjectKind.USER, USER, until)
    return Law(RoomRules(sanctions=Sanctions.of([made])))


def test_who_is_muted_may_not_speak_until_it_ends(guard: Guard, standing: Standing) -> None:
    guard.take(sanctioned(SanctionKind.MUTE, until=60_000_000))
    assert standing.work_out(Role.NOBODY, 0, 100.0) is None
    with pytest.raises(Forbidden) as refused:
        standing.check_voice(130.0)
    assert (refused.value.code, refused.value.retry_after) == (ErrorCode.MUTED, 30.0)
    assert standing.is_silent(130.0)
    standing.check_voice(160.0)
    assert not standing.is_silent(160.0)


def test_who_is_muted_for_good_is_told_no_time(guard: Guard, standing: Standing) -> None:
    guard.take(sanctioned(SanctionKind.MUTE))
    standing.work_out(Role.NOBODY, 0, 100.0)
    with pytest.raises(Forbidden) as refused:
        standing.check_voice(1e12)
    assert refused.value.retry_after is None


def test_a_shadow_may_speak_and_is_not_heard(guard: Guard, standing: Standing) -> None:
    guard.take(sanctioned(SanctionKind.SHADOW_MUTE))
    standing.work_out(Role.NOBODY, 0, 0.0)
    standing.check_voice(1.0)
    assert standing.is_shadow(1.0)
    assert standing.is_silent(1.0)


@pytest.mark.parametrize("role", [Role.NOBODY, Role.MODERATOR])
def test_a_ban_is_told_to_whom_it_is_about(guard: Guard, standing: Standing, role: Role) -> None:
    guard.take(sanctioned(SanctionKind.BAN))
    assert standing.work_out(role, 0, 0.0) is not None


def test_a_ban_of_names_does_not_meet_staff(guard: Guard, standing: Standing) -> None:
    made = Sanction(uuid4(), SanctionKind.BAN, SubjectKind.NAME, "রাকিব", None)
    guard.take(Law(RoomRules(sanctions=Sanctions.of([made]))))
    assert standing.work_out(Role.NOBODY, 0, 0.0) is not None
    assert standing.work_out(Role.MODERATOR, 0, 0.0) is None


def test_slow_mode_lets_one_message_through_at_a_time(guard: Guard, standing: Standing) -> None:
    guard.take(Law(RoomRules(slow_seconds=30)))
    standing.check_pace(0.0)
    with pytest.raises(SlowedDown) as refused:
        standing.check_pace(10.0)
    assert refused.value.retry_after == 20.0
    guard.take(Law())
    standing.check_pace(10.0)


def test_a_room_that_runs_hot_is_slow_for_a_minute_after(guard: Guard, standing: Standing) -> None:
    standing.check_pace(0.0)
    assert guard.slow_seconds(0.0) == 0
    standing.heat_room(1.0)
    standing.check_pace(1.0)
    assert guard.slow_seconds(1.0) == 5
    with pytest.raises(SlowedDown):
        standing.check_pace(2.0)
    assert guard.slow_seconds(1.0 + ADAPTIVE_SECONDS) == 0


@pytest.mark.parametrize(("people", "seconds"), [(3, 5), (400, 20), (100_000, 60)])
def test_in_a_crowd_slow_mode_is_slower(people: int, seconds: int) -> None:
    guard = Guard(ROOM, None, 5, lambda _: None, range(people))
    guard.heat(1.0)
    assert guard.slow_seconds(1.0) == seconds


def test_staff_speak_as_fast_as_they_like(guard: Guard, standing: Standing) -> None:
    guard.take(Law(RoomRules(slow_seconds=30)))
    standing.work_out(Role.OWNER, 0, 0.0)
    for _ in range(3):
        standing.check_pace(0.0)


@pytest.mark.parametrize(
    ("action", "held", "shown"),
    [(WordAction.MASK, False, False), (WordAction.HOLD, True, True)],
)
def test_unwanted_words_are_masked_or_held(
    guard: Guard, standing: Standing, action: WordAction, *, held: bool, shown: bool
) -> None:
    guard.take(Law(RoomRules(words=compile_filter([WordRule("বোকা", action)]))))
    waits, content = standing.censor("তুমি বোকা")
    assert (waits, "বোকা" in content) == (held, shown)
    assert standing.censor("তুমি ভালো") == (False, "তুমি ভালো")


def test_a_word_that_is_blocked_is_refused_in_messages_and_any_in_names(
    guard: Guard, standing: Standing
) -> None:
    guard.take(Law(RoomRules(words=compile_filter([WordRule("বোকা", WordAction.BLOCK)]))))
    with pytest.raises(ChatError) as refused:
        standing.censor("তুমি বোকা")
    assert refused.value.code is ErrorCode.WORDS_REFUSED
    with pytest.raises(ValidationFailed):
        standing.check_name("বোকা")
    standing.work_out(Role.MODERATOR, 0, 0.0)
    assert standing.censor("তুমি বোকা") == (False, "তুমি বোকা")
    standing.check_name("বোকা")


def test_of_all_who_type_in_a_room_so_many_are_shown_in_a_second(
    guard: Guard, standing: Standing
) -> None:
    shown = sum(standing.may_show_typing(0.0) for _ in range(1000))
    assert shown == TYPING_BURST
    assert not guard.may_show_typing(0.0)
    shown = sum(standing.may_show_typing(1.0) for _ in range(1000))
    assert shown == TYPING_PER_SECOND


def test_a_room_takes_only_so_many_new_names_at_once_but_those_of_staff(
    standing: Standing,
) -> None:
    waits = [standing.wait_to_rename(0.0) for _ in range(int(RENAME_BURST) + 1)]
    assert waits[:-1] == [0.0] * int(RENAME_BURST)
    assert waits[-1] == pytest.approx(1 / RENAMES_PER_SECOND)
    standing.work_out(Role.MODERATOR, 0, 0.0)
    assert standing.wait_to_rename(0.0) == 0.0
