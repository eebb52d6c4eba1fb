"""The frames of one event-loop tick in one room: they go out together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ws_service.tick_end import TickEnd


class TickFrames:
    """Two versions of the same tick: connections with `roster=delta` get deltas, no lists."""

    def __init__(self, tick_end: TickEnd, flush: Callable[[], None]) -> None:
        """`flush` is called at the end of the tick of the first frame."""
        self._tick_end = tick_end
        self._flush = flush
        self._lists: list[bytes] = []
        self._deltas: list[bytes] = []
        self._differ = False

    def add(self, frame: bytes) -> None:
        """For everybody."""
        self._begin()
        self._lists.append(frame)
        self._deltas.append(frame)

    def add_list(self, frame: bytes) -> None:
        """For those without deltas."""
        self._begin()
        self._differ = True
        self._lists.append(frame)

    def add_delta(self, frame: bytes) -> None:
        """For those with deltas."""
        self._begin()
        self._differ = True
        self._deltas.append(frame)

    def take(self) -> tuple[bytes, bytes]:
        """Everything so far, for those without and with deltas; nothing is left."""
        lists = b"".join(self._lists)
        deltas = b"".join(self._deltas) if self._differ else lists
        self._differ = False
        self._lists.clear()
        self._deltas.clear()
        return lists, deltas

    def _begin(self) -> None:
        if not self._lists and not self._deltas:
            self._tick_end.write_room(self._flush)
