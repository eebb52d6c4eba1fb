from __future__ import annotations

from typing import TYPE_CHECKING

from tests.abuse.bans import measure

if TYPE_CHECKING:
    from local_stack.stack import Stack


async def test_how_soon_a_ban_is_felt_can_be_measured(moderated: Stack) -> None:
    assert len(await measure(moderated, rounds=2, crowd_size=4)) == 4
