"""Look-ups of single things that many want at the same time, asked for together.

One by one, a thousand strangers who arrive at once are a thousand questions to a few connections,
and most of them come too late; together they are a handful.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

Key = TypeVar("Key")
Found = TypeVar("Found")

MOST_AT_ONCE: Final = 500
"""Look-ups in one question."""


class LookupBatcher(Generic[Key, Found]):
    """One question is under way; what is wanted meanwhile goes with the next.

    For the event loop's thread alone. Its line is as long as its callers are many, and those are
    bounded elsewhere: connections of a replica, requests of an api.
    """

    def __init__(
        self, what: str, ask: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Found]]]
    ) -> None:
        """`ask` has each key once and leaves out what is not there; `what` names its task."""
        self._what = what
        self._ask = ask
        self._wanted: dict[Key, asyncio.Future[Found | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def find(self, key: Key) -> Found | None:
        """What `key` stands for, None if there is nothing; raises what the question raised."""
        loop = asyncio.get_running_loop()
        future = self._wanted.get(key)
        if future is None:
            future = self._wanted[key] = loop.create_future()
        if self._asking is None:
            self._asking = loop.create_task(self._ask_all(), name=self._what)
        # Many may wait for one answer; none of them may end it for the others.
        return await asyncio.shield(future)

    async def _ask_all(self) -> None:
        try:
            while self._wanted:
                keys = list(self._wanted)[:MOST_AT_ONCE]
                await self._ask_for({key: self._wanted.pop(key) for key in keys})
        finally:
            self._asking = None

    async def _ask_for(self, waiting: Mapping[Key, asyncio.Future[Found | None]]) -> None:
        try:
            found = await self._ask(list(waiting))
        except Exception as error:  # noqa: BLE001 - handed to each who waits and knows what to do
            for future in waiting.values():
                future.set_exception(error)
                future.exception()  # all who waited may have left
        else:
            for key, future in waiting.items():
                future.set_result(found.get(key))
