"""Answers that are kept for the next who ask, bounded in number, in bytes and in time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from api_service.reads.shared_answers import SharedAnswers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable

    from shared.runtime.clock import Clock

Answer = TypeVar("Answer")

MOST_ENTRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Answer]):
    answer: Answer
    stamp: Hashable
    asked_at: float
    size: int


class KeptAnswers(Generic[Answer]):
    """The newest answer by key; the one that was not used for longest is dropped first.

    A stamp says what an answer holds of: one with another stamp is asked for anew, so who knows by
    the stamp that something changed never gets what was before. For the event loop's thread alone.
    """

    def __init__(
        self,
        what: str,
        clock: Clock,
        *,
        seconds: float,
        most_bytes: int,
        size_of: Callable[[Answer], int],
        most_entries: int = MOST_ENTRIES,
    ) -> None:
        """Answers are as old as `seconds` at most, counted from when they were asked for."""
        self._shared = SharedAnswers[Answer](what)
        self._now = clock.monotonic
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._most_entries = most_entries
        self._size_of = size_of
        self._kept: OrderedDict[Hashable, _Kept[Answer]] = OrderedDict()
        self.size = 0
        """Bytes of what is kept."""

    def __len__(self) -> int:
        """Answers that are kept."""
        return len(self._kept)

    async def get(
        self,
        key: Hashable,
        stamp: Hashable,
        ask: Callable[[], Coroutine[None, None, Answer]],
    ) -> Answer:
        """The answer to `key` as of `stamp`: the kept one, or that of `ask`; raises what it raises.

        Failures are not kept.
        """
        kept = self._fresh(key, stamp)
        if kept is not None:
            return kept.answer

        async def ask_and_keep() -> Answer:
            kept = self._fresh(key, stamp)  # by the question that this one had to wait for
            if kept is not None:
                return kept.answer
            asked_at = self._now()
            answer = await ask()
            self._keep(key, _Kept(answer, stamp, asked_at, self._size_of(answer)))
            return answer

        return await self._shared.get((key, stamp), ask_and_keep)

    def _fresh(self, key: Hashable, stamp: Hashable) -> _Kept[Answer] | None:
        kept = self._kept.get(key)
        if kept is None or kept.stamp != stamp or self._now() - kept.asked_at >= self._seconds:
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: Hashable, kept: _Kept[Answer]) -> None:
        self._drop(key)
        if kept.size > self._most_bytes:
            return
        self._kept[key] = kept
        self.size += kept.size
        while self.size > self._most_bytes or len(self._kept) > self._most_entries:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size -= kept.size
