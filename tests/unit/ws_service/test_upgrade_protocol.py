from __future__ import annotations

import asyncio

import pytest
from tests.patience import eventually

from ws_service import upgrade_protocol
from ws_service.upgrade_protocol import MOST_SUSPECTS, SUSPECTS_REST_SECONDS, Lanes


class Newcomer:
    """Who notes that they were let in."""

    def __init__(self) -> None:
        self.is_in = False

    def take_turn(self) -> bool:
        self.is_in = True
        return False

    def give_up(self) -> None:
        raise AssertionError("nothing has failed")


async def test_newcomers_are_let_in_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade_protocol, "NEWCOMERS_REST_SECONDS", 0.05)
    lanes = Lanes()
    newcomers = [Newcomer() for _ in range(3)]
    assert [lanes.wait(each, suspect=False) for each in newcomers] == [0.0] * 3
    await asyncio.sleep(0)
    assert [each.is_in for each in newcomers] == [True, False, False]
    await eventually(lambda: newcomers[-1].is_in)


async def test_suspects_wait_for_each_other_and_hold_up_nobody_else() -> None:
    lanes = Lanes()
    for _ in range(MOST_SUSPECTS):
        assert lanes.wait(Newcomer(), suspect=True) == 0.0
    assert lanes.wait(Newcomer(), suspect=True) == MOST_SUSPECTS * SUSPECTS_REST_SECONDS
    newcomer = Newcomer()
    assert lanes.wait(newcomer, suspect=False) == 0.0
    await asyncio.sleep(0)
    assert newcomer.is_in
