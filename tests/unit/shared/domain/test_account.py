from __future__ import annotations

import pytest

from shared.domain.account import SETTLE_SECONDS, TELL_SECONDS, Account
from shared.domain.budgets import Budget, Scope


@pytest.fixture
def owing() -> set[Account]:
    return set()


@pytest.fixture
def account(owing: set[Account]) -> Account:
    return Account(Scope.SESSION, "রাকিব", Budget(100, 10), owing, 0.0)


def test_what_was_spent_is_told_once(account: Account, owing: set[Account]) -> None:
    account.spend(1)
    account.spend(0.5)
    assert owing == {account}
    assert account.take(1.0) == 1.5
    assert owing == set()
    assert account.take(1.0) == 0


def test_who_spends_little_is_told_of_late_and_who_spends_much_at_once(account: Account) -> None:
    account.spend(1)
    assert not account.is_due(TELL_SECONDS - 0.1)
    assert account.is_due(TELL_SECONDS)
    account.spend(9)
    assert account.is_due(0.0)


def test_a_whole_burst_must_be_told_before_more_is_spent(account: Account) -> None:
    account.spend(99.9)
    assert account.wait(0.0) == 0
    account.spend(0.1)
    assert account.wait(0.0) == SETTLE_SECONDS
    account.take(0.0)
    assert account.wait(0.0) == 0


def test_a_new_account_has_nothing_to_wait_for_at_any_time(account: Account) -> None:
    assert account.wait(-1.0) == 0


def test_it_waits_as_long_as_it_was_told(account: Account) -> None:
    account.told(2.0, 10.0)
    assert account.wait(11.5) == 0.5
    assert account.wait(12.0) == 0


def test_a_dry_run_never_waits(owing: set[Account]) -> None:
    account = Account(Scope.ADDRESS, "a", Budget(10, 1, dry_run=True), owing, 0.0)
    account.spend(1000)
    account.told(60.0, 0.0)
    assert account.wait(0.0) == 0
    assert account.take(0.0) == 1000


def test_what_could_not_be_told_is_owed_but_keeps_nobody_waiting(
    account: Account, owing: set[Account]
) -> None:
    account.spend(20)
    account.not_told(account.take(0.0))
    assert account.owed == 20
    account.spend(250)
    account.not_told(account.take(0.0))
    assert account.owed == 50
    assert account.wait(0.0) == 0
    assert owing == {account}
