from __future__ import annotations

import asyncio

from ws_service.tick_end import TickEnd
from ws_service.tick_frames import TickFrames


async def test_all_frames_of_a_tick_go_out_together_to_each_kind_of_listener() -> None:
    taken: list[tuple[bytes, bytes]] = []
    tick = TickFrames(TickEnd(), lambda: taken.append(tick.take()))
    tick.add(b"message ")
    tick.add_list(b"list")
    tick.add_delta(b"delta")
    assert taken == []
    await asyncio.sleep(0)
    assert taken == [(b"message list", b"message delta")]


async def test_a_new_tick_begins_with_nothing() -> None:
    taken: list[tuple[bytes, bytes]] = []
    tick = TickFrames(TickEnd(), lambda: taken.append(tick.take()))
    tick.add(b"1")
    await asyncio.sleep(0)
    tick.add_list(b"2")
    await asyncio.sleep(0)
    assert taken == [(b"1", b"1"), (b"2", b"")]
