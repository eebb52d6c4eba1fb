from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from shared.limits.ledger import Ledger
from shared.protocol.errors import ChatError, ErrorCode
from ws_service import tabs
from ws_service.session import FLOOD_STRIKES, RENAME_BURST, SUSPECT_STRIKES
from ws_service.settings import WsSettings
from ws_service.tabs import REMEMBERED_SECONDS, TabsByUser

if TYPE_CHECKING:
    from shared.limits.buckets import Buckets

RAKIB, KARIM = UUID(int=1), UUID(int=2)


class Clock:
    """Stands still."""

    def micros(self) -> int:
        return 0

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def unasked() -> Buckets:
    """Accounts are opened here and never settled."""
    return None  # type: ignore[return-value]


@pytest.fixture
def users(unasked: Buckets) -> TabsByUser:
    return TabsByUser(WsSettings(max_tabs=2), Ledger(unasked, Clock()))


def names_left(users: TabsByUser, user: UUID, now: float) -> int:
    """Comes, takes new names as long as that is allowed, and goes; returns how many."""
    allowance = users.take_place(user, now, suspect=False).allowance
    count = 0
    while allowance.wait_to_rename(now, None) <= 0:
        count += 1
    users.give_back(user, now)
    return count


def test_all_tabs_of_a_user_share_what_the_user_may_do(users: TabsByUser) -> None:
    one, other = [users.take_place(RAKIB, 0.0, suspect=False) for _ in range(2)]
    assert one is other
    with pytest.raises(ChatError) as refused:
        users.take_place(RAKIB, 0.0, suspect=False)
    assert refused.value.code is ErrorCode.TOO_MANY_CONNECTIONS
    for left in (True, False):
        users.give_back(RAKIB, 0.0)
        assert (RAKIB in users) is left
    assert len(users) == 0


def test_who_goes_and_comes_back_has_no_more_new_names_by_that(users: TabsByUser) -> None:
    assert names_left(users, RAKIB, 0.0) == RENAME_BURST
    assert names_left(users, RAKIB, 1.0) == 0
    assert names_left(users, KARIM, 1.0) == RENAME_BURST
    assert names_left(users, RAKIB, 1.0 + REMEMBERED_SECONDS) == RENAME_BURST


def test_who_took_no_new_name_is_not_remembered(users: TabsByUser) -> None:
    before = users.take_place(RAKIB, 0.0, suspect=False)
    users.give_back(RAKIB, 0.0)
    again = users.take_place(RAKIB, 0.0, suspect=True)
    assert again.allowance is not before.allowance
    assert again.allowance.most_strikes == SUSPECT_STRIKES


def test_who_is_remembered_is_judged_anew_by_where_they_come_from(users: TabsByUser) -> None:
    before = users.take_place(RAKIB, 0.0, suspect=True).allowance
    before.wait_to_rename(0.0, None)
    users.give_back(RAKIB, 0.0)
    assert users.take_place(RAKIB, 0.0, suspect=False).allowance is before
    assert before.most_strikes == FLOOD_STRIKES


def test_only_so_many_are_remembered(users: TabsByUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs, "MOST_REMEMBERED", 1)
    for user in (RAKIB, KARIM):
        names_left(users, user, 0.0)
    assert [names_left(users, user, 0.0) for user in (KARIM, RAKIB)] == [0, RENAME_BURST]
