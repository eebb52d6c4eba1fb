"""The answer to `history`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.usecases.read_history import PAGE_BYTES, within_bytes
from ws_service import wire

if TYPE_CHECKING:
    from uuid import UUID

    from shared.usecases.read_history import HistoryReader
    from ws_service.effects import Fetch


async def fetched_frame(
    history: HistoryReader, room: UUID, effect: Fetch, most_bytes: int
) -> bytes:
    """A part of the room's history, oldest first; raises as `history`.

    In at most `most_bytes` and PAGE_BYTES: then there is more, and the page ends before that.
    """
    most_bytes = min(most_bytes, PAGE_BYTES)
    if effect.after is not None:
        page = await history.after(room, effect.after, effect.limit)
        messages = within_bytes(page.messages, most_bytes)
    else:
        page = await history.before(room, effect.before, effect.limit)
        messages = within_bytes(page.messages, most_bytes)[::-1]
    has_more = page.has_more or len(messages) < len(page.messages)
    return wire.history_frame(messages, has_more=has_more)
