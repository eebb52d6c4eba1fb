"""Questions that many have at the same time, asked once for all who came before it was asked.

Nobody gets an answer to a question that was asked before they came: what they know to have happened
(their own message was acknowledged, say) is in it. So this is no cache, and nothing can be stale.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable

Answer = TypeVar("Answer")


class SharedAnswers(Generic[Answer]):
    """By key one question under way and one that waits for it; who comes meanwhile joins that.

    For the event loop's thread alone. Bounded by the requests that are open.
    """

    def __init__(self, what: str) -> None:
        """`what` names the tasks."""
        self._what = what
        self._waiting: dict[Hashable, asyncio.Task[Answer]] = {}
        self._under_way: dict[Hashable, asyncio.Task[Answer]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Coroutine[None, None, Answer]]) -> Answer:
        """The answer of a question that begins from now on; raises what it raises."""
        task = self._waiting.get(key)
        if task is None:
            before = self._under_way.get(key)
            task = asyncio.get_running_loop().create_task(
                self._ask(key, before, ask), name=self._what
            )
            self._waiting[key] = task
            task.add_done_callback(_look_at_failure)
        # Many may wait for one answer; none of them may end it for the others.
        return await asyncio.shield(task)

    async def _ask(
        self,
        key: Hashable,
        before: asyncio.Task[Answer] | None,
        ask: Callable[[], Coroutine[None, None, Answer]],
    ) -> Answer:
        try:
            if before is not None:
                await asyncio.wait([before])
        finally:
            task = self._waiting.pop(key)
        self._under_way[key] = task
        try:
            return await ask()
        finally:
            del self._under_way[key]


def _look_at_failure(task: asyncio.Task[Answer]) -> None:
    if not task.cancelled():
        task.exception()  # told to those who wait; they may all have left
